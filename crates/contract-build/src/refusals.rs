//! For which reasons a call refuses: what its file names, what follows from what else it promises, and what any call
//! can meet.

use std::borrow::Cow;

use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, Value};
use serde_json::Map;

use crate::{Error, calls::Call};

/// A refusal, as a client is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Over REST.
    pub(crate) status: i32,
    pub(crate) reason: Cow<'static, str>,
    /// The broader reason in whose words it is told over REST, if that is another one.
    pub(crate) kind: Option<String>,
    /// The message, as it may read.
    pub(crate) details: Cow<'static, str>,
    /// The field that it names, and what it says of the field.
    pub(crate) field: Option<(Cow<'static, str>, Cow<'static, str>)>,
    /// Whether it says when to try again.
    pub(crate) tells_wait: bool,
    /// How the body of a request that is refused so differs from the example.
    pub(crate) request: Option<Map<String, serde_json::Value>>,
    /// How many of the same come before it.
    pub(crate) tries: usize,
    /// Whether another person than usual makes it.
    pub(crate) by_another: bool,
    /// The member that has the facts of the refusal, and the facts as they may read.
    pub(crate) facts: Option<(String, Map<String, serde_json::Value>)>,
}

impl Refusal {
    const fn known(status: i32, reason: &'static str, details: &'static str) -> Self {
        let (reason, details) = (Cow::Borrowed(reason), Cow::Borrowed(details));
        Self {
            status,
            reason,
            kind: None,
            details,
            field: None,
            tells_wait: false,
            request: None,
            tries: 0,
            by_another: false,
            facts: None,
        }
    }

    /// Whether it refuses a name that somebody has.
    pub(crate) fn is_taken(&self) -> bool {
        self.reason.ends_with("_TAKEN") && self.field.is_some()
    }

    fn telling_wait(self) -> Self {
        Self { tells_wait: true, ..self }
    }
}

/// What any call can meet. A test of the port holds it against what the doors say.
pub(crate) fn of_any_call() -> Vec<Refusal> {
    let known = Refusal::known;
    let field = (Cow::Borrowed("colour"), Cow::Borrowed("is not a field of this request"));
    let details = "`colour` is not a field of this request";
    vec![
        Refusal { field: Some(field), ..known(400, "INVALID_FIELDS", details) },
        known(400, "BODY_NOT_GZIP", "the body is not the one whole gzip that it is said to be"),
        known(400, "BODY_BROKEN_OFF", "the body ended before it was complete"),
        known(400, "MALFORMED_REQUEST", "the request is not well-formed HTTP"),
        known(400, "BAD_HOST", "a request names one host, such as `sir0.example` or `[::1]:8080`"),
        known(
            400,
            "BAD_TARGET",
            "the target of a request is a path, or an http URL without a user",
        ),
        known(408, "BODY_TOO_SLOW", "the body did not arrive in time"),
        known(
            412,
            "PRECONDITION_FAILED",
            "nothing that this call is about has a tag, send it without `If-Match`",
        ),
        known(413, "BODY_TOO_LARGE", "the body is larger than this server takes"),
        known(414, "TARGET_TOO_LONG", "the path and the query are longer than this server takes"),
        known(415, "ENCODED_BODY", "send the body as it is, or in gzip"),
        known(
            417,
            "EXPECTATION_FAILED",
            "nothing but `100-continue` can be expected of this server",
        ),
        known(
            429,
            "TOO_MANY_REQUESTS",
            "too many requests came from here lately, try again in 1 s",
        )
        .telling_wait(),
        known(429, "TOO_MUCH_WAITING", "too much waits for this client, read or finish that first")
            .telling_wait(),
        known(431, "HEADERS_TOO_LARGE", "the headers are larger, or more, than this server takes"),
        known(
            500,
            "INTERNAL_ERROR",
            "something went wrong on our side (request 01kb2m3n4p5q6r7s8t9v0w1x2y)",
        ),
        known(501, "UNKNOWN_TRANSFER_CODING", "the only transfer coding is `chunked`"),
        known(
            503,
            "UNAVAILABLE",
            "not available at the moment, try again (request 01kb2m3n4p5q6r7s8t9v0w1x2y)",
        )
        .telling_wait(),
        known(504, "DEADLINE_EXCEEDED", "the call took too long and was given up"),
    ]
}

