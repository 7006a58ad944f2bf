//! Which call a method and a path mean.

use std::borrow::Cow;

use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sir0_contract::{CALLS, Call, Field, Rest, Segment};

use super::answer::Refused;

/// A call found by its path.
pub(super) struct Route<'path> {
    pub(super) call: &'static Call,
    pub(super) rest: &'static Rest,
    /// The field that the path holds, without escapes. No path of the contract has more than one.
    variable: Option<(&'static Field, Cow<'path, str>)>,
    /// Whether something in the path was escaped.
    is_escaped: bool,
}

/// A field that a path holds, and what it says.
pub(super) type Variable<'route> = Option<(&'static Field, &'route str)>;

impl Route<'_> {
    pub(super) fn variable(&self) -> Variable<'_> {
        self.variable.as_ref().map(|(field, text)| (*field, &**text))
    }

    /// The path and the query as the transcoder is to read them: as they were sent, unless the path was escaped or the
    /// query had to be written anew.
    pub(super) fn target<'t>(
        &self,
        as_sent: &'t str,
        query: Option<&str>,
        anew: Option<&str>,
    ) -> Cow<'t, str> {
        if !self.is_escaped && anew.is_none() {
            return Cow::Borrowed(as_sent);
        }
        let mut target = String::new();
        for segment in self.rest.segments {
            target.push('/');
            match (segment, &self.variable) {
                (Segment::Literal(literal), _) => target.push_str(literal),
                (Segment::Variable(_), Some((_, text))) => {
                    target.extend(utf8_percent_encode(text, NON_ALPHANUMERIC));
                }
                (Segment::Variable(_), None) => {}
            }
        }
        for (mark, part) in [(':', self.rest.custom_verb), ('?', anew.or(query))] {
            if let Some(part) = part.filter(|part| !part.is_empty()) {
                target.push(mark);
                target.push_str(part);
            }
        }
        Cow::Owned(target)
    }
}

/// Finds the call, or says whether the path or only the method is unknown. A template without variables goes before
/// one with: `/api/users/login` is never the user `login`, whatever the method.
pub(super) fn find<'path>(method: &Method, path: &'path str) -> Result<Route<'path>, Refused> {
    let verb = if method == Method::HEAD { "GET" } else { method.as_str() };
    let Some(parts) = Parts::of(path) else { return Err(Refused::NO_SUCH_PATH) };
    let mut found = None;
    let mut allowed = Vec::new();
    let mut is_literal = false;
    for call in CALLS {
        let Some(rest) = &call.rest else { continue };
        let Some(Fit { held: variable }) = parts.fit(rest) else { continue };
        match (variable.is_none(), is_literal) {
            (false, true) => continue,
            (true, false) => (found, allowed, is_literal) = (None, Vec::new(), true),
            (true, true) | (false, false) => {}
        }
        if rest.verb == verb {
            found = Some((call, rest, variable));
        } else {
            allowed.push(rest.verb);
        }
    }
    match found {
        Some((call, rest, variable)) => {
            let is_escaped = parts.is_escaped;
            let variable = variable.map(|(field, index, end)| (field, parts.take(index, end)));
            Ok(Route { call, rest, variable, is_escaped })
        }
        None if allowed.is_empty() => Err(Refused::NO_SUCH_PATH),
        None => Err(Refused::wrong_method(&allowed)),
    }
}

/// No template has more segments; a test checks it.
const MOST_SEGMENTS: usize = 4;

/// A path, cut once and held against every template.
struct Parts<'path> {
    segments: [Cow<'path, str>; MOST_SEGMENTS],
    count: usize,
    is_escaped: bool,
}

/// A path that fits a template.
struct Fit {
    held: Option<Held>,
}

