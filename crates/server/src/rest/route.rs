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

/// Finds the call, or says whether the path or only the method is unknown.
pub(super) fn find<'path>(method: &Method, path: &'path str) -> Result<Route<'path>, Refused> {
    let verb = if method == Method::HEAD { "GET" } else { method.as_str() };
    let mut allowed = Vec::new();
    for call in CALLS {
        let Some(rest) = &call.rest else { continue };
        let Some(variables) = matches(rest, path) else { continue };
        if rest.verb == verb {
            return Ok(Route { call, rest, variables });
        }
        allowed.push(rest.verb);
    }
    if allowed.is_empty() {
        Err(Refused::NO_SUCH_PATH)
    } else {
        Err(Refused::wrong_method(&allowed))
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
