//! Rules of `google.api.http`: the ways to make a call over REST.

use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor, Value,
};

use crate::{Error, shapes, template::Template};

/// One way to make a call over REST.
#[derive(Debug)]
pub(crate) struct Binding {
    /// `get`, `put`, `post`, `delete` or `patch`.
    pub(crate) verb: &'static str,
    /// As the file has it.
    pub(crate) text: String,
    pub(crate) template: Template,
    /// The fields that lead to each variable of the template.
    pub(crate) ways: Vec<Vec<FieldDescriptor>>,
    pub(crate) body: Part,
    pub(crate) response: Part,
}

/// A part of a message.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Nothing,
    Whole,
    Field(FieldDescriptor),
}

impl Part {
    /// Whether this part is bytes with a content type, and no JSON.
    pub(crate) fn is_http_body(&self, of: &MessageDescriptor) -> bool {
        let message = match self {
            Self::Nothing => return false,
            Self::Whole => of.clone(),
            Self::Field(field) => match field.kind() {
                Kind::Message(message) if !field.is_list() => message,
                _ => return false,
            },
        };
        message.full_name() == shapes::HTTP_BODY
    }
}

/// The rule of a call, and its additional ones.
pub(crate) fn read(
    method: &MethodDescriptor,
    rule: &DynamicMessage,
) -> Result<Vec<Binding>, Error> {
    let mut bindings = vec![one(method, rule)?];
    let more = rule.get_field_by_name("additional_bindings");
    for rule in more.as_deref().and_then(Value::as_list).unwrap_or_default() {
        if let Value::Message(rule) = rule {
            bindings.push(one(method, rule)?);
        }
    }
    Ok(bindings)
}

fn one(method: &MethodDescriptor, rule: &DynamicMessage) -> Result<Binding, Error> {
    let wrong = |why: String| Error::at(method.full_name(), why);
    let text = |name: &str| {
        let text = rule.get_field_by_name(name).and_then(|it| it.as_str().map(str::to_owned));
        text.unwrap_or_default()
    };
    let verb = ["get", "put", "post", "delete", "patch"]
        .into_iter()
        .find(|verb| rule.has_field_by_name(verb))
        .ok_or_else(|| wrong("has no method of HTTP that is served".to_owned()))?;
    let template = Template::parse(&text(verb)).map_err(wrong)?;
    let request = method.input();
    let mut ways = Vec::new();
    for variable in &template.variables {
        ways.push(way(&request, &variable.field).map_err(wrong)?);
    }
    let part = |name: &str, of: &MessageDescriptor, none: Part| match &*text(name) {
        "" => Ok(none),
        "*" => Ok(Part::Whole),
        field => of
            .get_field_by_name(field)
            .map(Part::Field)
            .ok_or_else(|| wrong(format!("`{name}` names no field: `{field}`"))),
    };
    let binding = Binding {
        verb,
        text: text(verb),
        body: part("body", &request, Part::Nothing)?,
        response: part("response_body", &method.output(), Part::Whole)?,
        template,
        ways,
    };
    judge(method, &binding).map_err(wrong)?;
    Ok(binding)
}

/// The fields that a name leads through. All but the last are messages, and none holds several values.
fn way(request: &MessageDescriptor, path: &str) -> Result<Vec<FieldDescriptor>, String> {
    let mut way = Vec::new();
    let mut around = Some(request.clone());
    for name in path.split('.') {
        let field = around.and_then(|message| message.get_field_by_name(name));
        let field = field.ok_or_else(|| format!("`{path}` is no field of the request"))?;
        if field.is_list() || field.is_map() {
            return Err(format!("`{path}` holds several values, a path holds one"));
        }
        around = match field.kind() {
            Kind::Message(message) => Some(message),
            _ => None,
        };
        way.push(field);
    }
    match around {
        Some(message) if !shapes::is_value(&message) => Err(format!("`{path}` is a message")),
        _ => Ok(way),
    }
}

/// Refuses what REST cannot serve.
fn judge(method: &MethodDescriptor, binding: &Binding) -> Result<(), String> {
    let Binding { verb, body, ways, .. } = binding;
    if matches!(*verb, "get" | "delete") && !matches!(body, Part::Nothing) {
        return Err(format!("`{verb}` has no body"));
    }
    if method.is_client_streaming() && !body.is_http_body(&method.input()) {
        return Err(format!("takes a stream: its body must be a {}", shapes::HTTP_BODY));
    }
    if let Part::Field(body) = body
        && ways.iter().any(|way| *way == [body.clone()])
    {
        return Err(format!("`{}` is in the path and in the body", body.name()));
    }
    Ok(())
}
