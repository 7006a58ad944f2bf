//! Reads `buf.validate` of a field, and refuses what the tables or the document could not say.

use prost_reflect::{
    DescriptorPool, DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, ReflectMessage, Value,
};
use regex::Regex;

use super::{Bounds, Rule};
use crate::Error;

/// The folders of files that are not ours.
const VENDORED: [&str; 2] = [super::FOLDER, "google/"];

/// Refuses a bound that cannot be carried, wherever it stands in our files.
pub(crate) fn judge(pool: &DescriptorPool) -> Result<(), Error> {
    let ours = pool.all_messages().filter(|message| {
        let file = message.parent_file();
        !VENDORED.iter().any(|folder| file.name().starts_with(folder))
    });
    for message in ours {
        refuse(pool, "buf.validate.message", &message.options(), message.full_name())?;
        for oneof in message.oneofs() {
            refuse(pool, "buf.validate.oneof", &oneof.options(), oneof.full_name())?;
        }
        for field in message.fields() {
            read(&field).map_err(|why| Error::at(field.full_name(), why))?;
        }
    }
    Ok(())
}

fn refuse(
    pool: &DescriptorPool,
    extension: &str,
    options: &DynamicMessage,
    at: &str,
) -> Result<(), Error> {
    let extension = pool.get_extension_by_name(extension);
    match extension.filter(|it| options.has_extension(it)) {
        Some(it) => Err(Error::at(at, format!("`{}` cannot be carried", it.full_name()))),
        None => Ok(()),
    }
}

/// The bounds of a field. [`judge`] has refused what would be none.
pub(crate) fn of(field: &FieldDescriptor) -> Bounds {
    read(field).unwrap_or_default()
}

fn read(field: &FieldDescriptor) -> Result<Bounds, String> {
    let Some(extension) = field.parent_pool().get_extension_by_name("buf.validate.field") else {
        return Ok(Bounds::default());
    };
    let options = field.options();
    if !options.has_extension(&extension) {
        return Ok(Bounds::default());
    }
    let rules = options.get_extension(&extension);
    let rules = rules.as_message().ok_or("`buf.validate.field` is no message")?;
    let mut bounds = Bounds::default();
    for (rule, value) in set(rules, "")? {
        match (&*rule, value) {
            ("required", Value::Bool(required)) => bounds.is_required = required,
            ("repeated", Value::Message(rules)) if field.is_list() => {
                several(&rules, &field.kind(), &mut bounds)?;
            }
            ("map", Value::Message(rules)) if field.is_map() => map(&rules, field, &mut bounds)?,
            (_, Value::Message(rules)) if !field.is_list() && !field.is_map() => {
                bounds.rules = values(&rule, &rules, &field.kind())?;
            }
            _ => return Err(cannot(&rule)),
        }
    }
    agree(field, &mut bounds)?;
    Ok(bounds)
}

fn cannot(rule: &str) -> String {
    format!("`{rule}` cannot be carried here")
}

/// The rules that are set, by their names behind `around`.
fn set(rules: &DynamicMessage, around: &str) -> Result<Vec<(String, Value)>, String> {
    if let Some((extension, _)) = rules.extensions().next() {
        return Err(cannot(extension.full_name()));
    }
    if rules.unknown_fields().next().is_some() {
        return Err(format!("has a rule that {} does not know", rules.descriptor().full_name()));
    }
    let named = rules.fields().map(|(field, value)| {
        let name = if around.is_empty() { String::new() } else { format!("{around}.") };
        (name + field.name(), value.clone())
    });
    Ok(named.collect())
}

/// A field that is left out, and cannot be told from one with the default value, is refused if the default is. Whether it
/// is required must say the same.
fn agree(field: &FieldDescriptor, bounds: &mut Bounds) -> Result<(), String> {
    let has_presence = field.supports_presence() && !field.is_list() && !field.is_map();
    if has_presence || bounds.rules.iter().any(Rule::refuses_default) == bounds.is_required {
        return Ok(());
    }
    if !bounds.is_required {
        return Err("is refused when it is left out: mark it `required` or `optional`".to_owned());
    }
    let least = match field.kind() {
        _ if field.is_map() => Rule::MinEntries(1),
        _ if field.is_list() => Rule::MinItems(1),
        Kind::String => Rule::MinChars(1),
        Kind::Bytes => Rule::MinBytes(1),
        _ => return Err("is required, and takes what is left out: mark it `optional`".to_owned()),
    };
    bounds.rules.insert(0, least);
    Ok(())
}

fn several(rules: &DynamicMessage, of: &Kind, bounds: &mut Bounds) -> Result<(), String> {
    for (rule, value) in set(rules, "repeated")? {
        match (&*rule, value) {
            ("repeated.min_items", Value::U64(least)) => bounds.rules.push(Rule::MinItems(least)),
            ("repeated.max_items", Value::U64(most)) => bounds.rules.push(Rule::MaxItems(most)),
            ("repeated.items", Value::Message(rules)) => bounds.each = each(&rules, &rule, of)?,
            _ => return Err(cannot(&rule)),
        }
    }
    Ok(())
}

fn map(rules: &DynamicMessage, field: &FieldDescriptor, bounds: &mut Bounds) -> Result<(), String> {
    let Kind::Message(entry) = field.kind() else { return Err("is no map".to_owned()) };
    let of = entry.map_entry_value_field().kind();
    for (rule, value) in set(rules, "map")? {
        match (&*rule, value) {
            ("map.min_pairs", Value::U64(least)) => bounds.rules.push(Rule::MinEntries(least)),
            ("map.max_pairs", Value::U64(most)) => bounds.rules.push(Rule::MaxEntries(most)),
            ("map.values", Value::Message(rules)) => bounds.each = each(&rules, &rule, &of)?,
            _ => return Err(cannot(&rule)),
        }
    }
    Ok(())
}

fn each(rules: &DynamicMessage, around: &str, of: &Kind) -> Result<Vec<Rule>, String> {
    let mut all = Vec::new();
    for (rule, value) in set(rules, around)? {
        let name = rule.rsplit('.').next().unwrap_or_default();
        match value {
            Value::Message(rules) => all.extend(values(name, &rules, of)?),
            _ => return Err(cannot(&rule)),
        }
    }
    Ok(all)
}

/// The rules of one value.
fn values(name: &str, rules: &DynamicMessage, of: &Kind) -> Result<Vec<Rule>, String> {
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
