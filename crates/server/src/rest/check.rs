//! A look at a REST request before it is decoded: every field that is unknown, doubled or of the wrong type is named
//! at once. The transcoder would stop at the first, and often without its name.

use std::{borrow::Cow, collections::HashSet};

use percent_encoding::percent_decode_str;
use sir0_contract::{Field, Kind, Rest, Shape};
use sir0_rpc::{FieldReader, InvalidFields};

use super::{json, route::Route};

/// Longer than any parameter of ours, and shorter than what the transcoder takes.
const MAX_PARAMETER: usize = 8 * 1024;
const NOT_ENCODED: &str = "must be percent-encoded UTF-8";

/// Refuses what cannot become the request of the call.
pub(super) fn request(
    route: &Route<'_>,
    query: Option<&str>,
    body: &[u8],
    depth: usize,
) -> Result<(), InvalidFields> {
    let mut fields = FieldReader::default();
    if let Some((field, text)) = route.variables
        && let Err(fault) = text_fits(&field.kind, text)
    {
        fields.fault(field.json, fault);
    }
    if let Some(query) = query {
        check_query(route.rest, route.call.request, query, &mut fields);
    }
    if route.rest.body {
        json::check(route.call.request, route.variables, body, depth, &mut fields)?;
    }
    fields.finish()
}

fn check_query(rest: &Rest, shape: &'static Shape, query: &str, fields: &mut FieldReader) {
    let mut seen = HashSet::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Ok(name), value) = (decode(name), decode(value)) else {
            fields.fault(&shown(name), NOT_ENCODED);
            continue;
        };
        let name = &*name;
        // With a body, every field travels in it: RFC-less but fixed by `google.api.http`.
        let field = if rest.body { None } else { shape.field(name) };
        let Some(field) = field.filter(|field| !is_in_path(rest, field)) else {
            fields.fault(&shown(name), "is not a parameter of this call");
            continue;
        };
        if !field.repeated && !seen.insert(field.name) {
            fields.fault(field.json, "must be given once");
        } else if let Err(fault) = value.and_then(|value| text_fits(&field.kind, &value)) {
            fields.fault(field.json, fault);
        }
    }
}

/// A name or value as it was before it was encoded for the query: `+` is a space, escapes are whole, bytes are UTF-8.
fn decode(text: &str) -> Result<Cow<'_, str>, &'static str> {
    if text.len() > MAX_PARAMETER {
        return Err("is too long");
    }
    let spaced =
        if text.contains('+') { Cow::Owned(text.replace('+', " ")) } else { Cow::Borrowed(text) };
    if !spaced.contains('%') {
        return Ok(spaced);
    }
    let escapes_are_whole = spaced.split('%').skip(1).all(|rest| {
        let mut digits = rest.bytes().take(2);
        digits.len() == 2 && digits.all(|digit| digit.is_ascii_hexdigit())
    });
    let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_not_utf8| NOT_ENCODED)?;
    if escapes_are_whole { Ok(decoded.into_owned().into()) } else { Err(NOT_ENCODED) }
}

fn is_in_path(rest: &Rest, field: &Field) -> bool {
    use sir0_contract::Segment::Variable;
    rest.segments
        .iter()
        .any(|segment| matches!(segment, Variable(variable) if variable.name == field.name))
}

/// Whether a text of a path or a query is of the kind.
fn text_fits(kind: &Kind, text: &str) -> Result<(), &'static str> {
    match kind {
        Kind::Text => Ok(()),
        Kind::Bool if matches!(text, "true" | "false") => Ok(()),
        Kind::Bool => Err("must be `true` or `false`"),
        // One spelling for each number: `+7` and `007` lead nowhere.
        Kind::Int32 if text.parse::<i32>().is_ok_and(|number| number.to_string() == text) => Ok(()),
        Kind::Int32 => Err(json::WHOLE_NUMBER),
        Kind::Double => text.parse::<f64>().map(drop).map_err(|_cause| json::NUMBER),
        Kind::Message(_) => Err("cannot be a parameter"),
    }
}

/// A name as it may stand in an answer: bounded, and without what would spoil a terminal.
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
        let route = route::find(&crate::Parts::ALL.calls(), method, path)
            .unwrap_or_else(|_| panic!("{path} is a path"));
        let refused = request(&route, query, body.as_bytes(), 32).err();
        let faults = refused.iter().flat_map(InvalidFields::faults);
        faults.map(|fault| format!("{} {}", fault.field, fault.description)).collect()
    }

    #[test]
    fn a_path_or_query_of_the_wrong_kind_is_named() {
        for id in ["abc", "1.5", "99999999999", "1e3", "0x10", "%31", "-", "+7", "007"] {
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
