//! A query held against the shape of a request, and written anew where the transcoder would stumble over it.

use std::{borrow::Cow, collections::HashSet};

use http::HeaderValue;
use percent_encoding::percent_decode_str;
use sir0_contract::{Field, Kind, Rest, Segment};
use sir0_rpc::FieldReader;

use super::{
    check::{shown, text_fits},
    route::Route,
};

/// Longer than any parameter of ours, and shorter than what the transcoder takes.
const MAX_PARAMETER: usize = 8 * 1024;
/// What the transcoder takes.
const MAX_QUERY: usize = 16 * 1024;
/// A thousand games can be watched, and each is a parameter.
const MAX_PARAMETERS: usize = 1_024;

const NOT_ENCODED: &str = "must be percent-encoded UTF-8";
const UNKNOWN: &str = "is not a parameter of this call";

/// What a query says besides its parameters.
#[derive(Debug, Default)]
pub(super) struct Query {
    /// The query that the transcoder is to read. `None` when that is the query as it came.
    pub(super) anew: Option<String>,
    /// How far a stream came, from clients that can set no header.
    pub(super) last_event_ids: Vec<HeaderValue>,
}

/// Notes every parameter that does not fit.
pub(super) fn check(route: &Route<'_>, query: &str, fields: &mut FieldReader) -> Query {
    let mut read = Query::default();
    let pairs = || query.split('&').filter(|pair| !pair.is_empty());
    if query.len() > MAX_QUERY {
        fields.fault("query", format_args!("must have at most {MAX_QUERY} bytes"));
        return read;
    }
    if pairs().count() > MAX_PARAMETERS {
        fields.fault("query", format_args!("must have at most {MAX_PARAMETERS} parameters"));
        return read;
    }
    let mut seen = HashSet::new();
    let mut is_plain = true;
    for pair in pairs() {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Ok(name), value) = (decode(name), decode(value)) else {
            fields.fault(&shown(name), NOT_ENCODED);
            continue;
        };
        match meant_by(route, &name) {
            Meant::Nothing => is_plain = false,
            Meant::LastEventId => {
                is_plain = false;
                let id = value.and_then(|id| {
                    HeaderValue::from_str(&id).map_err(|_cause| "is not a token we gave")
                });
                read.last_event_ids.extend(fields.read(&name, id).filter(|id| !id.is_empty()));
            }
            Meant::Unknown => fields.fault(&shown(&name), UNKNOWN),
            Meant::Field(field) if !field.repeated && !seen.insert(field.name) => {
                fields.fault(field.json, "must be given once");
            }
            Meant::Field(field) => {
                is_plain &= !is_spelled_otherwise(field, value.as_deref());
                if let Err(fault) = value.and_then(|value| text_fits(&field.kind, &value)) {
                    fields.fault(field.json, fault);
                }
            }
        }
    }
    if !is_plain {
        read.anew =
            Some(pairs().filter_map(|pair| plain(route, pair)).collect::<Vec<_>>().join("&"));
    }
    read
}

