//! The words of the files, as a reader of the REST form meets them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{calls::Call, shapes};

/// Writes the names of fields in descriptions as JSON has them, `pageToken` for `page_token`. A summary is plain text, so
/// its names lose their marks.
pub(super) fn in_names_of_rest(document: &mut Value, calls: &[Call]) {
    let mut messages = BTreeMap::new();
    for call in calls {
        shapes::collect(&call.method.input(), &mut messages);
        shapes::collect(&call.method.output(), &mut messages);
    }
    let fields = messages.values().flat_map(|message| message.fields().collect::<Vec<_>>());
    let names: BTreeMap<_, _> = fields
        .filter(|field| field.name() != field.json_name())
        .map(|field| (format!("`{}`", field.name()), format!("`{}`", field.json_name())))
        .collect();
    rename(document, &names);
}

fn rename(value: &mut Value, names: &BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match (&**key, &mut *member) {
                    ("description", Value::String(text)) => *text = renamed(text, names),
                    ("summary", Value::String(text)) => {
                        *text = renamed(text, names).replace('`', "");
                    }
                    _ => rename(member, names),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, names)),
        _ => {}
    }
}

fn renamed(text: &str, names: &BTreeMap<String, String>) -> String {
    names.iter().fold(text.to_owned(), |text, (name, json)| text.replace(name.as_str(), json))
}
