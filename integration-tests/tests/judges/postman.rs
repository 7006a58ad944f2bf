//! `newman`, which runs what Postman runs: the collection that the server hands out, and the one that Postman's converter
//! makes of `/openapi.json`.

use std::{collections::BTreeSet, fs, path::PathBuf, time::Duration};

use serde_json::{Value, json};
use sir0_contract::calls;
use sir0_testkit::{PASSWORD, Person, Process, email_of, process};
use tempfile::TempDir;

use crate::judge::{Verdict, hear_within, judge};

const PATIENCE: Duration = Duration::from_mins(4);
/// An administrator.
const STUDIO: &str = "Northlight";
/// Their password, which JSON has to write otherwise.
const QUOTED: &str = r#"nine "quiet" lanterns \ 58 harbours"#;

/// A server, and the files that were imported from it.
struct Stage {
    server: Process,
    studio: Person,
    folder: TempDir,
}

/// What a run came to.
#[derive(Debug)]
struct Run {
    verdict: Verdict,
    report: Value,
}

impl Stage {
    async fn set() -> Self {
        let server = process().await;
        let studio = server.admin(STUDIO).await;
        let path = format!("/api/users/{}", studio.id);
        let changed = studio.rest().put(&path, &json!({"password": QUOTED})).await;
        assert_eq!(changed.status, 200, "{changed:?}");
        let folder = tempfile::tempdir().expect("a folder for the judge");
        let rest = server.visitor().rest();
        for (path, file) in [
            ("/postman.json", "collection.json"),
            ("/postman-environment.json", "environment.json"),
            ("/openapi.json", "api.json"),
        ] {
            let document = rest.get(path).await;
            assert_eq!(document.status, 200, "{path}");
            fs::write(folder.path().join(file), document.text).expect("the folder takes files");
        }
        Self { server, studio, folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> Value {
        let text = fs::read_to_string(self.file(name)).expect("a file");
        serde_json::from_str(&text).expect("JSON")
    }

    /// Runs a collection with these arguments.
    async fn runs(&self, collection: &str, name: &str, arguments: &[&str]) -> Run {
        let report = self.file(&format!("{name}.json"));
        let mut newman = judge("newman");
        newman.current_dir(self.folder.path()).args(["run", collection]).args(arguments);
        newman.args(["--color", "off", "--reporters", "cli,json", "--reporter-json-export"]);
        newman.arg(report).env_remove("NODE_OPTIONS");
        let verdict = hear_within(PATIENCE, &mut newman).await;
        Run { verdict, report: self.read(&format!("{name}.json")) }
    }

    /// Runs what the server handed out, with the administrator that a person wrote into the environment.
    async fn runs_as(&self, email: &str, password: &str, name: &str) -> Run {
        let mut environment = self.read("environment.json");
        for value in environment["values"].as_array_mut().expect("values") {
            match value["key"].as_str() {
                Some("adminEmail") => value["value"] = json!(email),
                Some("adminPassword") => value["value"] = json!(password),
                _ => {}
            }
        }
        let file = format!("environment of {name}.json");
        fs::write(self.file(&file), environment.to_string()).expect("the folder takes files");
        self.runs("collection.json", name, &["--environment", &file]).await
    }

    async fn runs_as_studio(&self, name: &str) -> Run {
        self.runs_as(&email_of(STUDIO), QUOTED, name).await
    }

    /// The calls of the contract that were granted over REST.
    async fn granted(&self) -> BTreeSet<&'static str> {
        let metrics = self.server.visitor().rest().get("/metrics").await.text;
        let is_granted = |path: &str| {
            let of_it = [&*format!("method=\"{path}\""), "door=\"rest\"", "code=\"Ok\""];
            let mut lines = metrics.lines().filter(|line| line.starts_with("sir0_calls_total{"));
            lines
                .any(|line| of_it.iter().all(|label| line.contains(label)) && !line.ends_with(" 0"))
        };
        let over_rest = calls().filter(|call| call.rest.is_some() && is_granted(call.path));
        over_rest.map(|call| call.name).collect()
    }
}

impl Run {
    /// Every request was answered, and every answer passed its tests, of which each has at least one.
    fn is_whole(&self, collection: &Value) {
        let Self { verdict, report } = self;
        assert_eq!(verdict.code, Some(0), "{}{}", verdict.said, verdict.complained);
        let executions = report["run"]["executions"].as_array().expect("executions");
        let mut ran: Vec<(&str, usize)> = Vec::new();
        for execution in executions {
            let name = execution["item"]["name"].as_str().expect("a name");
            let tests = execution["assertions"].as_array().map_or(0, Vec::len);
            match ran.last_mut() {
                // A script of the request sent something before it.
                Some((last, asked)) if *last == name => *asked += tests,
                _ => ran.push((name, tests)),
            }
        }
        let in_order: Vec<_> = ran.iter().map(|(name, _)| *name).collect();
        assert_eq!(in_order, names(collection), "each request, in their order");
        assert!(ran.iter().all(|(_, tests)| *tests > 0), "each is asked something: {ran:?}");
        let stats = &report["run"]["stats"];
        for what in ["requests", "assertions"] {
            let total = stats[what]["total"].as_u64().expect("a number");
            assert!(total >= ran.len() as u64 && stats[what]["failed"] == 0, "{what}: {stats}");
        }
        assert_eq!(report["run"]["failures"], json!([]));
    }
}

/// The names of all requests, in their order.
fn names(item: &Value) -> Vec<&str> {
    match item["item"].as_array() {
        Some(items) => items.iter().flat_map(names).collect(),
        None => vec![item["name"].as_str().expect("a name")],
    }
}

#[tokio::test]
async fn the_collection_that_the_server_hands_out_runs_unedited_and_again() {
    let stage = Stage::set().await;
    let collection = stage.read("collection.json");
    let here = format!("http://{}", stage.server.address());
    assert_eq!(collection["variable"][0]["value"], here);
    assert_eq!(stage.read("environment.json")["values"][0]["value"], here);

    let first = stage.runs_as_studio("first").await;
    first.is_whole(&collection);

    let granted = stage.granted().await;
    let over_rest: BTreeSet<_> =
        calls().filter(|call| call.rest.is_some()).map(|call| call.name).collect();
    // These take an app that shows codes, a change that was made, or a file.
    let takes_more = [
        "ConfirmFactor",
        "ContinueLogin",
        "DeletePicture",
        "ImportGames",
        "RenewRecoveryCodes",
        "UndoGameChange",
        "UploadPicture",
    ]
    .into();
    let over_rest: BTreeSet<_> = &over_rest - &takes_more;
    assert_eq!(granted, over_rest, "the collection makes every other call with success");
    // Two that run at once are two that were imported, too.
    let (second, third) =
        tokio::join!(stage.runs_as_studio("second"), stage.runs_as_studio("third"));
    second.is_whole(&collection);
    third.is_whole(&collection);
}

#[tokio::test]
async fn who_names_no_administrator_is_told_so_and_nothing_else() {
    let stage = Stage::set().await;

    stage.server.player("Eve").await;
    let (studio, eve) = (email_of(STUDIO), email_of("Eve"));
    let (nobody, wrong, player) = tokio::join!(
        stage.runs_as("", "", "nobody"),
        stage.runs_as(&studio, "nine quiet cranes", "wrong"),
        stage.runs_as(&eve, PASSWORD, "player"),
    );

    let admin = "adminEmail and adminPassword are those of an administrator";
    for (run, expected, because) in [
        (nobody, "set adminEmail and adminPassword in the environment", "are not set"),
        (wrong, admin, "INVALID_CREDENTIALS"),
        (player, "createReset answers 201", "ADMINISTRATOR_ROLE_REQUIRED"),
    ] {
        let failures = run.report["run"]["failures"].as_array().expect("failures");
        let said: Vec<_> =
            failures.iter().map(|it| it["error"]["test"].as_str().unwrap_or("no test")).collect();
        assert!(said[0].starts_with(expected), "{said:?}");
        assert!(failures[0]["error"].to_string().contains(because), "{}", failures[0]["error"]);
        let named: BTreeSet<_> = failures.iter().map(|it| it["source"]["name"].as_str()).collect();
        assert_eq!(named.len(), 1, "the run ends there: {said:?}");
        assert_eq!(run.verdict.code, Some(1));
    }
}

/// The requests of the converted collection in the order in which a reader of the document would send them, and the status of
/// each answer.
const CONVERTED: [(&str, &str, u64); 72] = [
    ("GET", "api/status", 200),
    ("GET", "api/setup", 200),
    ("POST", "api/users/register", 200),
    ("POST", "api/users/login", 200),
    ("GET", "api/users/:user_id", 200),
    ("PUT", "api/users/:user_id", 200),
    ("POST", "api/users/:user_id/api-tokens", 201),
    ("GET", "api/users/:user_id/api-tokens", 200),
    ("DELETE", "api/users/:user_id/api-tokens/:token_id", 200),
    ("POST", "api/tokens:exchange", 401),
    // The challenge, the refresh token and the password of the examples are none of this server.
    ("POST", "api/users/login/continue", 401),
    ("POST", "api/users/login/refresh", 401),
    ("GET", "api/users/:user_id/sessions", 200),
    ("GET", "api/users/:user_id/activity", 200),
    ("GET", "api/security-events", 200),
    ("GET", "api/security-events:watch", 200),
    ("POST", "api/users/confirmations", 403),
    ("POST", "api/users/:user_id/sessions:end", 200),
    ("POST", "api/users/:user_id/factors", 201),
    ("GET", "api/users/:user_id/factors", 200),
    // The factor of the examples is not there, and nobody has a second one.
    ("POST", "api/users/:user_id/factors/{{factor_id}}:confirm", 404),
    ("POST", "api/users/:user_id/factors/{{factor_id}}:remove", 404),
    ("POST", "api/users/:user_id/recovery-codes", 400),
    ("GET", "api/users/:user_id/devices", 200),
    ("POST", "api/users/:user_id/devices:forget", 200),
    // The token of the example is none of this server.
    ("POST", "api/users/logout", 400),
    ("GET", "api/admin/users", 200),
    ("GET", "api/admin/users/:user_id", 200),
    // The account of the examples is that of the last administrator.
    ("POST", "api/admin/users/{{user_id}}:disable", 400),
    ("POST", "api/admin/users/{{user_id}}:enable", 200),
    ("POST", "api/admin/users/{{user_id}}:requireNewPassword", 400),
    ("POST", "api/admin/users/{{user_id}}:reset", 201),
    ("POST", "api/users/resets:use", 403),
    ("PUT", "api/admin/users/:user_id/role", 400),
    ("POST", "api/games", 201),
    ("GET", "api/games", 200),
    ("GET", "api/games/:game_id", 200),
    ("PUT", "api/games/:game_id", 200),
    ("PUT", "api/games/:game_id/page", 200),
    ("GET", "api/games/:game_id/page", 200),
    ("GET", "api/games/:game_id/page:mine", 200),
    ("GET", "api/store", 200),
    ("GET", "api/store/front-page", 200),
    ("PUT", "api/store/picks", 200),
    ("GET", "api/store/picks", 200),
    ("GET", "api/games:export", 200),
    // Its content type does not say what the file is.
    ("POST", "api/games:import", 400),
    // What the converter sends is no picture.
    ("POST", "api/games/:game_id/pictures", 400),
    ("GET", "api/games/:game_id/pictures", 200),
    ("GET", "api/games/:game_id/pictures:mine", 200),
    ("DELETE", "api/games/:game_id/pictures/:picture_id", 404),
    ("GET", "api/games/:game_id/changes", 200),
    ("POST", "api/games/:game_id/changes/{{change_id}}:undo", 404),
    ("GET", "api/games:watch", 200),
    ("GET", "api/games:mine", 200),
    ("GET", "api/games/{{game_id}}:mine", 200),
    ("POST", "api/games/{{game_id}}:publish", 200),
    ("POST", "api/games/{{game_id}}:unschedule", 200),
    // The studio and the invitation of the examples are not there either.
    ("POST", "api/games/{{game_id}}:handOver", 404),
    ("GET", "api/games:watchMine", 200),
    ("DELETE", "api/games/:game_id", 200),
    ("POST", "api/studios", 201),
    ("GET", "api/studios", 200),
    ("GET", "api/studios/:studio_id", 404),
    ("PUT", "api/studios/:studio_id", 404),
    ("POST", "api/studios/:studio_id/invitations", 404),
    ("GET", "api/studios/:studio_id/invitations", 404),
    ("POST", "api/invitations:accept", 403),
    ("PUT", "api/studios/:studio_id/members/:user_id", 404),
    ("DELETE", "api/studios/:studio_id/members/:user_id", 404),
    ("DELETE", "api/studios/:studio_id/invitations/:invitation_id", 404),
    // It ends the session that asks.
    ("POST", "api/admin/users/{{user_id}}:signOut", 200),
];

/// Every request of a collection.
fn requests(item: &Value) -> Vec<&Value> {
    item["item"]
        .as_array()
        .map_or_else(|| vec![item], |items| items.iter().flat_map(requests).collect())
}

/// The requests in the order of [`CONVERTED`]. The converter's own is that of the alphabet, which reads a game after it was
/// removed. Of the rows that may be left out, the one is ticked that ends a stream.
fn ordered(collection: &Value) -> Value {
    let found = requests(collection);
    let place = |item: &Value| {
        let request = &item["request"];
        let path: Vec<_> = request["url"]["path"].as_array().expect("a path").iter().collect();
        let path: Vec<_> = path.iter().map(|part| part.as_str().expect("text")).collect();
        let (method, path) = (request["method"].as_str().expect("text"), path.join("/"));
        let place = CONVERTED.iter().position(|known| (known.0, known.1) == (method, &*path));
        place.unwrap_or_else(|| panic!("say here what {method} {path} answers"))
    };
    assert_eq!(found.len(), CONVERTED.len());
    let mut items: Vec<_> = found.into_iter().cloned().collect();
    items.sort_by_key(place);
    for row in items.iter_mut().flat_map(|it| it["request"]["header"].as_array_mut().expect("rows"))
    {
        if row["key"] == "Prefer" {
            (row["value"], row["disabled"]) = (json!("wait=2"), json!(false));
        }
    }
    let mut ordered = collection.clone();
    ordered["item"] = json!(items);
    ordered
}

#[tokio::test]
async fn what_postmans_converter_makes_of_the_document_reaches_the_server() {
    let stage = Stage::set().await;
    let mut converter = judge("openapi2postmanv2");
    converter.arg("-s").arg(stage.file("api.json")).arg("-o").arg(stage.file("converted.json"));
    let how = "folderStrategy=Tags,parametersResolution=Example,enableOptionalParameters=false";
    converter.args(["-O", how]).env_remove("NODE_OPTIONS");
    hear_within(PATIENCE, &mut converter).await.approved();
    let ordered = ordered(&stage.read("converted.json"));
    fs::write(stage.file("ordered.json"), ordered.to_string()).expect("the folder takes files");

    let token = format!("bearerToken={}", stage.studio.token());
    let run = stage.runs("ordered.json", "converted", &["--env-var", &token]).await;

    let executions = run.report["run"]["executions"].as_array().expect("executions");
    let codes: Vec<_> = executions.iter().map(|it| it["response"]["code"].as_u64()).collect();
    let expected: Vec<_> = CONVERTED.iter().map(|known| Some(known.2)).collect();
    assert_eq!(codes, expected, "{}", run.verdict.said);
    assert_eq!(run.report["run"]["failures"], json!([]));
}
