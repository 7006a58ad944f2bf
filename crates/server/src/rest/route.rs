//! Which call a method and a path mean.

use http::Method;
use sir0_contract::{Call, Field, Rest, Segment};

use super::answer::Refused;

/// A call found by its path.
pub(super) struct Route<'path> {
    pub(super) call: &'static Call,
    pub(super) rest: &'static Rest,
    /// The fields that the path holds, as they stand in it.
    pub(super) variables: Variables<'path>,
}

/// At most one: no path of the contract has more.
pub(super) type Variables<'path> = Option<(&'static Field, &'path str)>;

/// Finds the call among these, or says whether the path or only the method is unknown. A template without variables
/// goes before one with: `/api/users/login` is never the user `login`, whatever the method.
pub(super) fn find<'path>(
    calls: &[&'static Call],
    method: &Method,
    path: &'path str,
) -> Result<Route<'path>, Refused> {
    let verb = if method == Method::HEAD { "GET" } else { method.as_str() };
    let Some(parts) = Parts::of(path) else { return Err(Refused::NO_SUCH_PATH) };
    let mut found = None;
    let mut allowed = Vec::new();
    let mut is_literal = false;
    for &call in calls {
        let Some(rest) = &call.rest else { continue };
        let Some(variables) = parts.fit(rest) else { continue };
        match (variables.is_none(), is_literal) {
            (false, true) => continue,
            (true, false) => (found, allowed, is_literal) = (None, Vec::new(), true),
            (true, true) | (false, false) => {}
        }
        if rest.verb == verb {
            found = Some(Route { call, rest, variables });
        } else {
            allowed.push(rest.verb);
        }
    }
    match found {
        Some(route) => Ok(route),
        None if allowed.is_empty() => Err(Refused::NO_SUCH_PATH),
        None => Err(Refused::wrong_method(&allowed)),
    }
}

/// No template has more; a test sees to it.
const MOST_SEGMENTS: usize = 4;

/// A path, cut once and held against every template.
struct Parts<'path> {
    segments: [&'path str; MOST_SEGMENTS],
    count: usize,
}

impl<'path> Parts<'path> {
    fn of(path: &'path str) -> Option<Self> {
        let mut parts = Self { segments: [""; MOST_SEGMENTS], count: 0 };
        for segment in path.strip_prefix('/')?.split('/') {
            *parts.segments.get_mut(parts.count)? = segment;
            parts.count += 1;
        }
        Some(parts)
    }

    fn fit(&self, rest: &'static Rest) -> Option<Variables<'path>> {
        if rest.segments.len() != self.count {
            return None;
        }
        let mut variables = None;
        for (index, (segment, &part)) in rest.segments.iter().zip(&self.segments).enumerate() {
            let part = match rest.custom_verb {
                Some(custom) if index + 1 == self.count => {
                    part.strip_suffix(custom)?.strip_suffix(':')?
                }
                _ => part,
            };
            match segment {
                Segment::Literal(literal) if *literal == part => {}
                Segment::Literal(_) => return None,
                Segment::Variable(_) if part.is_empty() => return None,
                Segment::Variable(field) => variables = Some((field, part)),
            }
        }
        Some(variables)
    }
}

#[cfg(test)]
mod tests {
    use sir0_contract::CALLS;

    use super::*;
    use crate::{Parts, parts::Part};

    #[test]
    fn a_path_leads_to_the_call_whose_template_it_fits() {
        let calls = Parts::ALL.calls();
        let found = |method: Method, path: &'static str| {
            find(&calls, &method, path).map(|route| route.call.name).ok()
        };

        assert_eq!(found(Method::GET, "/api/games"), Some("ListGames"));
        assert_eq!(found(Method::HEAD, "/api/games/7"), Some("GetGame"));
        assert_eq!(found(Method::GET, "/api/games:watch"), Some("WatchGames"));
        assert_eq!(found(Method::PUT, "/api/users/7"), Some("UpdateUser"));
        assert_eq!(found(Method::POST, "/api/users/login"), Some("Login"));
        assert_eq!(found(Method::PUT, "/api/users/login"), None, "no user is called `login`");
        for nowhere in [
            "/api/games/",
            "/api/games/7/8",
            "/api//games",
            "/api/games/../users/7",
            "api/games",
            "/",
        ] {
            assert_eq!(found(Method::GET, nowhere), None, "{nowhere}");
        }
    }

    #[test]
    fn the_paths_of_services_that_run_elsewhere_are_unknown_whatever_the_method() {
        let calls = Parts::only(Part::Storefront).calls();

        assert!(find(&calls, &Method::GET, "/api/games/7").is_ok());
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let refused = find(&calls, &method, "/api/users/login").err().expect("nothing there");
            assert_eq!(refused.into_response().status(), 404, "{method}");
        }
    }

    #[test]
    fn no_two_calls_share_a_path_and_every_template_has_room() {
        let rests = CALLS.iter().filter_map(|call| call.rest.as_ref());
        let mut seen = std::collections::HashSet::new();
        for rest in rests {
            let variables =
                rest.segments.iter().filter(|segment| matches!(segment, Segment::Variable(_)));

            assert!(variables.count() <= 1, "{}: Variables holds one", rest.template);
            assert!(rest.segments.len() <= MOST_SEGMENTS, "{}: Parts holds fewer", rest.template);
            assert!(
                seen.insert((rest.verb, rest.template)),
                "{} {} is taken",
                rest.verb,
                rest.template
            );
        }
    }
}
