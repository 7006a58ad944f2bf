//! The calls of the document, each in one way to make it; and by which names their answers feed other requests.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::{binding::Binding, calls::Call, described, openapi, refusals};

/// A call in one way to make it.
#[derive(Debug)]
pub(super) struct Operation<'c> {
    pub(super) call: &'c Call,
    pub(super) binding: &'c Binding,
    /// What the document says of it.
    pub(super) said: &'c Value,
    /// The whole document.
    pub(super) document: &'c Value,
}

/// The calls in the order of the files.
pub(super) fn all<'c>(calls: &'c [Call], document: &'c Value) -> Vec<Operation<'c>> {
    let mut operations = Vec::new();
    for call in calls {
        for binding in call.rest.iter().flat_map(|rest| &rest.bindings) {
            let said = &document["paths"][openapi::path(binding)][binding.verb];
            operations.push(Operation { call, binding, said, document });
        }
    }
    operations
}

/// The groups of the calls, in the order of the files.
pub(super) fn groups<'o>(operations: &'o [Operation<'_>]) -> Vec<&'o str> {
    let mut groups = Vec::new();
    for group in operations.iter().map(Operation::group) {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

/// The calls of a group: what makes things, then the others, then what ends something, the latest first.
pub(super) fn in_order<'o, 'c>(
    operations: &'o [Operation<'c>],
    group: &str,
) -> Vec<&'o Operation<'c>> {
    let of_group = || operations.iter().filter(|it| it.group() == group);
    let makes = of_group().filter(|it| it.is_maker());
    let others = of_group().filter(|it| !it.is_maker() && !it.is_end());
    makes.chain(others).chain(of_group().rev().filter(|it| it.is_end())).collect()
}

/// The call that begins a session: anyone may make it, and it answers with a token.
pub(super) fn sign_in<'o, 'c>(operations: &'o [Operation<'c>]) -> Option<&'o Operation<'c>> {
    operations.iter().find(|it| it.call.access == "ANYONE" && it.yields().contains(&"token"))
}

impl Operation<'_> {
    pub(super) fn name(&self) -> &str {
        self.said["operationId"].as_str().unwrap_or_default()
    }

    /// The path as the document has it.
    pub(super) fn path(&self) -> String {
        openapi::path(self.binding)
    }

    pub(super) fn group(&self) -> &str {
        self.said["tags"][0].as_str().unwrap_or_default()
    }

    pub(super) fn success(&self) -> i32 {
        self.call.rest.as_ref().map_or(200, |rest| rest.success)
    }

    /// What the document says of the answer.
    pub(super) fn answer(&self) -> &Value {
        &self.said["responses"][self.success().to_string()]["content"]["application/json"]
    }

    /// Whether the answer is a stream of messages.
    pub(super) fn says_messages(&self) -> bool {
        self.call.method.is_server_streaming() && self.answer().is_object()
    }

    /// The example of the body.
    pub(super) fn body(&self) -> Option<&Map<String, Value>> {
        self.said["requestBody"]["content"]["application/json"]["example"].as_object()
    }

    /// Whether the body has one of these members.
    pub(super) fn has_any_of(&self, names: &[&str]) -> bool {
        self.body().is_some_and(|body| names.iter().any(|name| body.contains_key(*name)))
    }

    /// The members of the body without which the call cannot succeed.
    pub(super) fn needs(&self) -> Vec<String> {
        let request = self.call.method.input();
        let needed = request.fields().filter(|field| described::of(field).is_needed);
        let in_body = |name: &String| self.body().is_some_and(|body| body.contains_key(name));
        needed.map(|field| field.json_name().to_owned()).filter(in_body).collect()
    }

    /// The names of the variables of the path: as the template has them, and as JSON spells them.
    pub(super) fn in_path(&self) -> Vec<(&str, String)> {
        let names = self.binding.template.variables.iter().map(|variable| &*variable.field);
        let ways = self.binding.ways.iter().map(|way| {
            let names: Vec<_> = way.iter().map(|field| field.json_name().to_owned()).collect();
            names.join(".")
        });
        names.zip(ways).collect()
    }

    /// What is kept of the answer, by its names: ids of what was made, and tokens. What the request says itself
    /// is nothing new.
    pub(super) fn yields(&self) -> Vec<&str> {
        if self.binding.verb == "get" || self.is_end() {
            return Vec::new();
        }
        let in_path: BTreeSet<_> = self.in_path().into_iter().map(|(_, name)| name).collect();
        let is_asked = |name: &str| {
            in_path.contains(name) || self.body().is_some_and(|body| body.contains_key(name))
        };
        let answer = self.answer()["example"].as_object();
        let members = answer.into_iter().flat_map(Map::keys).map(String::as_str);
        members.filter(|name| is_kept(name) && !is_asked(name)).collect()
    }

    /// The texts that the body may hold beside its example and that an answer before it feeds: what is named is never in
    /// doubt, also for a person who has several.
    pub(super) fn may_name(&self, fed: &BTreeSet<&str>) -> Vec<String> {
        let in_path: BTreeSet<_> = self.in_path().into_iter().map(|(_, name)| name).collect();
        let is_known = |name: &str| {
            in_path.contains(name) || self.body().is_none_or(|body| body.contains_key(name))
        };
        let request = self.call.method.input();
        let texts = request.fields().filter(|field| field.kind() == prost_reflect::Kind::String);
        let names = texts.map(|field| field.json_name().to_owned());
        names.filter(|name| fed.contains(&**name) && !is_known(name)).collect()
    }

    pub(super) fn is_maker(&self) -> bool {
        !self.yields().is_empty()
    }

    /// Whether it ends what another one made: a thing or a session.
    pub(super) fn is_end(&self) -> bool {
        self.binding.verb == "delete" || self.call.access == "TOKEN_HOLDER"
    }

    /// Whether it ends what this variable names.
    pub(super) fn ends(&self, name: &str) -> bool {
        let in_path = self.in_path();
        let is_in_body = || self.body().is_some_and(|body| body.contains_key(name));
        // What lies within another thing does not end when it is taken out of it.
        let is_it = match &in_path[..] {
            [] => is_in_body(),
            [(_, only)] => only == name,
            _ => false,
        };
        self.is_end() && is_it
    }

    /// The fields of the body whose values must be unique, because the call refuses what is taken.
    pub(super) fn claims(&self) -> Vec<&str> {
        let named = self.call.rest.iter().flat_map(|rest| &rest.named);
        named.filter(|it| it.is_taken()).filter_map(|it| Some(&*it.field.as_ref()?.0)).collect()
    }

    /// Whether it makes something under a unique name.
    pub(super) fn makes_unique(&self) -> bool {
        self.is_maker() && !self.claims().is_empty()
    }

    /// For which reasons it refuses, and not any call.
    pub(super) fn refusals(&self) -> Vec<refusals::Refusal> {
        let mut own: Vec<refusals::Refusal> = Vec::new();
        let any = refusals::of_any_call().into_iter().find(|it| it.reason == "INVALID_FIELDS");
        let named = self.call.rest.iter().flat_map(|rest| rest.named.clone());
        for refusal in any.into_iter().chain(named).chain(refusals::that_follow(self.call)) {
            if own.iter().all(|known| known.reason != refusal.reason) {
                own.push(refusal);
            }
        }
        own
    }
}

