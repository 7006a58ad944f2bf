//! What runs before a request, and what is asked of its answer. Each test has the words of the contract as its name.

use serde_json::{Value, json};

use super::{
    operation::{self, Operation},
    request::UNIQUE,
    shape,
};
use crate::refusals::Refusal;

/// The form in which a stream is read: Postman shows each event as it comes.
pub(super) const STREAM: &str = "text/event-stream";

/// What a refusal looks like, whatever it refuses.
const REFUSAL: &str = r#"{"type":"object","required":["error","details","reason"],"properties":{"error":{"type":"string"},"details":{"type":"string"},"reason":{"type":"string"}}}"#;

/// A script of an item.
pub(super) fn event(when: &str, lines: &[String]) -> Value {
    json!({"listen": when, "script": {"type": "text/javascript", "exec": lines}})
}

/// Asked of every answer of the collection.
pub(super) fn of_every_answer() -> Value {
    let lines = [
        "if (pm.response.code >= 400) {".to_owned(),
        format!(
            "  pm.test(\"a refusal has its words and its reason\", () => pm.response.to.have.jsonSchema({REFUSAL}));"
        ),
        "}".to_owned(),
    ];
    event("test", &lines)
}

/// The success of a call: its status, its shape, and what is kept of it.
pub(super) fn of_success(operation: &Operation<'_>) -> Vec<String> {
    let (name, status) = (operation.name(), operation.success());
    let mut lines = vec![is_status(&format!("{name} answers {status}"), status)];
    let schema = shape::of(&operation.answer()["schema"], &operation.document["components"]);
    if operation.says_messages() {
        let schema = &schema["items"];
        lines.extend([
            format!("pm.test(\"{name} sends messages of the documented shape\", () => {{"),
            "  const events = pm.response.text().split(\"\\n\").filter((line) => line.startsWith(\"data: \"));".to_owned(),
            "  pm.expect(events).to.not.be.empty;".to_owned(),
            format!("  const shape = {schema};"),
            "  events.forEach((line) => pm.expect(JSON.parse(line.slice(6))).to.have.jsonSchema(shape));".to_owned(),
            "});".to_owned(),
        ]);
    } else if schema.as_object().is_some_and(|schema| !schema.is_empty()) {
        lines.push(format!(
            "pm.test(\"{name} answers in the documented shape\", () => pm.response.to.have.jsonSchema({schema}));"
        ));
    }
    lines.extend(kept(operation, str::to_owned, true));
    lines
}

/// The same for the administrator, whose token and ids are kept under other names.
pub(super) fn of_admin(sign_in: &Operation<'_>) -> Vec<String> {
    let name = "adminEmail and adminPassword are those of an administrator";
    let mut lines = vec![is_status(name, sign_in.success())];
    lines.extend(kept(sign_in, |name| operation::of("admin", name), false));
    lines.push("if (pm.response.code >= 400) pm.execution.setNextRequest(null);".to_owned());
    lines
}

/// Ends the run with one plain word if the environment names no administrator. What it names is written as JSON has it: a
/// password may hold quotation marks.
pub(super) fn of_missing(asked: &[String]) -> Vec<String> {
    let names = asked.join(" and ");
    let missing = asked.iter().map(|name| format!("!pm.variables.get(\"{name}\")"));
    let missing: Vec<_> = missing.collect();
    let mut lines = vec![
        format!("if ({}) {{", missing.join(" || ")),
        format!(
            "  pm.test(\"set {names} in the environment: some calls need an administrator\", () => {{"
        ),
        format!("    pm.expect.fail(\"{names} are not set\");"),
        "  });".to_owned(),
        "  pm.execution.setNextRequest(null);".to_owned(),
        "  pm.execution.skipRequest();".to_owned(),
        "}".to_owned(),
    ];
    lines.extend(asked.iter().map(|name| {
        let in_json = in_json(name);
        format!(
            "pm.variables.set(\"{in_json}\", JSON.stringify(pm.variables.get(\"{name}\") || \"\").slice(1, -1));"
        )
    }));
    lines
}

/// The variable with the same value as a text of JSON holds it.
pub(super) fn in_json(name: &str) -> String {
    operation::of(name, "inJson")
}

/// Ends the run if who was named as an administrator is none: everything behind would fail for the same reason.
pub(super) fn of_no_admin() -> String {
    "if (pm.response.code === 403) pm.execution.setNextRequest(null);".to_owned()
}

/// Finds something that no other run has, for names that may be taken once.
pub(super) fn of_unique() -> Vec<String> {
    vec![
        keep_before(UNIQUE),
        format!(
            "pm.collectionVariables.set(\"{UNIQUE}\", pm.variables.replaceIn(\"{{{{$guid}}}}\").slice(-12));"
        ),
    ]
}

/// Finds a key that two requests are to have.
pub(super) fn of_key() -> Vec<String> {
    vec!["pm.collectionVariables.set(\"key\", pm.variables.replaceIn(\"{{$guid}}\"));".to_owned()]
}

/// Sends the same so often before.
pub(super) fn of_tries(tries: usize) -> Vec<String> {
    let lines = [
        "const url = pm.variables.replaceIn(pm.request.url.toString());",
        "const raw = pm.variables.replaceIn(pm.request.body.raw);",
        "const header = {\"Content-Type\": \"application/json\"};",
        "const tryAgain = (left) => {",
        "  if (left === 0) return;",
        "  const request = {url, method: pm.request.method, header, body: {mode: \"raw\", raw}};",
        "  pm.sendRequest(request, () => tryAgain(left - 1));",
        "};",
    ];
    let lines = lines.into_iter().map(str::to_owned);
    lines.chain([format!("tryAgain({tries});")]).collect()
}

/// A refusal: its status and its reason.
pub(super) fn of_refusal(name: &str, refusal: &Refusal) -> Vec<String> {
    let Refusal { status, reason, .. } = refusal;
    vec![
        format!("pm.test(\"{name} refuses with {status} {reason}\", () => {{"),
        format!("  pm.expect(pm.response.code, pm.response.text()).to.eql({status});"),
        format!("  pm.expect(pm.response.json().reason).to.eql(\"{reason}\");"),
        "});".to_owned(),
    ]
}

/// What is said when it fails is the answer, which has the reason in words.
fn is_status(name: &str, status: i32) -> String {
    format!(
        "pm.test(\"{name}\", () => pm.expect(pm.response.code, pm.response.text()).to.eql({status}));"
    )
}

fn kept(
    operation: &Operation<'_>,
    named: impl Fn(&str) -> String,
    with_before: bool,
) -> Vec<String> {
    let members = operation.yields();
    if members.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![
        format!("if (pm.response.code === {}) {{", operation.success()),
        "  const answer = pm.response.json();".to_owned(),
    ];
    for member in members {
        let name = named(member);
        if with_before && member == "token" {
            lines.push(format!("  {}", keep_before(&name)));
        }
        lines.push(format!("  pm.collectionVariables.set(\"{name}\", answer.{member});"));
    }
    lines.push("}".to_owned());
    lines
}

/// What was there before is another one's from now on.
fn keep_before(name: &str) -> String {
    let another = operation::of("another", name);
    format!(
        "pm.collectionVariables.set(\"{another}\", pm.collectionVariables.get(\"{name}\") || \"\");"
    )
}
