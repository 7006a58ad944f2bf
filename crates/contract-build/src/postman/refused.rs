//! Each refusal that a request alone can meet. How follows from what the refusal is about; what no rule tells stands with the
//! refusal, in the options of its service.

use std::collections::BTreeMap;

use prost_reflect::Kind;
use serde_json::{Map, Value, json};

use super::{
    operation::{self, Operation},
    plan::Plan,
    request::{By, KEY, Request, Row, UNIQUE, made_unique, nothing_like, variable},
    scripts,
};
use crate::refusals::{self, Refusal};

/// What any call refuses for its headers alone.
const BY_HEADER: [(&str, &str, &str); 4] = [
    ("PRECONDITION_FAILED", "If-Match", "\"another\""),
    ("BODY_NOT_GZIP", "Content-Encoding", "gzip"),
    ("ENCODED_BODY", "Content-Encoding", "br"),
    ("EXPECTATION_FAILED", "Expect", "something"),
];

/// The refusals of all calls, a folder for each service, and of any call.
pub(super) fn folder(operations: &[Operation<'_>]) -> Value {
    let folder = |name: &str, items: Vec<Value>| json!({"name": name, "item": items});
    let mut plan = Plan::of(operations);
    // First of all: it makes what most of the others need, too.
    plan.ensure(&operation::of(operation::ANOTHER, "token"));
    plan.ensure(&operation::of(operation::ADMIN, "token"));
    let mut folders = vec![json!({
        "name": "Before",
        "description": "Two accounts with a session each, and an administrator.",
        "item": plan.take_items(),
    })];
    let mut groups = operation::groups(operations);
    // What administrators do to an account may end its sessions, which the others need.
    groups.sort_by_key(|group| {
        operations.iter().any(|it| it.group() == *group && it.call.access == "ADMIN")
    });
    for group in groups {
        for operation in operation::in_order(operations, group) {
            of_call(&mut plan, operation, operations);
        }
        folders.push(folder(group, plan.take_items()));
    }
    of_any_call(&mut plan, operations);
    folders.push(folder("Any call", plan.take_items()));
    plan.end_what_was_made_for("");
    folders.push(folder("Afterwards", plan.into_items()));
    let description = "Requests that are refused, with the reason for which each is. A refusal that takes more than requests, \
                       such as a server with too much to do, is left out.";
    folders.retain(|folder| folder["item"].as_array().is_some_and(|items| !items.is_empty()));
    json!({"name": "Refusals", "description": description, "item": folders})
}

/// The refusals of a call. A key that was used makes or ends something, so that comes where it helps the others.
fn of_call<'o>(plan: &mut Plan<'o>, operation: &'o Operation<'o>, all: &'o [Operation<'o>]) {
    let refusals = operation.refusals();
    let of_key = refusals.iter().find(|refusal| refusal.reason == "KEY_REUSED");
    // The first request with the key would have to succeed.
    let of_key = of_key.filter(|_| !operation.call.takes_more);
    let others = refusals.iter().filter(|refusal| refusal.reason != "KEY_REUSED");
    if let Some(refusal) = of_key.filter(|_| !operation.is_end()) {
        of_used_key(plan, Request::of(operation, all), refusal);
    }
    for refusal in others {
        if let Some(request) = refused(operation, all, refusal) {
            plan.add(&judged(request, refusal));
        }
    }
    if let Some(refusal) = of_key.filter(|_| operation.is_end()) {
        of_used_key(plan, Request::of(operation, all), refusal);
    }
}

/// A request with a key, and another one with the same key.
fn of_used_key<'o>(plan: &mut Plan<'o>, mut request: Request<'o>, refusal: &Refusal) {
    request.set_header(KEY, "{{key}}");
    let mut other = request.clone();
    request.name += ", with a key";
    request.before = scripts::of_key();
    plan.add(&request);
    let last = request.operation.in_path().pop();
    if let Some((_, name)) = last {
        other.ask_for_nothing(&name);
    } else {
        // What a text says can be changed, and a list can be emptied; a word of a list cannot be another one.
        let message = request.operation.call.method.input();
        let is_text = |name: &str| {
            message.get_field_by_json_name(name).is_some_and(|field| field.kind() == Kind::String)
        };
        let mut members: Vec<_> = other.body.iter_mut().flatten().collect();
        let text = members.iter_mut().find(|(name, value)| value.is_string() && is_text(name));
        if let Some((_, value)) = text {
            **value = made_unique(value, "again");
        } else if let Some((_, list)) = members.iter_mut().find(|(_, value)| value.is_array()) {
            **list = json!([]);
        }
    }
    let ending = request.operation;
    plan.add(&judged(other, refusal));
    plan.forget_what_is_ended_by(ending);
}

/// The request as the collection has it: named after the refusal, which is what is asked of its answer.
fn judged<'o>(mut request: Request<'o>, refusal: &Refusal) -> Request<'o> {
    let Refusal { status, reason, details, .. } = refusal;
    let name = request.operation.name();
    request.name = format!("{name}: {reason}");
    request.description = format!("Refused with {status} `{reason}`, such as: {details}.");
    request.after = scripts::of_refusal(name, refusal);
    request.answers = Vec::new();
    request
}