/// What follows from who may make a call, from its tags, and from whether it takes a key.
pub(crate) fn that_follow(call: &Call) -> Vec<Refusal> {
    let known = Refusal::known;
    let sign_in = || {
        known(
            401,
            "SIGN_IN_REQUIRED",
            "sign in and send the access token as `Authorization: Bearer <token>`",
        )
    };
    let mut refusals = match call.access.as_str() {
        "OWNER" => vec![
            sign_in(),
            known(
                403,
                "NOT_YOUR_ACCOUNT",
                "only its owner and administrators may do this with an account",
            ),
        ],
        "SIGNED_IN" => vec![sign_in()],
        "PUBLISHER" => vec![
            sign_in(),
            known(403, "PUBLISHER_ROLE_REQUIRED", "only publishers and administrators may do this"),
        ],
        "ADMIN" => vec![
            sign_in(),
            known(403, "ADMINISTRATOR_ROLE_REQUIRED", "only administrators may do this"),
        ],
        _ => Vec::new(),
    };
    if !refusals.is_empty() {
        let details = "the API token of this access token does not open this";
        refusals.push(known(403, "SCOPE_MISSING", details));
    }
    if call.rest.as_ref().is_some_and(|rest| rest.is_tagged || rest.takes_conditions) {
        let details = "this has no tag that `If-Match` names, read it again";
        refusals.push(known(412, "PRECONDITION_FAILED", details));
    }
    if call.takes_key {
        let details = "this key came with another request before, take a new key for a new request";
        refusals.push(known(400, "KEY_REUSED", details));
        let details = "the same request is being worked on, ask again for its answer";
        refusals.push(known(409, "STILL_RUNNING", details).telling_wait());
        if call.answers_secret {
            let details = "this was done before, and its answer held a secret that is not kept";
            refusals.push(known(409, "ALREADY_DONE", details));
        }
    }
    refusals
}

/// What the file names for a call, as its service describes it.
pub(crate) fn named(
    pool: &DescriptorPool,
    method: &MethodDescriptor,
    promised: Option<&DynamicMessage>,
) -> Result<Vec<Refusal>, Error> {
    let service = method.parent_service();
    let known = described(pool, method);
    let known = known.map_err(|why| Error::at(service.full_name(), why))?;
    let names = promised.and_then(|it| it.get_field_by_name("refusals"));
    let names = names.as_deref().and_then(Value::as_list).unwrap_or_default();
    let names = names.iter().filter_map(Value::as_str);
    let found = names.map(|name| {
        let found = known.iter().find(|refusal| refusal.reason == name).cloned();
        let service = method.parent_service();
        let why = || format!("refuses with `{name}`, which {} does not describe", service.name());
        let found = found.ok_or_else(|| Error::at(method.full_name(), why()))?;
        if (400..600).contains(&found.status) && !found.details.is_empty() {
            return Ok(found);
        }
        Err(Error::at(service.full_name(), format!("`{name}` lacks a status or a message")))
    });
    found.collect()
}

/// The `refusal` options of a service.
fn described(pool: &DescriptorPool, method: &MethodDescriptor) -> Result<Vec<Refusal>, String> {
    let Some(extension) = pool.get_extension_by_name("sir0.options.v1.refusal") else {
        return Ok(Vec::new());
    };
    let options = method.parent_service().options();
    let described = options.get_extension(&extension);
    let described = described.as_list().unwrap_or_default().iter();
    described.filter_map(Value::as_message).map(read).collect()
}

fn read(said: &DynamicMessage) -> Result<Refusal, String> {
    let text = |name: &str| {
        let text = said.get_field_by_name(name);
        text.and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let status = said.get_field_by_name("rest_status").and_then(|status| status.as_i32());
    let tells_wait = said.get_field_by_name("tells_wait").and_then(|tells| tells.as_bool());
    let tries = said.get_field_by_name("example_tries").and_then(|tries| tries.as_i32());
    let by_another = said.get_field_by_name("example_by_another").and_then(|it| it.as_bool());
    let field = Some(text("field")).filter(|field| !field.is_empty());
    let reason = text("reason");
    let request = Some(text("example_request")).filter(|request| !request.is_empty());
    let request = request.map(|request| serde_json::from_str(&request)).transpose();
    let request =
        request.map_err(|_no_json| format!("`{reason}` has a request that is no object"))?;
    let facts = Some(text("rest_facts")).filter(|member| !member.is_empty());
    let facts = facts.map(|member| Ok((member, serde_json::from_str(&text("facts_example"))?)));
    let facts: Result<_, serde_json::Error> = facts.transpose();
    let facts = facts.map_err(|_no_json| format!("`{reason}` has facts that are no object"))?;
    Ok(Refusal {
        status: status.unwrap_or_default(),
        reason: reason.into(),
        kind: Some(text("kind")).filter(|kind| !kind.is_empty()),
        details: text("details").into(),
        field: field.map(|field| (field.into(), text("fault").into())),
        tells_wait: tells_wait.unwrap_or_default(),
        request,
        tries: tries.and_then(|tries| tries.try_into().ok()).unwrap_or_default(),
        by_another: by_another.unwrap_or_default(),
        facts,
    })
}
