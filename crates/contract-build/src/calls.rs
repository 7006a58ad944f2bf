//! Reads what each call promises: its REST form, which callers may make it, and the shape of its request.

use std::{borrow::Cow, collections::BTreeMap};

use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor, Value};

use crate::{
    Error,
    binding::{self, Binding},
    comments,
    paging::{self, Paging},
    refusals::{self, Refusal},
    shapes,
};

/// One call of the contract.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: MethodDescriptor,
    /// Its place among the calls of its service.
    pub(crate) number: usize,
    /// Without `ACCESS_`.
    pub(crate) access: String,
    /// The scope that opens it to API tokens.
    pub(crate) scope: Option<String>,
    /// By what attempts are counted, such as `ADDRESS`.
    pub(crate) limits: Vec<String>,
    /// Whether it may have an idempotency key.
    pub(crate) takes_key: bool,
    /// Whether its answer holds a secret.
    pub(crate) answers_secret: bool,
    /// Whether requests alone do not make it with success.
    pub(crate) takes_more: bool,
    pub(crate) comment: String,
    pub(crate) rest: Option<Rest>,
}

/// How a call looks over REST.
#[derive(Debug)]
pub(crate) struct Rest {
    pub(crate) bindings: Vec<Binding>,
    pub(crate) success: i32,
    /// Statuses of refusals that are told one by one.
    pub(crate) refusals: Vec<i32>,
    /// The refusals that the file names.
    pub(crate) named: Vec<Refusal>,
    /// Statuses with which the answer itself comes, beside the success.
    pub(crate) answers: Vec<i32>,
    /// How the example of such an answer differs from that of a success, as JSON.
    pub(crate) answers_example: Option<serde_json::Value>,
    /// The forms of the file that it takes or answers.
    pub(crate) files: Vec<FileType>,
    /// Whether answers have an entity tag.
    pub(crate) is_tagged: bool,
    /// Whether the call judges `If-Match`.
    pub(crate) takes_conditions: bool,
    /// How a list goes on.
    pub(crate) paging: Option<Paging>,
}

/// One form of a file.
#[derive(Debug)]
pub(crate) struct FileType {
    pub(crate) media_type: String,
    pub(crate) example: String,
}

impl Call {
    /// The name of the call in the document, and of the function that a generator makes of it: `listGames`.
    pub(crate) fn operation(&self) -> String {
        let (first, rest) = self.method.name().split_at(1);
        first.to_lowercase() + rest
    }
}

/// Every call, in the order of the files.
pub(crate) fn read(pool: &DescriptorPool) -> Result<Vec<Call>, Error> {
    let mut calls = Vec::new();
    for service in pool.services() {
        for (number, method) in service.methods().enumerate() {
            calls.push(call(pool, number, method)?);
        }
    }
    Ok(calls)
}

fn call(pool: &DescriptorPool, number: usize, method: MethodDescriptor) -> Result<Call, Error> {
    let options = method.options();
    let http = pool.get_extension_by_name("google.api.http");
    let http = http.filter(|http| options.has_extension(http));
    let promised = pool.get_extension_by_name("sir0.options.v1.call");
    let promised = promised.map(|it| options.get_extension(&it).into_owned());
    let promised = promised.as_ref().and_then(Value::as_message);
    let access = access(pool, promised);
    let (limits, scope) = (limits(pool, promised), scope(promised));
    let mut rest = match http.map(|http| options.get_extension(&http).into_owned()) {
        Some(Value::Message(rule)) => {
            let bindings = binding::read(&method, &rule)?;
            shapes::judge(&method.input())?;
            shapes::judge(&method.output())?;
            let named = refusals::named(pool, &method, promised)?;
            let mut rest = rest(bindings, promised, &access, named)
                .map_err(|why| Error::at(method.full_name(), why))?;
            judge_tagged(&method, &rest, &access)?;
            rest.paging = paging::of(&method, &rest.bindings);
            Some(rest)
        }
        _ => None,
    };
    let takes_key = takes_key(&method, rest.as_ref(), &access);
    if let Some(rest) = rest.as_mut().filter(|_| takes_key) {
        // The same key may be at work already.
        rest.refusals.push(409);
        rest.refusals.sort_unstable();
        rest.refusals.dedup();
    }
    let answers_secret = holds_secret(&method.output());
    let takes_more = promised.and_then(|it| it.get_field_by_name("example_takes"));
    let takes_more = takes_more.is_some_and(|it| it.as_str().is_some_and(|it| !it.is_empty()));
    let comment = comments::lines(&method.parent_file(), method.path()).join("\n");
    Ok(Call {
        method,
        number,
        access,
        scope,
        limits,
        takes_key,
        answers_secret,
        takes_more,
        comment,
        rest,
    })
}

/// Whether a call may have an idempotency key: it is a change, and made by people who are signed in. What a stranger named a
/// request, another stranger could guess.
fn takes_key(method: &MethodDescriptor, rest: Option<&Rest>, access: &str) -> bool {
    let is_change = rest.is_some_and(|it| it.bindings.iter().all(|binding| binding.verb != "get"));
    let is_unary = !method.is_client_streaming() && !method.is_server_streaming();
    is_change && is_unary && matches!(access, "OWNER" | "PUBLISHER" | "SIGNED_IN" | "ADMIN")
}

/// Whether a message holds a secret: a field of it, or of a message inside it, is marked with `debug_redact`.
fn holds_secret(message: &MessageDescriptor) -> bool {
    let mut seen = BTreeMap::new();
    shapes::collect(message, &mut seen);
    seen.values().flat_map(MessageDescriptor::fields).any(|field| shapes::is_secret(&field))
}

