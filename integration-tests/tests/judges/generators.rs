//! Generators that others wrote make clients of `/openapi.json`, and each of these makes every call of a running server.
//! The clients in TypeScript must please the strictest compiler first.

use std::{fs, path::Path, time::Duration};

use sir0_contract::calls;
use sir0_testkit::{Person, Process, process};
use tempfile::TempDir;

use crate::judge::{hear_within, judge};

/// The clients' sources, and the settings of the generators.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/generated");
const PATIENCE: Duration = Duration::from_mins(4);

/// A server, someone who may add games, and the folder in which clients are made.
struct Stage {
    server: Process,
    studio: Person,
    folder: TempDir,
}

impl Stage {
    async fn set() -> Self {
        let server = process().await;
        // An administrator, for whom nothing depends on the studios that the client before founded.
        let studio = server.admin("Northlight").await;
        let folder = tempfile::tempdir().expect("a folder for the clients");
        let document = studio.rest().get("/openapi.json").await;
        fs::write(folder.path().join("api.json"), document.text).expect("the folder takes files");
        for source in fs::read_dir(SOURCES).expect("it is ours") {
            let source = source.expect("a file").path();
            let name = source.file_name().expect("a name");
            if source.is_file() {
                fs::copy(&source, folder.path().join(name)).expect("the folder takes files");
            }
        }
        Self { server, studio, folder }
    }

    /// Runs a program in the folder, which has nothing to complain of.
    async fn runs(&self, program: &str, arguments: &[&str]) {
        let mut judge = judge(program);
        judge.current_dir(self.folder.path()).args(arguments).env_remove("NODE_OPTIONS");
        hear_within(PATIENCE, &mut judge).await.approved();
    }

    /// Runs a client, and fails unless the server granted it each call of the document over REST.
    async fn makes_every_call(&self, client: &str, program: &str, source: &str) {
        let before = self.granted().await;
        let mut judge = judge(program);
        judge.current_dir(self.folder.path()).arg(source);
        judge.env("PUBLISHER", self.studio.token()).env("CLIENT", client);

        hear_within(PATIENCE, &mut judge).await.approved();

        let after = self.granted().await;
        let missed = after.iter().zip(before).filter(|((_, after), (_, before))| after <= before);
        let missed: Vec<_> = missed.map(|((name, _), _)| name).collect();
        assert!(missed.is_empty(), "{client} made no {missed:?}");
    }

    /// How often each call of the document was granted over REST.
    async fn granted(&self) -> Vec<(&'static str, f64)> {
        let metrics = self.server.visitor().rest().get("/metrics").await.text;
        let times = |path: &str| {
            let of_it = [&*format!("method=\"{path}\""), "door=\"rest\"", "code=\"Ok\""];
            let lines = metrics.lines().filter(|line| line.starts_with("sir0_calls_total{"));
            let mut lines = lines.filter(|line| of_it.iter().all(|label| line.contains(label)));
            let count = lines.next().and_then(|line| line.rsplit(' ').next()?.parse().ok());
            count.unwrap_or(0.0)
        };
        let over_rest = calls().filter(|call| call.rest.is_some() && !call.streaming);
        over_rest.map(|call| (call.name, times(call.path))).collect()
    }
}

fn link_packages(folder: &Path) {
    let packages = Path::new(SOURCES).join("node_modules");
    std::os::unix::fs::symlink(packages, folder.join("node_modules")).expect("an empty place");
}

/// The compiler is what takes long, so it is called once for all three.
#[tokio::test]
async fn clients_that_generators_write_in_typescript_make_every_call() {
    let stage = Stage::set().await;
    link_packages(stage.folder.path());

    stage.runs("openapi-typescript", &["api.json", "--output", "openapi-typescript.d.ts"]).await;
    stage.runs("openapi-ts", &["--file", "openapi-ts.config.cjs"]).await;
    stage.runs("orval", &["--config", "orval.config.cjs"]).await;
    stage.runs("tsc", &["--project", "."]).await;

    for client in ["openapi-fetch", "hey", "orval"] {
        stage.makes_every_call(client, "node", &format!("made/{client}.js")).await;
    }
}

#[tokio::test]
async fn clients_that_generators_write_in_python_make_every_call() {
    let stage = Stage::set().await;

    let to = ["--path", "api.json", "--output-path", "made_client", "--meta", "none"];
    let how = ["--config", "openapi-python-client.yaml", "--fail-on-warning"];
    stage.runs("openapi-python-client", &[&["generate"], &to[..], &how].concat()).await;
    stage.runs("datamodel-codegen", &MODELS).await;

    for client in ["openapi_client", "models"] {
        stage.makes_every_call(client, "python", &format!("{client}.py")).await;
    }
}

/// Models that judge what they read and what they hold.
const MODELS: [&str; 12] = [
    "--input",
    "api.json",
    "--input-file-type",
    "openapi",
    "--output-model-type",
    "pydantic_v2.BaseModel",
    "--output",
    "made_models.py",
    "--use-annotated",
    "--field-constraints",
    "--formatters",
    "builtin",
];
