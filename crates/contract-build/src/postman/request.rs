//! A call as the collection makes it: its example, with what earlier answers feed in the place of ids and tokens.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{
    operation::{self, Operation, PASSWORD, SECRET},
    scripts,
};
use crate::openapi;

/// Around the name of a variable that stands for a number, until the body is text: JSON would put it in quotation marks.
const NUMBER: &str = "@number@";
/// What differs from run to run.
pub(super) const UNIQUE: &str = "unique";
/// The header that names a request.
pub(super) const KEY: &str = "Idempotency-Key";

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum By {
    Anyone,
    /// Who holds the token of the collection.
    Inherited,
    /// Who holds the token in this variable.
    Holder(String),
}

/// A row of a table of the request.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) key: String,
    pub(super) value: String,
    description: Value,
    is_on: bool,
}

impl Row {
    pub(super) fn new(key: &str, value: &str) -> Self {
        Self { key: key.to_owned(), value: value.to_owned(), description: Value::Null, is_on: true }
    }

    fn to_json(&self) -> Value {
        let Self { key, value, description, is_on } = self;
        let mut row = json!({"key": key, "value": value});
        if !description.is_null() {
            row["description"] = description.clone();
        }
        if !is_on {
            row["disabled"] = json!(true);
        }
        row
    }
}

/// A request of the collection.
#[derive(Clone, Debug)]
pub(super) struct Request<'o> {
    pub(super) operation: &'o Operation<'o>,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) by: By,
    /// The variables of the path, as JSON spells their names.
    pub(super) in_path: BTreeMap<String, String>,
    pub(super) query: Vec<Row>,
    pub(super) headers: Vec<Row>,
    pub(super) body: Option<Map<String, Value>>,
    /// Whether the body is any bytes.
    is_bytes: bool,
    /// What is done before it is sent.
    pub(super) before: Vec<String>,
    /// What is asked of the answer.
    pub(super) after: Vec<String>,
    /// Answers for readers, who see them without sending anything.
    pub(super) answers: Vec<Value>,
}