fn access(pool: &DescriptorPool, promised: Option<&DynamicMessage>) -> String {
    let number = promised.and_then(|it| it.get_field_by_name("access"));
    let number = number.and_then(|it| it.as_enum_number()).unwrap_or_default();
    let known = pool.get_enum_by_name("sir0.options.v1.Access");
    let known = known.and_then(|access| access.get_value(number));
    known.map_or_else(
        || "UNSPECIFIED".to_owned(),
        |value| value.name().trim_start_matches("ACCESS_").to_owned(),
    )
}

/// The scope that opens the call to API tokens.
fn scope(promised: Option<&DynamicMessage>) -> Option<String> {
    let scope = promised?.get_field_by_name("scope")?;
    scope.as_str().filter(|scope| !scope.is_empty()).map(str::to_owned)
}

/// By what attempts at the call are counted, such as `ADDRESS`.
fn limits(pool: &DescriptorPool, promised: Option<&DynamicMessage>) -> Vec<String> {
    let listed = promised.and_then(|it| it.get_field_by_name("limits")).map(Cow::into_owned);
    let listed = listed.as_ref().and_then(Value::as_list).unwrap_or_default();
    let known = pool.get_enum_by_name("sir0.options.v1.Limit");
    let values = listed.iter().filter_map(Value::as_enum_number);
    let values = values.filter_map(|number| known.as_ref()?.get_value(number));
    values.map(|value| value.name().trim_start_matches("LIMIT_").to_owned()).collect()
}

fn rest(
    bindings: Vec<Binding>,
    promised: Option<&DynamicMessage>,
    access: &str,
    named: Vec<Refusal>,
) -> Result<Rest, String> {
    let field =
        |name: &str| promised.and_then(|it| it.get_field_by_name(name)).map(Cow::into_owned);
    let listed = |name| {
        let listed = field(name);
        let listed = listed.as_ref().and_then(Value::as_list).unwrap_or_default();
        listed.iter().filter_map(Value::as_i32).collect::<Vec<_>>()
    };
    let answers = listed("rest_answers");
    let mut refusals: Vec<_> = named.iter().map(|refusal| refusal.status).collect();
    // Unknown query parameters are refused, so any call can answer 400.
    refusals.push(400);
    match access {
        "OWNER" | "PUBLISHER" | "ADMIN" | "SIGNED_IN" => refusals.extend([401, 403]),
        _ => {}
    }
    let is_set = |name| field(name).as_ref().and_then(Value::as_bool).unwrap_or_default();
    let (is_tagged, takes_conditions) = (is_set("rest_tagged"), is_set("rest_if_match"));
    if is_tagged || takes_conditions {
        refusals.push(412);
    }
    refusals.sort_unstable();
    refusals.dedup();
    let success = field("rest_success").as_ref().and_then(Value::as_i32);
    let success = success.filter(|status| *status != 0).unwrap_or(200);
    let example = field("rest_answers_example");
    let example = example.as_ref().and_then(Value::as_str).filter(|json| !json.is_empty());
    let answers_example = example.map(serde_json::from_str).transpose();
    let answers_example = answers_example.map_err(|_no_json| "has an example that is no JSON")?;
    Ok(Rest {
        bindings,
        success,
        refusals,
        named,
        answers,
        answers_example,
        files: files(field("rest_files").as_ref()),
        is_tagged,
        takes_conditions,
        paging: None,
    })
}

fn files(listed: Option<&Value>) -> Vec<FileType> {
    let listed = listed.and_then(Value::as_list).unwrap_or_default();
    let text = |of: &DynamicMessage, name| {
        let text = of.get_field_by_name(name);
        text.as_deref().and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let types = listed.iter().filter_map(Value::as_message);
    types
        .map(|it| FileType { media_type: text(it, "media_type"), example: text(it, "example") })
        .collect()
}

/// Refuses a tag where it would be wrong: a cache hands an answer with a tag to the next caller.
fn judge_tagged(method: &MethodDescriptor, rest: &Rest, access: &str) -> Result<(), Error> {
    let refused = |why| Err(Error::at(method.full_name(), why));
    let reads = rest.bindings.iter().all(|binding| binding.verb == "get");
    if rest.is_tagged && access != "ANYONE" {
        refused("is tagged, and not the same to everyone: let `ACCESS_ANYONE` make it")
    } else if rest.is_tagged && (!reads || method.is_server_streaming()) {
        refused("is tagged, and is not a `get` of one message")
    } else if rest.takes_conditions && reads {
        refused("takes `If-Match`, and changes nothing")
    } else {
        Ok(())
    }
}

/// Refuses calls that a client could not tell apart.
pub(crate) fn judge(calls: &[Call]) -> Result<(), Error> {
    let (mut operations, mut paths) = (BTreeMap::new(), BTreeMap::new());
    for call in calls {
        let (name, Some(rest)) = (call.method.full_name(), &call.rest) else { continue };
        if let Some(other) = operations.insert(call.operation(), name) {
            return Err(Error::at(
                name,
                format!("`{other}` has the operation `{}` too", call.operation()),
            ));
        }
        for Binding { verb, template, .. } in &rest.bindings {
            let looks = format!("{} {}", verb.to_uppercase(), template.looks());
            if let Some(other) = paths.insert(looks.clone(), name) {
                return Err(Error::at(name, format!("`{other}` has the path `{looks}` too")));
            }
        }
    }
    Ok(())
}
