//! Each example of the document before a judge of JSON Schema, with the schema that stands beside it.

use std::fs;

use serde_json::{Value, json};
use sir0_testkit::openapi;

use crate::judge::{hear, judge};

/// Asks for the faults of each value, and wants the formats kept too.
const SCRIPT: &str = "
import json, sys, jsonschema_rs
with open(sys.argv[1]) as asked:
    asked = json.load(asked)
components = {'components': asked['components']}
faults = []
for at, schema, value in asked['cases']:
    judge = jsonschema_rs.Draft202012Validator({**components, **schema}, validate_formats=True)
    faults += [f'{at}: {fault.message}' for fault in judge.iter_errors(value)]
print(json.dumps(faults))
";

/// The examples of a body, an answer or a parameter, with the schema.
fn cases(at: &str, of: &Value, cases: &mut Vec<Value>) {
    let mut add = |at: &str, value: &Value| cases.push(json!([at, of["schema"], value]));
    if let Some(example) = of.get("example") {
        add(at, example);
    }
    for (name, example) in of["examples"].as_object().into_iter().flatten() {
        let reference = example["$ref"].as_str().and_then(|it| it.strip_prefix('#'));
        let example = reference.map_or(example, |it| openapi().pointer(it).expect("it is there"));
        add(&format!("{at}, {name}"), &example["value"]);
    }
}

async fn faults(cases: &[Value]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder for the judge");
    let asked = folder.path().join("asked.json");
    let all = json!({"components": openapi()["components"], "cases": cases});
    fs::write(&asked, all.to_string()).expect("the folder takes files");
    let verdict = hear(judge("python").args(["-c", SCRIPT]).arg(&asked)).await.json();
    serde_json::from_value(verdict).expect("a list of texts")
}

#[tokio::test]
async fn every_body_and_every_answer_has_an_example_that_its_schema_takes() {
    let paths = openapi()["paths"].as_object().expect("paths").values();
    let operations = paths.flat_map(|verbs| verbs.as_object().expect("verbs").values());
    let (mut all, mut lacking) = (Vec::new(), Vec::new());
    for operation in operations {
        let name = operation["operationId"].as_str().expect("a name");
        let bodies = operation.get("requestBody").into_iter().map(|body| ("body", body));
        let answers = operation["responses"].as_object().expect("answers");
        let answers = answers.iter().map(|(status, answer)| (&**status, answer));
        for (part, content) in bodies.chain(answers) {
            for (kind, of) in content["content"].as_object().into_iter().flatten() {
                let (at, before) = (format!("{name} {part} {kind}"), all.len());
                cases(&at, of, &mut all);
                if all.len() == before {
                    lacking.push(at);
                }
            }
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            cases(&format!("{name} {}", parameter["name"]), parameter, &mut all);
        }
    }

    // No text is a picture.
    assert_eq!(lacking, ["uploadPicture body application/octet-stream"]);
    assert!(all.len() > 200, "{}", all.len());
    assert_eq!(faults(&all).await, [""; 0]);
    let broken = json!(["broken", {"$ref": "#/components/schemas/Game"}, {"gameId": "1"}]);
    assert!(!faults(&[broken]).await.is_empty(), "the judge judges");
}
