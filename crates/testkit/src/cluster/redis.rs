//! Redis behind a password, as in its container.

/// A Redis to kill, to freeze and to start again. Every client has to show a password.
pub struct Redis {
    server: sir0_throwaway::Redis,
    password: String,
}

impl Redis {
    pub(super) fn start(password: &str) -> Self {
        let redis = Self { server: sir0_throwaway::Redis::start(), password: password.to_owned() };
        redis.asks_for_its_password();
        redis
    }

    /// Its port, the same as long as it lives.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.server.port()
    }

    /// Kills it as a power cut would.
    pub fn kill(&mut self) {
        self.server.kill();
    }

    /// Starts it again on the same port, empty, and waits until it answers.
    pub fn start_again(&mut self) {
        self.server.start_again();
        self.asks_for_its_password();
    }

    /// Stops it in mid-step. Connections stay open and nothing answers, until [`Self::thaw`].
    pub fn freeze(&self) {
        self.server.freeze();
    }

    /// Lets it go on where it was frozen.
    pub fn thaw(&self) {
        self.server.thaw();
    }

    /// What `redis-cli` with these arguments prints.
    #[must_use]
    pub fn cli(&self, arguments: &[&str]) -> String {
        let shown = ["--no-auth-warning", "-a", &self.password];
        self.server.cli(&[&shown, arguments].concat())
    }

    /// Sets the password. Until then Redis refuses a client that shows one, and the client tries again.
    fn asks_for_its_password(&self) {
        let said = self.server.cli(&["CONFIG", "SET", "requirepass", &self.password]);
        assert_eq!(said.trim(), "OK", "Redis takes a password");
    }
}
