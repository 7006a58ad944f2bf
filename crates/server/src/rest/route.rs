//! Which call a method and a path mean.

use http::Method;
use sir0_contract::{CALLS, Call, Field, Rest, Segment};

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

/// Finds the call, or says whether the path or only the method is unknown. A template without variables goes before
/// one with: `/api/users/login` is never the user `login`, whatever the method.
pub(super) fn find<'path>(method: &Method, path: &'path str) -> Result<Route<'path>, Refused> {
    let verb = if method == Method::HEAD { "GET" } else { method.as_str() };
    let mut found = None;
    let mut allowed = Vec::new();
    let mut is_literal = false;
    for call in CALLS {
        let Some(rest) = &call.rest else { continue };
        let Some(variables) = matches(rest, path) else { continue };
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

fn matches<'path>(rest: &'static Rest, path: &'path str) -> Option<Variables<'path>> {
    let path = path.strip_prefix('/')?;
    let path = match rest.custom_verb {
        Some(custom) => path.strip_suffix(custom)?.strip_suffix(':')?,
        None => path,
    };
    let mut variables = None;
    let mut parts = path.split('/');
    for segment in rest.segments {
        let part = parts.next()?;
        match segment {
            Segment::Literal(literal) if *literal == part => {}
            Segment::Literal(_) => return None,
            Segment::Variable(_) if part.is_empty() => return None,
            Segment::Variable(field) => variables = Some((field, part)),
        }
    }
    parts.next().is_none().then_some(variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_the_call_whose_template_it_fits() {
        let found = |method: Method, path: &'static str| {
            find(&method, path).map(|route| route.call.name).ok()
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
    fn no_two_calls_share_a_path_and_no_path_has_two_variables() {
        let rests = CALLS.iter().filter_map(|call| call.rest.as_ref());
        let mut seen = std::collections::HashSet::new();
        for rest in rests {
            let variables =
                rest.segments.iter().filter(|segment| matches!(segment, Segment::Variable(_)));

            assert!(variables.count() <= 1, "{}: Variables holds one", rest.template);
            assert!(
                seen.insert((rest.verb, rest.template)),
                "{} {} is taken",
                rest.verb,
                rest.template
            );
        }
    }
}
