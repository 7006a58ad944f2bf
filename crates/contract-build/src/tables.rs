//! The tables of `sir0-transcoding`, as Rust source.

use std::{collections::BTreeMap, fmt::Write as _};

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};

use crate::{
    binding::{Binding, Part},
    bounds,
    calls::{Call, Rest},
    dispatch::snake,
    paging::Paging,
    refusals::Refusal,
    shapes,
    template::Segment,
};

/// The table of a package's calls, what it refers to, and the calls by their names.
pub(crate) fn render(calls: &[&Call]) -> String {
    let mut messages = BTreeMap::new();
    for call in calls {
        shapes::collect(&call.method.input(), &mut messages);
        shapes::collect(&call.method.output(), &mut messages);
    }
    let fields = messages.values().flat_map(MessageDescriptor::fields);
    let enums = fields.filter_map(|field| match field.kind() {
        Kind::Enum(named) => Some((named.full_name().to_owned(), named)),
        _ => None,
    });
    let enums: BTreeMap<_, _> = enums.collect();
    let enums: String = enums.values().map(render_enum).collect();
    let shapes: String = messages.values().map(render_shape).collect();
    let table: String = calls.iter().map(|call| render_call(call)).collect();
    let names = render_names(calls);
    format!(
        "/// What messages look like, by their full names.\n\
         pub mod shapes {{\nuse ::sir0_transcoding::*;\n{enums}{shapes}\
         /// Every call of the package, in the order of the files.\n\
         pub static CALLS: &[Call] = &[\n{table}];\n}}\n\
         pub use shapes::CALLS;\n\
         /// The calls of each service by their names, as a doorway shows them to the doorman.\n\
         pub mod calls {{\n{names}}}\n"
    )
}

/// Each call by its name, in a module for each service: `games_service::UPDATE_GAME`.
fn render_names(calls: &[&Call]) -> String {
    let mut services = BTreeMap::<_, String>::new();
    for (index, call) in calls.iter().enumerate() {
        let (service, name) = (call.method.parent_service(), call.method.name());
        let constant = snake(name).to_uppercase();
        let line = format!(
            "/// `{name}`.\npub static {constant}: &::sir0_transcoding::Call = &super::super::CALLS[{index}];\n"
        );
        services.entry(snake(service.name())).or_default().push_str(&line);
    }
    let module = |(name, lines)| {
        format!("/// The calls of a service by their names.\npub mod {name} {{\n{lines}}}\n")
    };
    services.into_iter().map(module).collect()
}

fn render_enum(named: &EnumDescriptor) -> String {
    let name = named.full_name();
    // In the order of the file: theirs is by number.
    let values = &named.enum_descriptor_proto().value;
    let values: Vec<_> = values.iter().map(|value| (value.name(), value.number())).collect();
    let constant = constant(name);
    format!(
        "/// `{name}`.\npub static {constant}: Enum = Enum {{ name: {name:?}, values: &{values:?} }};\n"
    )
}

fn render_shape(message: &MessageDescriptor) -> String {
    let (name, constant) = (message.full_name(), constant(message.full_name()));
    // A message without a form stands in no call of REST.
    let form = shapes::form(message).unwrap_or(shapes::Form::Object);
    let mut patterns = String::new();
    let fields: String =
        shapes::fields(message).iter().map(|field| render_field(field, &mut patterns)).collect();
    format!(
        "{patterns}/// `{name}`.\npub static {constant}: Shape = Shape {{ name: {name:?}, form: Form::{form:?}, fields: &[{fields}] }};\n"
    )
}

fn render_field(field: &FieldDescriptor, patterns: &mut String) -> String {
    let kind = match field.kind() {
        Kind::String => "Text".to_owned(),
        Kind::Enum(named) => format!("Enum(&{})", constant(named.full_name())),
        Kind::Message(message) => format!("Message(&{})", constant(message.full_name())),
        // `int32` is `Kind::Int32`.
        scalar => first_upper(&format!("{scalar:?}")),
    };
    let holds = if field.is_map() {
        "Map"
    } else if field.is_list() {
        "Several"
    } else if shapes::has_presence(field) {
        "Perhaps"
    } else {
        "One"
    };
    let (number, name, json) = (field.number(), field.name(), field.json_name());
    let (key, oneof) = (format!("\"{json}\":"), shapes::oneof(field));
    let rendered = bounds::of(field).render(&constant(field.full_name()));
    patterns.push_str(&rendered.patterns);
    let bounds = rendered.bounds;
    format!(
        "Field {{ number: {number}, name: {name:?}, json: {json:?}, key: {key:?}, kind: Kind::{kind}, holds: Holds::{holds}, \
         oneof: {oneof:?}, bounds: &[{bounds}] }},"
    )
}