/// What makes the thing that this variable names: the call of the collection in which a path looks for it, or else the first
/// that answers with it.
pub(super) fn maker<'o, 'c>(all: &'o [Operation<'c>], name: &str) -> Option<&'o Operation<'c>> {
    let makers = || all.iter().filter(|it| it.yields().contains(&name));
    let is_its_collection = |maker: &&Operation<'_>| {
        let within = maker.path() + "/";
        let mut things = all.iter().filter(|it| {
            let path = it.path();
            path.strip_prefix(&within)
                .is_some_and(|rest| rest.starts_with('{') && !rest.contains('/'))
        });
        things.any(|it| it.in_path().pop().is_some_and(|(_, last)| last == name))
    };
    makers().find(is_its_collection).or_else(|| makers().next())
}

/// Whether a member of an answer feeds other requests.
fn is_kept(name: &str) -> bool {
    ["token", "refreshToken", "apiToken", SECRET].contains(&name) || name.ends_with("Id")
}

/// What one person is told to tell to another.
pub(super) const SECRET: &str = "secret";
/// What a person proves with who they are.
pub(super) const PASSWORD: &str = "password";

/// Whose a variable is: of the administrator, or of a person beside the one of the run.
pub(super) const ADMIN: &str = "admin";
pub(super) const ANOTHER: &str = "another";

/// The name of a variable about the administrator, or about what was there before: `adminToken`, `anotherToken`.
pub(super) fn of(whose: &str, name: &str) -> String {
    let mut rest = name.chars();
    let first = rest.next().into_iter().flat_map(char::to_uppercase);
    whose.chars().chain(first).chain(rest.clone()).collect()
}
