//! Reads the rules of one value: a text, a number, bytes or a value of an enum.

use prost_reflect::{DynamicMessage, EnumDescriptor, Kind, Value};
use regex::Regex;

use super::{
    Rule,
    read::{cannot, set},
};

/// The rules of one value.
pub(super) fn values(name: &str, rules: &DynamicMessage, of: &Kind) -> Result<Vec<Rule>, String> {
    let expected = match of {
        Kind::Enum(_) => "enum".to_owned(),
        Kind::Message(message) => {
            return Err(format!(
                "{}, and a {} takes `required` alone",
                cannot(name),
                message.name()
            ));
        }
        scalar => format!("{scalar:?}").to_lowercase(),
    };
    if name != expected {
        return Err(format!("`{name}` cannot bound a field of type {expected}"));
    }
    let mut all = Vec::new();
    for (rule, value) in set(rules, name)? {
        let of_type = rule.split('.').next_back().unwrap_or_default();
        let found = match of {
            Kind::String => text(of_type, &value)?,
            Kind::Bytes => bytes(of_type, &value),
            Kind::Enum(named) => of_enum(of_type, &value, named)?,
            _ => number(of_type, &value)?.map(|it| vec![it]),
        };
        all.extend(found.ok_or_else(|| cannot(&rule))?);
    }
    leaves_room(&all)?;
    Ok(all)
}

fn text(rule: &str, value: &Value) -> Result<Option<Vec<Rule>>, String> {
    Ok(Some(match (rule, value) {
        ("min_len", Value::U64(least)) => vec![Rule::MinChars(*least)],
        ("max_len", Value::U64(most)) => vec![Rule::MaxChars(*most)],
        ("len", Value::U64(len)) => vec![Rule::MinChars(*len), Rule::MaxChars(*len)],
        ("max_bytes", Value::U64(most)) => vec![Rule::MaxTextBytes(*most)],
        ("pattern", Value::String(pattern)) => {
            is_plain(pattern)?;
            vec![Rule::Pattern(pattern.clone())]
        }
        ("in", Value::List(texts)) => {
            vec![Rule::OneOf(texts.iter().filter_map(Value::as_str).map(str::to_owned).collect())]
        }
        _ => return Ok(None),
    }))
}

/// Refuses a pattern that RE2, JavaScript and this crate would read in several ways.
fn is_plain(pattern: &str) -> Result<(), String> {
    Regex::new(pattern).map_err(|error| format!("`{pattern}` is no pattern: {error}"))?;
    let mut escaped = false;
    let class = pattern.chars().find(|character| {
        let was_escaped = escaped;
        escaped = !was_escaped && *character == '\\';
        was_escaped && character.is_ascii_alphanumeric()
    });
    match class {
        Some(class) => Err(format!("`\\{class}` means other things elsewhere: spell it out")),
        None if pattern.contains("(?") => Err("`(?` means other things elsewhere".to_owned()),
        None => Ok(()),
    }
}

fn bytes(rule: &str, value: &Value) -> Option<Vec<Rule>> {
    Some(match (rule, value) {
        ("min_len", Value::U64(least)) => vec![Rule::MinBytes(*least)],
        ("max_len", Value::U64(most)) => vec![Rule::MaxBytes(*most)],
        ("len", Value::U64(len)) => vec![Rule::MinBytes(*len), Rule::MaxBytes(*len)],
        _ => return None,
    })
}

fn of_enum(rule: &str, value: &Value, of: &EnumDescriptor) -> Result<Option<Vec<Rule>>, String> {
    // In the order of the file: theirs is by number.
    let known = &of.enum_descriptor_proto().value;
    let known = known.iter().map(|value| (value.name().to_owned(), value.number()));
    let values: Vec<_> = match (rule, value) {
        ("defined_only", Value::Bool(true)) => known.collect(),
        ("in", Value::List(numbers)) => {
            let numbers: Vec<_> = numbers.iter().filter_map(Value::as_i32).collect();
            if let Some(other) = numbers.iter().find(|number| of.get_value(**number).is_none()) {
                return Err(format!("`enum.in` has {other}, which has no name"));
            }
            known.filter(|(_, number)| numbers.contains(number)).collect()
        }
        _ => return Ok(None),
    };
    Ok(Some(vec![Rule::Values(values)]))
}

fn number(rule: &str, value: &Value) -> Result<Option<Rule>, String> {
    let bound = match value {
        Value::I32(number) => f64::from(*number),
        Value::U32(number) => f64::from(*number),
        Value::F64(number) => *number,
        Value::F32(number) => {
            if f64::from(*number).to_string() != number.to_string() {
                return Err(format!("32 bits do not hold {number} exactly: make it a `double`"));
            }
            f64::from(*number)
        }
        Value::I64(_) | Value::U64(_) => {
            return Err("JSON writes 64 bits as a text, for which OpenAPI has no bounds".to_owned());
        }
        _ => return Ok(None),
    };
    if !bound.is_finite() {
        return Err(format!("{bound} bounds nothing"));
    }
    Ok(match rule {
        "gte" => Some(Rule::AtLeast(bound)),
        "lte" => Some(Rule::AtMost(bound)),
        "gt" => Some(Rule::MoreThan(bound)),
        "lt" => Some(Rule::LessThan(bound)),
        _ => None,
    })
}

/// Refuses bounds between which there is nothing. `buf.validate` would take all that is outside of them.
fn leaves_room(rules: &[Rule]) -> Result<(), String> {
    let (mut least, mut most) = (f64::NEG_INFINITY, f64::INFINITY);
    for rule in rules {
        match rule {
            Rule::AtLeast(it) | Rule::MoreThan(it) => least = *it,
            Rule::AtMost(it) | Rule::LessThan(it) => most = *it,
            _ => {}
        }
    }
    if least > most { Err(format!("nothing is above {least} and below {most}")) } else { Ok(()) }
}
