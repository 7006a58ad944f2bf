//! The page behind `sir0 --help`, from which a person can learn the program without another.

use std::fmt::Write;

use crate::config::{Config, settings};

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
  echo 'seven cranes at dawn' | sir0 admin create --email you@example.org --username you
                                    make the first administrator
  sir0 admin grant --email studio@example.org --role publisher
                                    let an account list games";

const SOURCES: &str = "\
Settings:
  Defaults, then the file, then the environment, then flags: the later wins. The file is sir0.toml
  in the working directory, or the one that --config names. A name or a value that makes no sense
  stops the start and says where it stands. In the file, `log.format` is written

      [log]
      format = \"json\"";

const APART: &str = "\
Apart:
  `sir0 serve accounts`, `sir0 serve storefront` and `sir0 serve edge` run one part each, on the
  same port with the same limits, and answer only for that part. accounts and storefront take a
  PostgreSQL database and any number of processes; with SQLite a second one refuses to start. Both
  are given the same peers.secret_file. The edge keeps nothing: it has /docs and /api/status.";

const FILES: &str = "\
Files:
  ./sir0.toml                       settings, if you want any but the defaults
  ./data/                           everything else; made on the first start
  ./data/accounts.db                accounts and sessions (SQLite, with -wal and -shm beside it)
  ./data/storefront.db              games and their changes (likewise)
  ./data/*.db.lock                  held by the process that serves the database; its id is inside
  All of them are for their owner alone. A folder that others may enter is closed at the start,
  or refused; one that Kubernetes lends to a group (fsGroup) is taken as it is.
  The keys that sign access tokens are made on the first start in the same folder. Whoever has
  them can be anyone: keep them out of backups that others read.";

/// Everything below the options.
pub(super) fn page() -> String {
    let defaults = Config::default().to_json();
    let mut page = format!("{EXAMPLES}\n\n{SOURCES}\n");
    for setting in settings().iter() {
        let default = defaults.pointer(&format!("/{}", setting.key.replace('.', "/")));
        let default = match default {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(serde_json::Value::Null) | None => "unset".to_owned(),
            Some(other) => other.to_string(),
        };
        let flag = setting.flag.map(|flag| format!(" or {flag}")).unwrap_or_default();
        write!(
            page,
            "\n  {key}  [{default}]\n      {meaning}\n      {variable}{flag}\n",
            key = setting.key,
            meaning = setting.meaning,
            variable = setting.variable,
        )
        .expect("a String takes everything");
    }
    page.push('\n');
    page.push_str(APART);
    page.push_str("\n\n");
    page.push_str(FILES);
    page
}
