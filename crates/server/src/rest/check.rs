//! A look at a REST request before it is decoded: every field that is unknown, doubled or of the wrong type is named at
//! once. The transcoder would stop at the first one, and often not name it.

use bytes::Bytes;
use http::HeaderValue;
use sir0_contract::Kind;
use sir0_rpc::{FieldReader, InvalidFields};

use super::{json, query, route::Route};

/// A request that was looked at. What the transcoder would not understand is written anew.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) query: Option<String>,
    pub(super) body: Option<Bytes>,
    /// How far the client came in a stream, as its query says.
    pub(super) last_event_ids: Vec<HeaderValue>,
}

/// Refuses what cannot become the request of the call.
pub(super) fn request(
    route: &Route<'_>,
    query: Option<&str>,
    body: &[u8],
    depth: usize,
) -> Result<Checked, InvalidFields> {
    let mut fields = FieldReader::default();
    if let Some((field, text)) = route.variable()
        && let Err(fault) = text_fits(&field.kind, text)
    {
        fields.fault(field.json, fault);
    }
    let query = query.map(|query| query::check(route, query, &mut fields)).unwrap_or_default();
    let body = if route.rest.body {
        json::check(route.call.request, route.variable(), body, depth, &mut fields)?
    } else {
        None
    };
    fields.finish()?;
    Ok(Checked { query: query.anew, body, last_event_ids: query.last_event_ids })
}

/// Whether a text of a path or a query fits the kind.
pub(super) fn text_fits(kind: &Kind, text: &str) -> Result<(), &'static str> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    match kind {
        Kind::Text => Ok(()),
        // Python writes `True`.
        Kind::Bool if is("true") || is("false") => Ok(()),
        Kind::Bool => Err("must be `true` or `false`"),
        // One spelling for each number: `+7` and `007` lead nowhere.
        Kind::Int32 if text.parse::<i32>().is_ok_and(|number| number.to_string() == text) => Ok(()),
        Kind::Int32 => Err(json::WHOLE_NUMBER),
        Kind::Double => text.parse::<f64>().map(drop).map_err(|_cause| json::NUMBER),
        Kind::Message(_) => Err("cannot be a parameter"),
    }
}

/// A name as it may stand in an answer: bounded, and without characters that would spoil a terminal.
pub(super) fn shown(name: &str) -> String {
    name.chars().take(64).map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::rest::route;

    fn faults(method: &Method, target: &str, body: &str) -> Vec<String> {
        let (path, query) =
            target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let route = route::find(method, path).unwrap_or_else(|_| panic!("{path} is a path"));
        let refused = request(&route, query, body.as_bytes(), 32).err();
        let faults = refused.iter().flat_map(InvalidFields::faults);
        faults.map(|fault| format!("{} {}", fault.field, fault.description)).collect()
    }

    #[test]
    fn a_path_or_query_of_the_wrong_kind_is_named() {
        for id in ["abc", "1.5", "99999999999", "1e3", "0x10", "%78", "-", "+7", "007"] {
            let found = faults(&Method::GET, &format!("/api/games/{id}"), "");

            assert_eq!(found, ["gameId must be a whole number of at most 32 bits"], "{id}");
        }
        assert_eq!(
            faults(&Method::GET, "/api/games?pageSize=x&color=red&genre=a&genre=b", ""),
            [
                "pageSize must be a whole number of at most 32 bits",
                "color is not a parameter of this call",
                "genre must be given once",
            ]
        );
        assert_eq!(
            faults(&Method::GET, "/api/games:watch?game_ids=1&gameIds=2&sendPresent=true", ""),
            [""; 0]
        );
    }

    #[test]
    fn every_bad_field_of_a_body_is_named_at_once() {
        let body = r#"{"title":5,"genre":null,"price":"12","gender":"x","description":{"a":[1]},"title":"again"}"#;

        assert_eq!(
            faults(&Method::POST, "/api/games", body),
            [
                "title must be a text",
                "price must be a number",
                "gender is not a field of this request",
                "description must be a text",
                "title must be given once",
            ]
        );
    }

    #[test]
    fn a_body_may_repeat_what_the_path_says_but_not_contradict_it() {
        assert_eq!(faults(&Method::PUT, "/api/games/7", r#"{"gameId":7,"title":"x"}"#), [""; 0]);
        assert_eq!(
            faults(&Method::PUT, "/api/games/7", r#"{"gameId":8,"title":"x"}"#),
            ["gameId must be what the path says"]
        );
    }

    #[test]
    fn what_is_no_json_object_is_no_body() {
        for body in [
            "",
            "[]",
            "5",
            "null",
            "\"x\"",
            "{",
            "{]",
            "{\"a\":}",
            "{}{}",
            "nonsense",
            "\u{feff}{}",
        ] {
            let found = faults(&Method::POST, "/api/games", body);

            assert!(found.len() == 1 && found[0].starts_with("body "), "{body}: {found:?}");
        }
    }

    #[test]
    fn a_body_nested_too_deep_is_refused_before_it_is_decoded() {
        let deep = format!("{{\"title\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(
            faults(&Method::POST, "/api/games", &deep),
            ["body must be nested at most 32 deep"]
        );

        let quoted = format!("{{\"title\":\"{}\\\"{}\"}}", "[".repeat(99), "{".repeat(99));
        assert_eq!(
            faults(&Method::POST, "/api/games", &quoted),
            [""; 0],
            "brackets in a text are text"
        );
    }
}