/// What a parameter means.
enum Meant {
    Field(&'static Field),
    /// Where a stream goes on. Clients that stand in for a browser spell its `Last-Event-ID` like this.
    LastEventId,
    /// Something that libraries and sites add to any address.
    Nothing,
    Unknown,
}

fn meant_by(route: &Route<'_>, name: &str) -> Meant {
    // With a body, every field travels in it. No RFC says so, but `google.api.http` does.
    let field = if route.rest.body { None } else { route.call.request.field(name) };
    match field.filter(|field| !is_in_path(route.rest, field)) {
        Some(field) => Meant::Field(field),
        None if is_noise(name) => Meant::Nothing,
        None if route.call.streaming && matches!(name, "lastEventId" | "last_event_id") => {
            Meant::LastEventId
        }
        None => Meant::Unknown,
    }
}

/// Parameters that programs add: jQuery's way past caches, and what sites add to the links they show.
fn is_noise(name: &str) -> bool {
    matches!(name, "_" | "fbclid" | "gclid" | "msclkid") || name.starts_with("utm_")
}

fn is_in_path(rest: &Rest, field: &Field) -> bool {
    let mut segments = rest.segments.iter();
    segments.any(|segment| matches!(segment, Segment::Variable(held) if held.name == field.name))
}

/// Whether a value is right, but in a spelling that the transcoder does not know.
fn is_spelled_otherwise(field: &Field, value: Result<&str, &&'static str>) -> bool {
    matches!((&field.kind, value), (Kind::Bool, Ok(value)) if !matches!(value, "true" | "false"))
}

/// A pair as the transcoder is to read it. `None` if it is not to read it.
fn plain<'q>(route: &Route<'_>, pair: &'q str) -> Option<Cow<'q, str>> {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    match meant_by(route, &decode(name).ok()?) {
        Meant::Field(field) => {
            let value = decode(value);
            Some(match value {
                Ok(value) if is_spelled_otherwise(field, Ok(&value)) => {
                    Cow::Owned(format!("{name}={}", value.to_ascii_lowercase()))
                }
                _ => Cow::Borrowed(pair),
            })
        }
        Meant::LastEventId | Meant::Nothing | Meant::Unknown => None,
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

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::rest::route;

    fn read(path: &'static str, query: &str) -> (Query, Vec<String>) {
        let route = route::find(&Method::GET, path).unwrap_or_else(|_| panic!("{path} is a path"));
        let mut fields = FieldReader::default();
        let read = check(&route, query, &mut fields);
        let faults = fields.into_faults();
        let faults = faults.faults().iter();
        (read, faults.map(|fault| format!("{} {}", fault.field, fault.description)).collect())
    }

    #[test]
    fn what_libraries_and_sites_add_is_passed_over() {
        let (query, faults) = read(
            "/api/games",
            "_=1795644995&q=a%20b&utm_source=x&utm_=%ff&pageSize=2&fbclid=y&gclid",
        );

        assert_eq!((query.anew.as_deref(), faults), (Some("q=a%20b&pageSize=2"), vec![]));
        for (name, query) in
            [("__", "__=1"), ("UTM_x", "UTM_x=1"), ("cb", "cb=1"), ("lastEventId", "lastEventId=")]
        {
            let (_, faults) = read("/api/games", query);
            assert_eq!(faults, [format!("{name} {UNKNOWN}")]);
        }
    }

    #[test]
    fn yes_and_no_are_true_and_false_in_any_case() {
        let (query, faults) = read("/api/games:watch", "sendPresent=True&gameIds=7");
        assert_eq!((query.anew.as_deref(), faults), (Some("sendPresent=true&gameIds=7"), vec![]));
        let (query, faults) = read("/api/games:watch", "send_present=%46ALSE");
        assert_eq!((query.anew.as_deref(), faults), (Some("send_present=false"), vec![]));
        assert!(read("/api/games:watch", "sendPresent=true").0.anew.is_none());

        for value in ["1", "0", "yes", "on", "", "t", "tru\u{e9}"] {
            let (_, faults) = read("/api/games:watch", &format!("sendPresent={value}"));
            assert_eq!(faults, ["sendPresent must be `true` or `false`"], "{value}");
        }
    }

    #[test]
    fn a_stream_is_told_how_far_a_client_came() {
        let (query, faults) =
            read("/api/games:watch", "lastEventId=ab-_c&sendPresent=true&last_event_id=");
        assert_eq!((query.anew.as_deref(), faults), (Some("sendPresent=true"), vec![]));
        assert_eq!(query.last_event_ids, ["ab-_c"]);

        let (_, faults) = read("/api/games:watch", "lastEventId=a%0Ab");
        assert_eq!(faults, ["lastEventId is not a token we gave"]);
    }

    #[test]
    fn a_query_that_the_transcoder_would_not_take_is_refused_by_name() {
        let (_, faults) = read("/api/games:watch", &"gameIds=12345&".repeat(1_000));
        assert_eq!(faults, [""; 0], "as many as can be watched");
        let (_, faults) = read("/api/games:watch", &"gameIds=1&".repeat(1_025));
        assert_eq!(faults, ["query must have at most 1024 parameters"]);

        let (_, faults) = read("/api/games", &format!("q={}", "a".repeat(16 * 1024)));
        assert_eq!(faults, ["query must have at most 16384 bytes"]);
    }
}