/// A field, the segment that holds it, and where in the segment it ends.
type Held = (&'static Field, usize, usize);

impl<'path> Parts<'path> {
    /// Cuts the path. Escapes are undone after that, so that `%2F` separates nothing.
    fn of(path: &'path str) -> Option<Self> {
        let is_escaped = path.contains('%');
        let segments = [const { Cow::Borrowed("") }; MOST_SEGMENTS];
        let mut parts = Self { segments, count: 0, is_escaped };
        for segment in path.strip_prefix('/')?.split('/') {
            let segment = if is_escaped { unescaped(segment) } else { segment.into() };
            *parts.segments.get_mut(parts.count)? = segment;
            parts.count += 1;
        }
        Some(parts)
    }

    fn take(self, index: usize, end: usize) -> Cow<'path, str> {
        match self.segments.into_iter().nth(index) {
            Some(Cow::Borrowed(text)) => Cow::Borrowed(&text[..end]),
            Some(Cow::Owned(mut text)) => {
                text.truncate(end);
                Cow::Owned(text)
            }
            None => Cow::Borrowed(""),
        }
    }

    /// What the path holds, if the path is one of these.
    fn fit(&self, rest: &'static Rest) -> Option<Fit> {
        if rest.segments.len() != self.count {
            return None;
        }
        let mut held = None;
        for (index, (segment, part)) in rest.segments.iter().zip(&self.segments).enumerate() {
            let part = match rest.custom_verb {
                Some(custom) if index + 1 == self.count => {
                    part.strip_suffix(custom)?.strip_suffix(':')?
                }
                _ => &**part,
            };
            match segment {
                Segment::Literal(literal) if *literal == part => {}
                Segment::Literal(_) => return None,
                Segment::Variable(_) if part.is_empty() => return None,
                Segment::Variable(field) => held = Some((field, index, part.len())),
            }
        }
        Some(Fit { held })
    }
}

/// A segment without its escapes. A segment whose escapes are no text stays as it is, and fits nothing.
fn unescaped(segment: &str) -> Cow<'_, str> {
    let decoded = percent_decode_str(segment).decode_utf8();
    decoded.unwrap_or(Cow::Borrowed(segment))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(method: &Method, path: &str) -> Option<&'static str> {
        find(method, path).map(|route| route.call.name).ok()
    }

    #[test]
    fn a_path_leads_to_the_call_whose_template_it_fits() {
        assert_eq!(found(&Method::GET, "/api/games"), Some("ListGames"));
        assert_eq!(found(&Method::HEAD, "/api/games/7"), Some("GetGame"));
        assert_eq!(found(&Method::GET, "/api/games:watch"), Some("WatchGames"));
        assert_eq!(found(&Method::PUT, "/api/users/7"), Some("UpdateUser"));
        assert_eq!(found(&Method::POST, "/api/users/login"), Some("Login"));
        assert_eq!(found(&Method::PUT, "/api/users/login"), None, "no user is called `login`");
        for nowhere in [
            "/api/games/",
            "/api/games/7/8",
            "/api//games",
            "/api/games/../users/7",
            "api/games",
            "/",
        ] {
            assert_eq!(found(&Method::GET, nowhere), None, "{nowhere}");
        }
    }

    #[test]
    fn what_is_escaped_is_what_it_stands_for() {
        let target = |path: &str, query, anew| {
            let route = find(&Method::GET, path).unwrap_or_else(|_| panic!("{path} is a path"));
            let target = route.target("as sent", query, anew).into_owned();
            (route.call.name, target)
        };

        assert_eq!(target("/api/g%61mes/%37", None, None), ("GetGame", "/api/games/7".to_owned()));
        assert_eq!(
            target("/api/games%3Awatch", Some("genre=a%20b"), None),
            ("WatchGames", "/api/games:watch?genre=a%20b".to_owned())
        );
        assert_eq!(
            target("/api/games", Some("_=1"), Some("")),
            ("ListGames", "/api/games".to_owned())
        );
        assert_eq!(target("/api/games", Some("q=%61"), None), ("ListGames", "as sent".to_owned()));
        assert_eq!(target("/api/games/a%2Fb", None, None).1, "/api/games/a%2Fb");
        for nowhere in ["/api%2Fgames", "/api/games%2F7", "/api/%2e%2e/games", "/%61pi/games%"] {
            assert_eq!(found(&Method::GET, nowhere), None, "{nowhere}");
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
