//! One value of a JSON body, judged by the field it is for.

use serde_json::value::RawValue;
use sir0_contract::{Field, Kind};

use crate::rest::route::Variable;

pub(crate) const WHOLE_NUMBER: &str = "must be a whole number of at most 32 bits";
pub(crate) const NUMBER: &str = "must be a number";

/// How a good value is spelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As the transcoder reads it.
    Plain,
    /// `null`: the field is left out.
    Absent,
    /// In another way; this is how the transcoder reads it.
    Anew(String),
}

/// Judges a value, which is JSON. A number is a number and never a text, as in the contract. protobuf's JSON would take
/// both.
pub(super) fn spelling(
    field: &Field,
    path: Variable<'_>,
    json: &str,
) -> Result<Spelling, &'static str> {
    match json.as_bytes().first() {
        Some(b'n') => Ok(Spelling::Absent),
        Some(b'[') if field.repeated => list(field, json),
        _ if field.repeated => Err("must be a list"),
        _ => single(field, path, json),
    }
}

fn single(field: &Field, path: Variable<'_>, json: &str) -> Result<Spelling, &'static str> {
    match (&field.kind, json.as_bytes().first()) {
        (Kind::Text, Some(b'"')) => text(json),
        (Kind::Bool, Some(b't' | b'f')) => Ok(Spelling::Plain),
        (Kind::Double, Some(b'-' | b'0'..=b'9')) => double(json),
        (Kind::Int32, Some(b'-' | b'0'..=b'9')) => {
            let number = whole_number(json).ok_or(WHOLE_NUMBER)?;
            match path {
                Some((held, text)) if held.name == field.name && text.parse() != Ok(number) => {
                    Err("must be what the path says")
                }
                _ if number.to_string() == json => Ok(Spelling::Plain),
                _ => Ok(Spelling::Anew(number.to_string())),
            }
        }
        // No request of the contract nests a message in a body yet; the day one does, it is checked here.
        (kind, _) => Err(match kind {
            Kind::Text => "must be a text",
            Kind::Bool => "must be `true` or `false`",
            Kind::Int32 => WHOLE_NUMBER,
            Kind::Double => NUMBER,
            Kind::Message(_) => "must be a JSON object",
        }),
    }
}

/// Escapes can still spell half a character.
fn text(json: &str) -> Result<Spelling, &'static str> {
    if json.contains('\\') && serde_json::from_str::<String>(json).is_err() {
        return Err("must be a text of whole characters");
    }
    Ok(Spelling::Plain)
}

fn double(json: &str) -> Result<Spelling, &'static str> {
    let is_finite = json.parse().is_ok_and(f64::is_finite);
    if is_finite { Ok(Spelling::Plain) } else { Err(NUMBER) }
}

/// Reads `7`, and `7.0` and `70e-1` as well: the number counts, not its digits.
fn whole_number(json: &str) -> Option<i32> {
    json.parse().ok().or_else(|| {
        let number = json.parse::<f64>().ok().filter(|number| number.fract() == 0.0)?;
        format!("{number:.0}").parse().ok()
    })
}

fn list(field: &Field, json: &str) -> Result<Spelling, &'static str> {
    let values: Vec<&RawValue> = serde_json::from_str(json).map_err(|_cause| "must be a list")?;
    let mut is_plain = true;
    let mut written = Vec::with_capacity(values.len());
    for value in values {
        match single(field, None, value.get())? {
            Spelling::Plain | Spelling::Absent => written.push(value.get().to_owned()),
            Spelling::Anew(value) => {
                is_plain = false;
                written.push(value);
            }
        }
    }
    Ok(if is_plain { Spelling::Plain } else { Spelling::Anew(format!("[{}]", written.join(","))) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn a(kind: Kind, repeated: bool) -> Field {
        Field { name: "a_field", json: "aField", kind, repeated }
    }

    fn judged(kind: Kind, json: &str) -> Result<Spelling, &'static str> {
        spelling(&a(kind, false), None, json)
    }

    #[test]
    fn a_whole_number_may_be_written_in_any_way_that_json_has() {
        for (json, number) in [
            ("7", None),
            ("-2147483648", None),
            ("7.0", Some("7")),
            ("7e0", Some("7")),
            ("70E-1", Some("7")),
            ("-0", Some("0")),
            ("-0.0", Some("0")),
            ("2.147483647e9", Some("2147483647")),
        ] {
            let expected =
                number.map_or(Spelling::Plain, |number| Spelling::Anew(number.to_owned()));
            assert_eq!(judged(Kind::Int32, json), Ok(expected), "{json}");
        }
        for json in [
            "1.5",
            "2147483648",
            "-2147483649",
            "1e10",
            "1e400",
            "-1e400",
            "1e-1",
            "\"7\"",
            "true",
            "{}",
            "[7]",
        ] {
            assert_eq!(judged(Kind::Int32, json), Err(WHOLE_NUMBER), "{json}");
        }
    }

    #[test]
    fn a_number_fits_a_double_and_is_no_text() {
        for json in ["0", "-0", "19.99", "1e2", "1e-400", "1e308"] {
            assert_eq!(judged(Kind::Double, json), Ok(Spelling::Plain), "{json}");
        }
        for json in ["1e400", "-1e309", "\"19.99\"", "\"NaN\"", "\"Infinity\"", "false", "[]"] {
            assert_eq!(judged(Kind::Double, json), Err(NUMBER), "{json}");
        }
    }

    #[test]
    fn null_leaves_a_field_of_any_kind_out_and_a_list_holds_none() {
        for kind in [Kind::Text, Kind::Bool, Kind::Int32, Kind::Double] {
            assert_eq!(judged(kind, "null"), Ok(Spelling::Absent));
        }
        let list = a(Kind::Int32, true);
        let of = |json| spelling(&list, None, json);
        assert_eq!(of("null"), Ok(Spelling::Absent));
        assert_eq!(of("[1, 2]"), Ok(Spelling::Plain));
        assert_eq!(of("[1, 2.0]"), Ok(Spelling::Anew("[1,2]".to_owned())));
        assert_eq!(of("[1, null]"), Err(WHOLE_NUMBER));
        assert_eq!(of("1"), Err("must be a list"));
    }

    #[test]
    fn a_text_has_whole_characters() {
        for json in [r#""""#, r#""\ud83c\udfee""#, r#""a\\ud800""#] {
            assert_eq!(judged(Kind::Text, json), Ok(Spelling::Plain), "{json}");
        }
        for json in [r#""\ud800""#, r#""\udc00\ud800""#, r#""\ud800x""#] {
            let whole = Err("must be a text of whole characters");
            assert_eq!(judged(Kind::Text, json), whole, "{json}");
        }
    }
}