impl<'o> Request<'o> {
    /// The call as it succeeds.
    pub(super) fn of(operation: &'o Operation<'o>, all: &[Operation<'_>]) -> Self {
        let fed: BTreeSet<_> = all.iter().flat_map(Operation::yields).collect();
        let unique: BTreeSet<_> = all.iter().flat_map(Operation::claims).collect();
        let mut request = Self {
            operation,
            name: operation.name().to_owned(),
            description: operation.said["description"].as_str().unwrap_or_default().to_owned(),
            by: match operation.call.access.as_str() {
                "ANYONE" | "TOKEN_HOLDER" => By::Anyone,
                "PUBLISHER" | "ADMIN" => By::Holder(operation::of(operation::ADMIN, "token")),
                // A secret is told to someone else than who has the things, and a password is that of its own person.
                "SIGNED_IN" if !operation.has_any_of(&[SECRET, PASSWORD]) => {
                    By::Holder(operation::of(operation::ADMIN, "token"))
                }
                _ => By::Inherited,
            },
            in_path: BTreeMap::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: operation.body().cloned(),
            is_bytes: operation.said["requestBody"]["content"][openapi::FILE].is_object(),
            before: Vec::new(),
            after: scripts::of_success(operation),
            answers: answered(operation).into_iter().collect(),
        };
        // What was made before is the administrator's, so another person names none of it.
        let may_name = match request.by {
            By::Holder(_) => operation.may_name(&fed),
            By::Anyone | By::Inherited => Vec::new(),
        };
        for name in may_name {
            let example = json!(name);
            request
                .body
                .iter_mut()
                .for_each(|body| drop(body.insert(name.clone(), example.clone())));
        }
        for (member, value) in request.body.iter_mut().flatten() {
            if unique.contains(member.as_str()) {
                *value = made_unique(value, &format!("{{{{{UNIQUE}}}}}"));
            } else if fed.contains(member.as_str()) {
                *value = fed_by(member, value);
            } else if let (Some(one), Some([example])) =
                (member.strip_suffix('s'), value.as_array().map(Vec::as_slice))
                && example.is_number()
                && fed.contains(one)
            {
                // A list with one of what an answer before it made.
                *value = json!([fed_by(one, example)]);
            }
        }
        if operation.makes_unique() {
            request.before = scripts::of_unique();
        }
        if matches!(request.by, By::Holder(_)) {
            request.after.push(scripts::of_no_admin());
        }
        request.add_parameters(&fed);
        request
    }

    /// The call that ends what the variable of another person names, for that person.
    pub(super) fn ending_for(
        operation: &'o Operation<'o>,
        whose: &str,
        name: &str,
        all: &[Operation<'_>],
    ) -> Self {
        let mut request = Self::of(operation, all);
        let who = if whose == operation::ADMIN { "the administrator" } else { "the other person" };
        request.name = format!("{}, for {who}", operation.name());
        if let Some(value) = request.body.iter_mut().find_map(|body| body.get_mut(name)) {
            *value = json!(variable(&operation::of(whose, name)));
        }
        request
    }

    fn add_parameters(&mut self, fed: &BTreeSet<&str>) {
        let names: BTreeMap<_, _> = self.operation.in_path().into_iter().collect();
        let parameters = self.operation.said["parameters"].as_array();
        for parameter in parameters.into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap_or_default();
            let example = &parameter["example"];
            let mut row = Row::new(name, &text(example));
            row.description = parameter["description"].clone();
            row.is_on = !example.is_null();
            match parameter["in"].as_str() {
                Some("path") => {
                    let name = names.get(name).cloned().unwrap_or_default();
                    let value = if fed.contains(&*name) { variable(&name) } else { row.value };
                    self.in_path.insert(name, value);
                }
                Some("query") => self.query.push(row),
                _ if name == KEY => {
                    row.value = variable("$guid");
                    row.is_on = true;
                    self.headers.push(row);
                }
                _ if name == "Prefer" => {
                    // A run waits for the end of each answer.
                    "wait=2".clone_into(&mut row.value);
                    row.is_on = true;
                    self.headers.push(row);
                }
                _ => self.headers.push(row),
            }
        }
        if self.body.is_some() {
            self.headers.push(Row::new("Content-Type", "application/json"));
        }
        if self.is_bytes {
            self.headers.push(Row::new("Content-Type", "application/octet-stream"));
        }
        if self.operation.says_messages() {
            self.headers.push(Row::new("Accept", scripts::STREAM));
        }
    }

    /// Someone who may do what not everyone may, signing in.
    pub(super) fn of_admin(sign_in: &'o Operation<'o>, all: &[Operation<'_>]) -> Self {
        let mut request = Self::of(sign_in, all);
        "login, as an administrator".clone_into(&mut request.name);
        let needed = sign_in.needs();
        if let Some(body) = &mut request.body {
            body.retain(|member, _| needed.contains(member));
        }
        for (member, value) in request.body.iter_mut().flatten() {
            *value = json!(variable(&scripts::in_json(&operation::of(operation::ADMIN, member))));
        }
        request.before = scripts::of_missing(&asked_of_admin(all));
        request.after = scripts::of_admin(sign_in);
        request
    }

    /// Asks for something that is not there in the place of what this variable of the path names.
    pub(super) fn ask_for_nothing(&mut self, name: &str) {
        let parameters = self.operation.said["parameters"].as_array().into_iter().flatten();
        let names: BTreeMap<_, _> = self.operation.in_path().into_iter().collect();
        let is_it = |it: &&Value| {
            it["name"].as_str().and_then(|it| names.get(it)).is_some_and(|it| it == name)
        };
        let example = parameters.clone().find(is_it).map_or(&Value::Null, |it| &it["example"]);
        self.in_path.insert(name.to_owned(), text(&nothing_like(example)));
    }

    /// Puts a header in the place of the one of its name, if there is one.
    pub(super) fn set_header(&mut self, key: &str, value: &str) {
        self.headers.retain(|row| row.key != key);
        self.headers.push(Row::new(key, value));
    }

    /// The variables without which it cannot be sent.
    pub(super) fn needs(&self) -> BTreeSet<String> {
        let mut text: String = self.in_path.values().map(String::as_str).collect();
        let rows = self.query.iter().chain(&self.headers).filter(|row| row.is_on);
        text.extend(rows.map(|row| &*row.value));
        text.extend(self.raw());
        match &self.by {
            By::Anyone => {}
            By::Inherited => text += &variable("token"),
            By::Holder(token) => text += &variable(token),
        }
        let names = text.split("{{").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0));
        // What makes a new name needs none.
        let own = |name: &str| name == UNIQUE && self.operation.makes_unique();
        names.filter(|name| !own(name)).map(str::to_owned).collect()
    }

    /// The body as text.
    fn raw(&self) -> Option<String> {
        let body = format!("{:#}", Value::Object(self.body.clone()?));
        let opened = body.replace(&format!("\"{NUMBER}"), "");
        Some(opened.replace(&format!("{NUMBER}\""), ""))
    }

