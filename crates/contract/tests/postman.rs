//! The Postman collection as it is committed, and what it leaves out.

use std::{collections::BTreeSet, env, fs, path::PathBuf};

use serde_json::{Value, json};
use sir0_contract::{OPENAPI, POSTMAN, POSTMAN_ADDRESS, POSTMAN_ENVIRONMENT};

/// Tells this test to write the files instead. `cargo xtask proto` sets it.
const WRITE: &str = "WRITE_POSTMAN";

fn written([before, behind]: [&str; 2]) -> String {
    [before, &json!(POSTMAN_ADDRESS).to_string(), behind].concat()
}

fn collection() -> Value {
    serde_json::from_str(&written(POSTMAN)).expect("JSON")
}

#[test]
fn the_committed_files_are_what_the_contract_gives() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/postman"));
    for (name, parts) in [
        ("sir0.postman_collection.json", POSTMAN),
        ("sir0.postman_environment.json", POSTMAN_ENVIRONMENT),
    ] {
        let file = folder.join(name);
        if env::var_os(WRITE).is_some() {
            fs::write(&file, written(parts)).expect("the folder takes files");
        }
        let committed = fs::read_to_string(&file).unwrap_or_default();
        assert!(committed == written(parts), "{name} is old, run `cargo xtask proto`");
    }
}

/// The requests of a folder and of those in it, with the names of the folders.
fn requests<'c>(within: &str, item: &'c Value, found: &mut Vec<(String, &'c Value)>) {
    let name = item["name"].as_str().unwrap_or_default();
    let Some(items) = item["item"].as_array() else {
        found.push((format!("{within}/{name}"), item));
        return;
    };
    for item in items {
        requests(&format!("{within}/{name}"), item, found);
    }
}

