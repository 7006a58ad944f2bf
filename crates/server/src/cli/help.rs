//! The page behind `sir0 --help`, from which a person can learn the program without another.

use std::fmt::Write;

use sir0_settings::Setting;

use crate::{
    SERVICES,
    config::{Config, settings},
    parts::Part,
};

/// How wide a line of a terminal is.
const WIDTH: usize = 100;

/// What it is, in a line.
pub(super) const ABOUT: &str = "A games distribution platform that anyone can run";

/// What it is, in a paragraph.
pub(super) const LONG_ABOUT: &str = "\
A games distribution platform that anyone can run: a store and accounts, over REST, gRPC, gRPC-Web
and WebSocket on one port. Without a command it serves, with everything it keeps in ./data and
nothing else to install.";

const EXAMPLES: &str = "\
Examples:
  sir0                              serve on http://127.0.0.1:8080
  sir0 --demo                       the same, with an invented catalogue to look at
  sir0 --listen 127.0.0.1:9000      serve on another port
  sir0 --log debug                  say more about what happens
  sir0 serve storefront             run one service, with the others elsewhere
  sir0 migrate --check              say which tables are out of date, and change nothing
  sir0 admin link                   print a link that makes the first administrator in a browser
  echo 'seven cranes at dawn' | sir0 admin create --email you@example.org --username you
                                    make the first administrator without a browser
  sir0 admin grant --email studio@example.org --role publisher
                                    let an account list games";

const SOURCES: &str = "\
Settings:
  Defaults, then the file, then the environment, then flags: the later wins. The file is sir0.toml
  in the working directory, or the one that --config names. A name or a value that makes no sense
  stops the start and says where it stands. In the file, `log.format` is written

      [log]
      format = \"json\"";

/// What is said of parts, behind their names.
const APART: &str =
    "  run one part each, on the same port with the same limits, and answer only for that part. A
  service takes a PostgreSQL database and any number of processes; with SQLite a second one refuses
  to start. All services are given the same peers.secret_file. The edge keeps nothing: it has
  /docs and /api/status.";

/// What is said of files, behind the list of them.
const FILES: &str = "  ./data/*.db.lock                  held by the process that serves the database; its id is inside
  All of them are for their owner alone. A folder that others may enter is closed at the start,
  or refused; one that Kubernetes lends to a group (fsGroup) is taken as it is.
  The key that seals secrets in the database of accounts is made on the first start in the same
  folder, as `sealing-key`. Who has both can be anyone: keep it out of backups that others read.";

/// Everything below the options.
pub(crate) fn page() -> String {
    let settings = settings_told();
    let (parts, files) = (parts(), files());
    format!(
        "{EXAMPLES}\n\n{SOURCES}\n{settings}\nApart:\n{parts}\n{APART}\n\nFiles:\n{files}{FILES}"
    )
}

/// Each setting with its default, what it does and where it is set.
fn settings_told() -> String {
    let defaults = Config::default().to_json();
    let mut told = String::new();
    for Setting { key, variable, flag, meaning, .. } in settings().iter() {
        let default = match defaults.pointer(&format!("/{}", key.replace('.', "/"))) {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(serde_json::Value::Null) | None => "unset".to_owned(),
            Some(other) => other.to_string(),
        };
        let flag = flag.map(|flag| format!(" or {flag}")).unwrap_or_default();
        write!(told, "\n  {key}  [{default}]\n      {meaning}\n      {variable}{flag}\n")
            .expect("a String takes everything");
    }
    told
}

/// The commands that run one part each, as many on a line as fit.
fn parts() -> String {
    let mut lines = vec![String::from(" ")];
    for part in Part::all() {
        let command = format!(" `sir0 serve {}`", part.name());
        match lines.last_mut() {
            Some(line) if line.len() + command.len() < WIDTH => line.push_str(&command),
            _ => lines.push(format!(" {command}")),
        }
    }
    lines.join("\n")
}

/// The files that are kept, a line each.
fn files() -> String {
    let line = |path: &str, what: &str| format!("  {path:<34}{what}\n");
    let databases = SERVICES.iter().map(|service| {
        let path = format!("./data/{}", service.file());
        let name = service.name;
        line(&path, &format!("what {name} keeps (SQLite, with -wal and -shm beside it)"))
    });
    [
        line("./sir0.toml", "settings, if you want any but the defaults"),
        line("./data/", "everything else; made on the first start"),
    ]
    .into_iter()
    .chain(databases)
    .collect()
}
