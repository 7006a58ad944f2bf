//! The servers that the pages of operators name: `accounts-db` and `storefront-db`, each with a role that owns its
//! database and has a password, and `redis`.

use std::{
    fs::{self, File},
    io::Write,
};

use sir0_throwaway::{Postgres, Redis};

use crate::reader::Reader;

/// As `deploy/make-secrets.sh` names the files.
const SECRETS: &str = "deploy/secrets";
/// The settings of an installation that uses them.
const SETTINGS: &str = "\
[accounts]
database = 'postgres://accounts@accounts-db/accounts'
database_password_file = 'deploy/secrets/accounts-db-password'
[storefront]
database = 'postgres://storefront@storefront-db/storefront'
database_password_file = 'deploy/secrets/storefront-db-password'
[redis]
url = 'redis://redis'
password_file = 'deploy/secrets/redis-password'
";
/// The owner of a database needs a password, the superuser none.
const WHO_MAY: &str = "\
host all postgres 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
";

/// Lets the platform that this reader runs use the servers.
pub(crate) fn are_used_by(reader: &mut Reader) {
    let settings = reader.network().reads(SETTINGS);
    fs::write(reader.here().join("sir0.toml"), settings).expect("a file");
}

/// The servers. They end when this is dropped.
pub(crate) struct Databases {
    postgres: Postgres,
    _redis: Redis,
}

impl Databases {
    /// Starts them where the reader's page says they are, with empty databases. Puts the secrets beside the reader.
    pub(crate) async fn start(reader: &mut Reader) -> Self {
        let postgres = Postgres::start();
        let redis = Redis::start();
        let secrets = reader.here().join(SECRETS);
        fs::create_dir_all(&secrets).expect("an empty folder");
        for service in ["accounts", "storefront"] {
            let password = format!("the-password-of-{service}");
            fs::write(secrets.join(format!("{service}-db-password")), &password).expect("a file");
            postgres
                .psql("postgres", &format!("CREATE ROLE {service} LOGIN PASSWORD '{password}'"));
            postgres.psql("postgres", &format!("CREATE DATABASE {service} OWNER {service}"));
        }
        fs::write(secrets.join("redis-password"), "the-password-of-redis").expect("a file");
        redis.cli(&["CONFIG", "SET", "requirepass", "the-password-of-redis"]);
        let mut options = File::options();
        let rules =
            options.write(true).truncate(true).open(postgres.folder().join("data/pg_hba.conf"));
        let mut rules = rules.expect("it is there");
        rules.write_all(WHO_MAY.as_bytes()).expect("it is ours");
        postgres.psql("postgres", "SELECT pg_reload_conf()");

        let network = reader.network();
        network.leads(&["@accounts-db", "@storefront-db"], 5432, postgres.port()).await;
        network.leads(&["redis://redis"], 6379, redis.port()).await;
        Self { postgres, _redis: redis }
    }

    /// What SQL selects from a database, as its superuser.
    pub(crate) fn tell(&self, database: &str, sql: &str) -> String {
        self.postgres.psql(database, sql)
    }
}