fn render_call(call: &Call) -> String {
    let Call { method, number, access, scope, limits, takes_key, .. } = call;
    let Call { answers_secret, comment, rest, .. } = call;
    let keying = match (takes_key, answers_secret) {
        (false, _) => "Never",
        (true, false) => "Answered",
        (true, true) => "Refused",
    };
    let (service, name) = (method.parent_service().full_name().to_owned(), method.name());
    let (takes_stream, streaming) = (method.is_client_streaming(), method.is_server_streaming());
    let access = upper_camel(access);
    let limits = limits.iter().map(|limit| format!("Limit::{}, ", upper_camel(limit)));
    let limits = limits.collect::<Vec<_>>().concat();
    let request = constant(method.input().full_name());
    let response = constant(method.output().full_name());
    let rest = rest.as_ref().map_or_else(|| "None".to_owned(), render_rest);
    format!(
        "Call {{ service: {service:?}, name: {name:?}, path: \"/{service}/{name}\", number: {number}, \
         takes_stream: {takes_stream}, streaming: {streaming}, access: Access::{access}, \
         scope: {scope:?}, limits: &[{limits}], \
         keying: Keying::{keying}, comment: {comment:?}, \
         request: &{request}, response: &{response}, rest: {rest} }},\n"
    )
}

fn render_rest(rest: &Rest) -> String {
    let Rest { bindings, success, refusals, named, is_tagged, takes_conditions, paging, .. } = rest;
    let facts: String = named.iter().filter_map(render_facts).collect();
    let bindings: String = bindings.iter().map(render_binding).collect();
    let paging = paging.as_ref().map_or_else(
        || "None".to_owned(),
        |Paging { next, token }| {
            let (next, token) = (reference(next), reference(token));
            format!("Some(Paging {{ next: {next}, token: {token} }})")
        },
    );
    format!(
        "Some(Rest {{ success: {success}, is_tagged: {is_tagged}, takes_conditions: {takes_conditions}, \
         refusals: &{refusals:?}, facts: &[{facts}], bindings: &[{bindings}], paging: {paging} }})"
    )
}

/// Where a refusal has its facts over REST, if it has any.
fn render_facts(Refusal { reason, facts, .. }: &Refusal) -> Option<String> {
    let (member, facts) = facts.as_ref()?;
    let lists = facts.iter().filter(|(_, fact)| fact.is_array());
    let lists: Vec<_> = lists.map(|(name, _)| name).collect();
    Some(format!("Facts {{ reason: {reason:?}, member: {member:?}, lists: &{lists:?} }},"))
}

fn render_binding(binding: &Binding) -> String {
    let Binding { verb, text, template, ways, body, response } = binding;
    let mut segments = String::new();
    for segment in &template.segments {
        match segment {
            Segment::Literal(literal) => write!(segments, "Segment::Literal({literal:?}),"),
            Segment::Any => write!(segments, "Segment::Any,"),
            Segment::Rest => write!(segments, "Segment::Rest,"),
        }
        .expect("a string grows");
    }
    let mut variables = String::new();
    for (variable, way) in template.variables.iter().zip(ways) {
        let way = way.iter().map(reference).collect::<Vec<_>>().join(",");
        let (from, to) = (variable.from, variable.to);
        write!(variables, "Variable {{ field: &[{way}], from: {from}, to: {to:?} }},")
            .expect("a string grows");
    }
    let (verb, custom_verb) = (verb.to_uppercase(), &template.custom_verb);
    let (body, response) = (part(body), part(response));
    format!(
        "Binding {{ verb: {verb:?}, template: {text:?}, segments: &[{segments}], custom_verb: {custom_verb:?}, \
         variables: &[{variables}], body: {body}, response: {response} }},"
    )
}

fn part(part: &Part) -> String {
    match part {
        Part::Nothing => "Part::Nothing".to_owned(),
        Part::Whole => "Part::Whole".to_owned(),
        Part::Field(field) => format!("Part::Field({})", reference(field)),
    }
}

/// A field of a shape that is rendered: the same in every table, so that its address tells it apart.
fn reference(field: &FieldDescriptor) -> String {
    let message = field.parent_message();
    let index = shapes::fields(message).iter().position(|it| it == field);
    format!("&{}.fields[{}]", constant(message.full_name()), index.expect("a field of its message"))
}

fn constant(name: &str) -> String {
    name.replace('.', "_").to_uppercase()
}

fn upper_camel(shouting: &str) -> String {
    shouting.to_lowercase().split('_').map(first_upper).collect()
}

fn first_upper(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}
