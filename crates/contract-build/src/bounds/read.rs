//! Reads `buf.validate` of a field, and refuses what the tables or the document could not say.

use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, Kind, ReflectMessage, Value};

use super::{Bounds, Rule, values::values};
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

pub(super) fn cannot(rule: &str) -> String {
    format!("`{rule}` cannot be carried here")
}

/// The rules that are set, by their names behind `around`.
pub(super) fn set(rules: &DynamicMessage, around: &str) -> Result<Vec<(String, Value)>, String> {
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

/// A field that is left out, and cannot be told from one with the default value, is refused if the default is. The rule
/// `required` must say the same.
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
