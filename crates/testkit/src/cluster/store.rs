//! A service's own database.

use sir0_throwaway::{Database, Postgres};

/// A service's own database: a fresh one on a server that tests share, or one on a separate server, which can be
/// killed.
pub struct Store(Kind);

enum Kind {
    Shared(Database),
    Own(Box<Postgres>, &'static str),
}

impl Store {
    /// An empty database on a server that other tests use too.
    pub(super) fn shared() -> Self {
        Self(Kind::Shared(sir0_throwaway::database()))
    }

    /// A separate server that writes as a server in service does. The service owns its database and nothing else.
    pub(super) fn own(service: &'static str, password: &str) -> Self {
        let server = Postgres::start_durable();
        server.psql("postgres", &format!("CREATE ROLE {service} LOGIN PASSWORD '{password}'"));
        server.create_database(service);
        server.psql("postgres", &format!("ALTER DATABASE {service} OWNER TO {service}"));
        Self(Kind::Own(Box::new(server), service))
    }

    /// Where the service finds it.
    #[must_use]
    pub fn url(&self) -> String {
        match &self.0 {
            Kind::Shared(database) => database.url().to_owned(),
            Kind::Own(server, service) => {
                server.url(service).replacen("//postgres@", &format!("//{service}@"), 1)
            }
        }
    }

    /// Runs SQL as the superuser. Answers with what it selected: a line for each row, `|` between columns.
    #[expect(clippy::must_use_candidate, reason = "most statements are run for what they do")]
    pub fn psql(&self, sql: &str) -> String {
        match &self.0 {
            Kind::Shared(database) => database.psql(sql),
            Kind::Own(server, service) => server.psql(service, sql),
        }
    }

    /// Kills every process of its server as a power cut would. Only a separate server can be killed.
    pub fn kill_hard(&mut self) {
        self.server().kill_hard();
    }

    /// Starts its server again on the same port and the same folder. Returns when it has recovered.
    pub fn start_again(&mut self) {
        self.server().start_again();
    }

    fn server(&mut self) -> &mut Postgres {
        match &mut self.0 {
            Kind::Own(server, _) => server,
            Kind::Shared(_) => panic!("others use this server too, ask for a separate one"),
        }
    }
}