/// The request changed so that it is refused for this reason. `None` if a request alone cannot be.
fn refused<'o>(
    operation: &'o Operation<'o>,
    all: &[Operation<'_>],
    refusal: &Refusal,
) -> Option<Request<'o>> {
    if refusal.tries > 0 && (operation.call.access != "ANYONE" || operation.call.takes_more) {
        // The person of the run would be kept out, or there is nothing to try.
        return None;
    }
    let mut request = Request::of(operation, all);
    // Nothing is made, so nothing that was made before is another one's.
    request.before = Vec::new();
    let follows = refusals::that_follow(operation.call);
    let follows = follows.iter().any(|known| known.reason == refusal.reason);
    match (refusal.status, &*refusal.reason) {
        (_, "INVALID_FIELDS") => request.query.push(Row::new("colour", "red")),
        (_, "SIGN_IN_REQUIRED") => request.by = By::Anyone,
        // It takes the access token of an API token.
        (403, "SCOPE_MISSING") => return None,
        (403, _) if follows && operation.call.access == "PUBLISHER" => request.by = By::Inherited,
        (403, _) if follows => request.by = By::Holder(operation::of(operation::ANOTHER, "token")),
        (403, "OWNER_ONLY") => {
            request.by = By::Holder(operation::of(operation::ADMIN, "token"));
        }
        _ if refusal.by_another => {
            request.by = By::Holder(operation::of(operation::ANOTHER, "token"));
        }
        (404, reason) if refusal.request.is_none() => {
            let thing = id_of(reason.strip_suffix("_NOT_FOUND")?);
            if request.in_path.contains_key(&thing) {
                request.ask_for_nothing(&thing);
            } else if let Some((_, last)) = operation
                .in_path()
                .pop()
                .filter(|_| operation.body().is_none_or(|it| !it.contains_key(&thing)))
            {
                // A part of the thing that the path leads to.
                request.ask_for_nothing(&last);
            } else {
                let example = nothing_like(operation.body()?.get(&thing)?);
                request.body.as_mut()?.insert(thing, example);
            }
            let is_for_owners = operation.refusals().iter().any(|it| it.reason == "OWNER_ONLY");
            if request.by == By::Inherited && !is_for_owners {
                // Of what is not there, a player may be told only that it is not theirs.
                request.by = By::Holder(operation::of(operation::ADMIN, "token"));
            }
        }
        _ if refusal.is_taken() && refusal.request.is_none() => {
            let field = &refusal.field.as_ref()?.0;
            let another = variable(&operation::of(operation::ANOTHER, UNIQUE));
            let taken = made_unique(known_names(all).get(&**field)?, &another);
            let body = request.body.as_mut()?;
            with_new_names(body, operation, all);
            body.insert(field.to_string(), taken);
        }
        (_, reason) => {
            if let Some(differs) = &refusal.request {
                let body = request.body.as_mut()?;
                if operation.makes_unique() {
                    with_new_names(body, operation, all);
                }
                body.extend(differs.clone());
            } else {
                let (_, key, value) = BY_HEADER.iter().find(|(known, ..)| *known == reason)?;
                request.set_header(key, value);
            }
        }
    }
    if refusal.tries > 0 {
        request.before = scripts::of_tries(refusal.tries);
    }
    Some(request)
}

/// The examples of the fields whose values must be unique.
fn known_names<'o>(all: &'o [Operation<'_>]) -> BTreeMap<&'o str, &'o Value> {
    let makers = all.iter().filter(|it| it.makes_unique());
    let known = makers.filter_map(Operation::body).flatten();
    known.map(|(name, example)| (name.as_str(), example)).collect()
}

/// Puts unused names in the place of those of this run, so that the request is not refused for a name that is taken.
fn with_new_names(body: &mut Map<String, Value>, operation: &Operation<'_>, all: &[Operation<'_>]) {
    let known = known_names(all);
    for name in operation.claims() {
        if let (Some(value), Some(example)) = (body.get_mut(name), known.get(name)) {
            *value = made_unique(example, &variable("$guid"));
        }
    }
}

/// The variable of a thing whose reasons begin so: `gameId` of `GAME`.
fn id_of(thing: &str) -> String {
    let mut words = thing.split('_').map(str::to_lowercase);
    let first = words.next().unwrap_or_default();
    words.fold(first, |name, word| operation::of(&name, &word)) + "Id"
}

/// What any call refuses, tried with one that has a body and no tag.
fn of_any_call<'o>(plan: &mut Plan<'o>, all: &'o [Operation<'o>]) {
    let has_body = |it: &&Operation<'_>| it.body().is_some() && it.call.access == "ANYONE";
    let Some(operation) = all.iter().find(has_body) else { return };
    for refusal in refusals::of_any_call().iter().filter(|it| it.reason != "INVALID_FIELDS") {
        if let Some(mut request) = refused(operation, all, refusal) {
            request = judged(request, refusal);
            request.name = format!("any call: {}", refusal.reason);
            plan.add(&request);
        }
    }
}
