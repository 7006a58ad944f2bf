//! Reads what each call promises: its REST form, which callers may make it, and the shape of its request.

use std::{collections::BTreeMap, error::Error, fmt::Write as _};

use prost_reflect::{DescriptorPool, Kind, MessageDescriptor, MethodDescriptor, Value};

/// One call of the contract.
pub(crate) struct Call {
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) request: MessageDescriptor,
    pub(crate) streaming: bool,
    pub(crate) access: String,
    pub(crate) comment: String,
    pub(crate) rest: Option<Rest>,
}

/// How a call looks over REST.
pub(crate) struct Rest {
    pub(crate) verb: &'static str,
    pub(crate) template: String,
    pub(crate) body: bool,
    pub(crate) success: i32,
    pub(crate) refusals: Vec<i32>,
}

/// Every call, in the order of the files.
pub(crate) fn read(pool: &DescriptorPool) -> Result<Vec<Call>, Box<dyn Error>> {
    let http = pool.get_extension_by_name("google.api.http").ok_or("google.api.http is missing")?;
    let ours = pool
        .get_extension_by_name("sir0.options.v1.call")
        .ok_or("sir0.options.v1.call is missing")?;

    let methods = pool.services().flat_map(|service| service.methods().collect::<Vec<_>>());
    methods
        .map(|method| {
            let options = method.options();
            let promised = options.get_extension(&ours);
            let promised = promised.as_message().ok_or("an option that is no message")?;
            let number =
                promised.get_field_by_name("access").and_then(|value| value.as_enum_number());
            let access = pool
                .get_enum_by_name("sir0.options.v1.Access")
                .and_then(|access| access.get_value(number.unwrap_or_default()))
                .ok_or_else(|| format!("{} has no known access", method.full_name()))?;
            let rest = options
                .has_extension(&http)
                .then(|| rest(&options.get_extension(&http), promised, access.name(), &method))
                .transpose()?;
            Ok(Call {
                service: method.parent_service().full_name().to_owned(),
                name: method.name().to_owned(),
                request: method.input(),
                streaming: method.is_server_streaming(),
                access: access.name().trim_start_matches("ACCESS_").to_owned(),
                comment: comment(&method),
                rest,
            })
        })
        .collect()
}

fn rest(
    rule: &Value,
    promised: &prost_reflect::DynamicMessage,
    access: &str,
    method: &MethodDescriptor,
) -> Result<Rest, Box<dyn Error>> {
    let rule = rule.as_message().ok_or("a rule that is no message")?;
    let (verb, template) = ["get", "put", "post", "delete", "patch"]
        .into_iter()
        .filter(|verb| rule.has_field_by_name(verb))
        .find_map(|verb| Some((verb, rule.get_field_by_name(verb)?.as_str()?.to_owned())))
        .ok_or_else(|| format!("{} has no HTTP verb", method.full_name()))?;
    let body = match rule.get_field_by_name("body").as_deref().and_then(Value::as_str) {
        None | Some("") => false,
        Some("*") => true,
        Some(_) => {
            return Err(format!("{}: only `body: \"*\"` is served", method.full_name()).into());
        }
    };

    let mut refusals: Vec<i32> = promised
        .get_field_by_name("rest_refusals")
        .and_then(|list| list.as_list().map(|list| list.iter().filter_map(Value::as_i32).collect()))
        .unwrap_or_default();
    // Unknown query parameters are refused, so any call can answer 400.
    refusals.push(400);
    if matches!(access, "ACCESS_OWNER" | "ACCESS_PUBLISHER") {
        refusals.extend([401, 403]);
    }
    if template.contains('{') {
        refusals.push(404);
    }
    refusals.sort_unstable();
    refusals.dedup();

    let success = promised.get_field_by_name("rest_success").and_then(|value| value.as_i32());
    let success = success.filter(|status| *status != 0).unwrap_or(200);
    Ok(Rest { verb, template, body, success, refusals })
}

