//! Several `sir0 serve` on the same databases, each reached past any proxy.

use std::{path::Path, time::Duration};

use sir0_testkit::{Person, Process, process_with};
use sir0_throwaway::Postgres;
use sir0_tokens::SigningKey;
use tempfile::TempDir;
use tokio::task::block_in_place;

use super::slow_line::SlowLine;

/// Instances of everything, on one PostgreSQL server that writes as one in service does. All end when this is dropped.
pub(crate) struct Fleet {
    pub(crate) instances: Vec<Process>,
    pub(crate) postgres: Postgres,
    _line: Option<SlowLine>,
    _key: TempDir,
}

/// What the storefront keeps.
pub(crate) const STOREFRONT: &str = "storefront";
/// What accounts keeps.
pub(crate) const ACCOUNTS: &str = "accounts";

impl Fleet {
    /// So many instances, with these settings.
    pub(crate) async fn of(count: usize, settings: &[(&str, &str)]) -> Self {
        Self::start(count, settings, None).await
    }

    /// One instance whose database is this far away, each way.
    pub(crate) async fn far_from_its_database(delay: Duration, settings: &[(&str, &str)]) -> Self {
        Self::start(1, settings, Some(delay)).await
    }

    async fn start(count: usize, settings: &[(&str, &str)], delay: Option<Duration>) -> Self {
        let postgres = block_in_place(|| {
            let postgres = Postgres::start_durable();
            postgres.create_database(ACCOUNTS);
            postgres.create_database(STOREFRONT);
            postgres
        });
        let key = tempfile::tempdir().expect("a folder for the key");
        let key_file = key.path().join("signing-key.pem");
        SigningKey::open_or_create(&key_file).expect("a folder of ours");
        let line = match delay {
            Some(delay) => {
                Some(SlowLine::to(postgres.port(), delay).await.expect("a port of loopback"))
            }
            None => None,
        };
        let port = line.as_ref().map_or(postgres.port(), SlowLine::port);

        let url = |database| format!("postgres://postgres@127.0.0.1:{port}/{database}");
        let (accounts, storefront) = (url(ACCOUNTS), url(STOREFRONT));
        let own = [
            ("SIR0_ACCOUNTS_DATABASE_URL", accounts.as_str()),
            ("SIR0_STOREFRONT_DATABASE_URL", storefront.as_str()),
            ("SIR0_ACCOUNTS_SIGNING_KEY", text(&key_file)),
        ];
        let settings = [&own, settings].concat();
        let mut instances = Vec::new();
        for _ in 0..count {
            instances.push(process_with(&settings).await);
        }
        Self { instances, postgres, _line: line, _key: key }
    }

    /// The first instance.
    pub(crate) fn first(&self) -> &Process {
        self.instances.first().expect("a fleet has an instance")
    }

    /// The same person at each instance.
    pub(crate) fn meets(&self, person: &Person) -> Vec<Person> {
        let token = person.token();
        self.instances.iter().map(|it| it.visitor().with_token(token)).collect()
    }

    /// A new account that may publish games, signed in at each instance.
    pub(crate) async fn publishers(&self, name: &str) -> Vec<Person> {
        self.meets(&self.first().publisher(name).await)
    }

    /// Runs SQL beside the program. What it selected: a line for a row, `|` between columns.
    pub(crate) fn psql(&self, database: &str, sql: &str) -> String {
        block_in_place(|| self.postgres.psql(database, sql))
    }

    /// A number that SQL selects.
    pub(crate) fn count(&self, database: &str, sql: &str) -> usize {
        self.psql(database, sql).trim().parse().expect("SQL that counts")
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}