fn operations() -> Vec<Value> {
    let document = [OPENAPI[0], r#""servers":[]"#, OPENAPI[1]].concat();
    let document: Value = serde_json::from_str(&document).expect("JSON");
    let paths = document["paths"].as_object().expect("paths").values();
    paths.flat_map(|verbs| verbs.as_object().expect("verbs").values().cloned()).collect()
}

#[test]
fn each_call_is_made_with_success_in_the_folder_of_its_service() {
    let collection = collection();
    let mut found = Vec::new();
    requests("", &collection, &mut found);
    let names: BTreeSet<_> = found.into_iter().map(|(name, _)| name).collect();

    let operations = operations();
    assert!(operations.len() > 10);
    // These take an app that shows codes, a change that was made, or a file.
    let takes_more = [
        "continueLogin",
        "confirmFactor",
        "renewRecoveryCodes",
        "undoGameChange",
        "uploadPicture",
        "deletePicture",
        "importGames",
    ];
    for operation in operations {
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let (group, name) = (text(&operation["tags"][0]), text(&operation["operationId"]));
        let expected = format!("//{group}/{name}");
        let is_made = !takes_more.contains(&&*name);
        assert_eq!(names.contains(&expected), is_made, "{expected} in {names:?}");
    }
}

/// What a request alone does not meet, whatever it says.
const LEFT_OUT: [(&str, &str); 33] = [
    ("confirmAction: TOO_MANY_ATTEMPTS", "would keep the person of the run out"),
    ("updateUser: TOO_MANY_ATTEMPTS", "would keep the person of the run out"),
    ("TOO_BUSY", "takes more sign-ins at once than the server has places"),
    ("STILL_RUNNING", "takes a request that overtakes the one before it"),
    ("RESUME_TOKEN_AHEAD", "takes a token of a database that was restored since"),
    ("NOT_YOUR_GAME", "takes a publisher with another studio"),
    ("NOT_UNDOABLE", "takes a change whose field was changed again since"),
    ("undoGameChange: KEY_REUSED", "takes a change that was made"),
    ("exportGames: STUDIO_NOT_FOUND", "takes a parameter, and an example has none"),
    ("importGames: STUDIO_NOT_FOUND", "takes a file"),
    ("deletePicture: KEY_REUSED", "takes a picture that was uploaded"),
    ("PICTURE_REFUSED", "takes a file"),
    ("PICTURE_LIMIT_REACHED", "takes as many as there may be"),
    ("MEDIA_BUSY", "takes more uploads at once than the server has places"),
    ("STUDIO_ROLE_REQUIRED", "takes a member whose role allows less"),
    ("STUDIO_LIMIT_REACHED", "takes as many as there may be"),
    ("ALREADY_MEMBER", "takes a second invitation for a member"),
    ("ACCOUNT_DISABLED", "would keep the person of the run out"),
    ("NEW_PASSWORD_REQUIRED", "would keep the person of the run out"),
    ("USE_RESET", "takes an administrator, and the person of the run makes the call"),
    ("LAST_ADMINISTRATOR", "takes the account of the administrator"),
    ("LAST_OWNER", "takes the account of the owner"),
    ("GUARD_REQUIRED", "takes an account with a second factor"),
    ("CODE_REFUSED", "takes an account with a second factor"),
    ("continueLogin: TOO_MANY_ATTEMPTS", "takes an account with a second factor"),
    ("confirmAction: WRONG_CODE", "takes an account with a second factor"),
    ("updateUser: STEP_UP_REQUIRED", "takes an account with a second factor"),
    ("confirmFactor: KEY_REUSED", "takes the code of an app"),
    ("FACTOR_LIMIT_REACHED", "takes as many as there may be"),
    ("renewRecoveryCodes: KEY_REUSED", "takes an account with a second factor"),
    ("API_TOKEN_LIMIT_REACHED", "takes as many as there may be"),
    ("SCOPE_MISSING", "takes the access token of an API token"),
    ("ALREADY_DONE", "takes a call that has a key and answers with a secret"),
];

#[test]
fn each_refusal_of_a_call_is_met_but_for_those_that_take_more_than_a_request() {
    let collection = collection();
    let mut found = Vec::new();
    requests("", &collection, &mut found);
    let names: BTreeSet<_> =
        found.iter().filter_map(|(name, _)| Some(name.rsplit_once('/')?.1)).collect();

    let mut met = 0;
    for operation in operations() {
        let responses = operation["responses"].as_object().expect("answers");
        let own = responses.iter().filter(|(status, _)| *status != "default");
        let examples =
            own.filter_map(|(_, it)| it["content"]["application/json"]["examples"].as_object());
        for reason in examples.flat_map(|examples| examples.keys()) {
            let name = format!("{}: {reason}", operation["operationId"].as_str().expect("a name"));
            let is_left_out =
                LEFT_OUT.iter().any(|(known, _why)| known == reason || *known == name);
            // The answer itself, when it tells bad news, stands beside them.
            if reason == "Answer" || is_of_any_call(reason) {
                continue;
            }
            assert_eq!(
                names.contains(&*name),
                !is_left_out,
                "{name}: `example_request` says how a request meets it, or this test why none does"
            );
            met += usize::from(!is_left_out);
        }
    }
    assert!(met > 40, "{met}");
}

/// What the doors say to any call stands beside a call's own reasons for the same status, and is met once. These are those that
/// a request can meet without breaking HTTP or taking its time.
fn is_of_any_call(reason: &str) -> bool {
    let everywhere = |operation: &Value| {
        let responses = operation["responses"].as_object().expect("answers").values();
        let mut examples =
            responses.map(|it| &it["content"]["application/json"]["examples"][reason]);
        examples.any(Value::is_object)
    };
    !["INVALID_FIELDS", "PRECONDITION_FAILED"].contains(&reason)
        && operations().iter().all(everywhere)
}

#[test]
fn nothing_is_named_that_neither_an_answer_nor_the_environment_gives() {
    let collection = collection();
    let environment: Value = serde_json::from_str(&written(POSTMAN_ENVIRONMENT)).expect("JSON");
    let values = environment["values"].as_array().expect("values").iter();
    let mut known: BTreeSet<String> =
        values.map(|value| value["key"].as_str().expect("a name").to_owned()).collect();
    let mut found = Vec::new();
    requests("", &collection, &mut found);

    for (name, item) in found {
        let text = item["request"].to_string();
        let scripts = item["event"].to_string();
        let own = scripts.split("ariables.set(\\\"").skip(1);
        let set: Vec<_> =
            own.filter_map(|rest| Some(rest.split_once("\\\"")?.0.to_owned())).collect();
        // What is set before a request is there for it.
        if scripts.contains("prerequest") {
            known.extend(set.iter().cloned());
        }
        for variable in text.split("{{").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0)) {
            assert!(variable.starts_with('$') || known.contains(variable), "{name}: {variable}");
        }
        known.extend(set);
    }
}