/// The comment above the call in its file.
fn comment(method: &MethodDescriptor) -> String {
    let path = method.path();
    let file = method.parent_file();
    let proto = file.file_descriptor_proto();
    let locations = proto.source_code_info.iter().flat_map(|info| &info.location);
    locations
        .filter(|location| location.path == path)
        .find_map(|location| location.leading_comments.clone())
        .map(|text| text.lines().map(str::trim).collect::<Vec<_>>().join("\n"))
        .unwrap_or_default()
}

/// The table as Rust source.
pub(crate) fn render(calls: &[Call]) -> String {
    let mut shapes = BTreeMap::new();
    for call in calls {
        collect_shapes(&call.request, &mut shapes);
    }

    let mut source = String::new();
    for (name, message) in &shapes {
        let fields: String = message.fields().map(|field| render_field(&field)).collect();
        writeln!(source, "static {name}: Shape = Shape {{ fields: &[{fields}] }};")
            .expect("a string grows");
    }
    writeln!(source, "/// Every call of the contract, in the order of the files.")
        .expect("a string grows");
    writeln!(source, "pub static CALLS: &[Call] = &[").expect("a string grows");
    for (index, call) in calls.iter().enumerate() {
        let Call { service, name, streaming, access, comment, .. } = call;
        let access = upper_camel(access);
        let request = shape_name(&call.request);
        let rest = match &call.rest {
            None => "None".to_owned(),
            Some(rest) => render_rest(rest, &call.request),
        };
        writeln!(
            source,
            "Call {{ index: {index}, service: {service:?}, name: {name:?}, path: \"/{service}/{name}\", streaming: {streaming}, \
             access: Access::{access}, comment: {comment:?}, request: &{request}, rest: {rest} }},"
        )
        .expect("a string grows");
    }
    source.push_str("];\n");
    source
}

fn render_rest(rest: &Rest, request: &MessageDescriptor) -> String {
    let Rest { template, body, success, refusals, .. } = rest;
    let verb = rest.verb.to_uppercase();
    let (path, custom_verb) = match template.rsplit_once(':') {
        Some((path, custom)) => (path, format!("Some({custom:?})")),
        None => (template.as_str(), "None".to_owned()),
    };
    let segments: String = path
        .trim_start_matches('/')
        .split('/')
        .map(|segment| match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => {
                let field =
                    request.get_field_by_name(name).expect("the transcoder checked the template");
                format!("Segment::Variable({}),", render_field(&field).trim_end_matches(','))
            }
            None => format!("Segment::Literal({segment:?}),"),
        })
        .collect();
    format!(
        "Some(Rest {{ verb: {verb:?}, template: {template:?}, segments: &[{segments}], custom_verb: {custom_verb}, \
         body: {body}, success: {success}, refusals: &{refusals:?} }})"
    )
}

fn render_field(field: &prost_reflect::FieldDescriptor) -> String {
    let kind = match field.kind() {
        Kind::String => "Kind::Text".to_owned(),
        Kind::Bool => "Kind::Bool".to_owned(),
        Kind::Int32 => "Kind::Int32".to_owned(),
        Kind::Double => "Kind::Double".to_owned(),
        Kind::Message(message) => format!("Kind::Message(&{})", shape_name(&message)),
        other => panic!("requests use no {other:?} yet: teach Kind and the REST door about it"),
    };
    let (name, json, repeated) = (field.name(), field.json_name(), field.is_list());
    format!("Field {{ name: {name:?}, json: {json:?}, kind: {kind}, repeated: {repeated} }},")
}

fn collect_shapes(message: &MessageDescriptor, shapes: &mut BTreeMap<String, MessageDescriptor>) {
    if shapes.insert(shape_name(message), message.clone()).is_none() {
        for field in message.fields() {
            if let Kind::Message(inner) = field.kind() {
                collect_shapes(&inner, shapes);
            }
        }
    }
}

fn shape_name(message: &MessageDescriptor) -> String {
    message.full_name().replace('.', "_").to_uppercase()
}

fn upper_camel(shouting: &str) -> String {
    shouting.split('_').map(|word| word[..1].to_owned() + &word[1..].to_lowercase()).collect()
}