    /// The request as the collection has it.
    pub(super) fn item(&self) -> Value {
        let rows = |rows: &[Row]| rows.iter().map(Row::to_json).collect::<Vec<_>>();
        let mut request = json!({
            "method": self.operation.binding.verb.to_uppercase(),
            "description": self.description,
            "header": rows(&self.headers),
            "url": self.url(),
        });
        if self.is_bytes {
            request["body"] = json!({"mode": "raw", "raw": "Any bytes."});
        } else if let Some(raw) = self.raw() {
            let options = json!({"raw": {"language": "json"}});
            request["body"] = json!({"mode": "raw", "raw": raw, "options": options});
        }
        match &self.by {
            By::Anyone => request["auth"] = json!({"type": "noauth"}),
            By::Inherited => {}
            By::Holder(token) => request["auth"] = bearer(token),
        }
        let scripts = [("prerequest", &self.before), ("test", &self.after)];
        let scripts = scripts.into_iter().filter(|(_, lines)| !lines.is_empty());
        let scripts: Vec<_> = scripts.map(|(when, lines)| scripts::event(when, lines)).collect();
        json!({"name": self.name, "event": scripts, "request": request, "response": self.answers})
    }

    fn url(&self) -> Value {
        let of_template: BTreeMap<_, _> = self.operation.in_path().into_iter().collect();
        let (mut path, mut variables) = (Vec::new(), Vec::new());
        for segment in self.operation.path().split('/').skip(1) {
            let mut segment = segment.to_owned();
            for (name, of_json) in &of_template {
                let value = &self.in_path[of_json];
                let is_whole = segment == format!("{{{name}}}");
                // Postman has variables of whole segments only.
                let written = if is_whole { format!(":{of_json}") } else { value.clone() };
                if is_whole {
                    variables.push(json!({"key": of_json, "value": value}));
                }
                segment = segment.replace(&format!("{{{name}}}"), &written);
            }
            path.push(segment);
        }
        let on: Vec<_> = self.query.iter().filter(|row| row.is_on).collect();
        let on: Vec<_> = on.iter().map(|row| format!("{}={}", row.key, row.value)).collect();
        let asked = if on.is_empty() { String::new() } else { format!("?{}", on.join("&")) };
        let mut url = json!({
            "raw": format!("{{{{baseUrl}}}}/{}{asked}", path.join("/")),
            "host": ["{{baseUrl}}"],
            "path": path,
        });
        if !self.query.is_empty() {
            url["query"] = self.query.iter().map(Row::to_json).collect();
        }
        if !variables.is_empty() {
            url["variable"] = json!(variables);
        }
        url
    }
}

/// The example of the answer.
fn answered(operation: &Operation<'_>) -> Option<Value> {
    let example = operation.answer().get("example")?;
    Some(json!({
        "name": "Success",
        "code": operation.success(),
        "header": [{"key": "Content-Type", "value": "application/json"}],
        "body": format!("{example:#}"),
        "_postman_previewlanguage": "json",
    }))
}

/// What the environment says of the administrator: what a sign-in asks for.
pub(super) fn asked_of_admin(all: &[Operation<'_>]) -> Vec<String> {
    let asked = operation::sign_in(all).map(Operation::needs);
    asked.into_iter().flatten().map(|name| operation::of(operation::ADMIN, &name)).collect()
}

/// Signs a request with the token in this variable.
pub(super) fn bearer(token: &str) -> Value {
    let token = json!({"key": "token", "value": variable(token), "type": "string"});
    json!({"type": "bearer", "bearer": [token]})
}

pub(super) fn variable(name: &str) -> String {
    format!("{{{{{name}}}}}")
}

/// A variable in the place of a value of a body.
fn fed_by(name: &str, example: &Value) -> Value {
    let variable = variable(name);
    if example.is_number() { json!(format!("{NUMBER}{variable}{NUMBER}")) } else { json!(variable) }
}

/// An id that nothing has: the largest number of 32 bits, or a text as the document has it, which nothing is called.
pub(super) fn nothing_like(example: &Value) -> Value {
    if example.is_number() { json!(i32::MAX) } else { example.clone() }
}

/// An example that is made unique by something of this run: a name with it behind, an e-mail with it before the `@`.
pub(super) fn made_unique(example: &Value, by: &str) -> Value {
    let text = text(example);
    json!(match text.split_once('@') {
        Some((person, host)) => format!("{person}-{by}@{host}"),
        None => format!("{text} {by}"),
    })
}

/// An example as it stands in a row.
fn text(example: &Value) -> String {
    match example {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
