//! A Redis to kill, to freeze and to start again.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

use crate::{
    home::{self, Home},
    port, programs,
    running::Running,
};

/// How often a port that was free a moment ago may be taken.
const ATTEMPTS: usize = 5;

/// A separate Redis on a free port of loopback. It keeps nothing on disk. It is gone when dropped.
pub struct Redis {
    // Stands before its folder, because the first field is dropped first.
    running: Option<Running>,
    home: Home,
    port: u16,
}

impl Redis {
    /// Starts one and waits until it answers.
    #[must_use]
    pub fn start() -> Self {
        Self::try_start().unwrap_or_else(|why| panic!("{why}"))
    }

    fn try_start() -> Result<Self, String> {
        let mut redis = Self { running: None, home: Home::on_disk()?, port: 0 };
        let mut outcome = Ok(());
        for _ in 0..ATTEMPTS {
            redis.port = port::free()?;
            outcome = redis.launch();
            if outcome.is_ok() {
                break;
            }
        }
        outcome.map(|()| redis)
    }

    fn launch(&mut self) -> Result<(), String> {
        let mut server = self.home.server(&programs::redis("redis-server")?)?;
        server.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"]);
        server.args(["--save", "", "--appendonly", "no"]);
        let mut running = Running::start(&mut server, "KILL", self.home.path())?;
        let port = self.port;
        // Another Redis on this port would answer as well, but then ours ends at once.
        if !running.becomes(|_| answers(port)) {
            return Err(format!("Redis did not start; it said:\n{}", self.home.log()));
        }
        self.running = Some(running);
        Ok(())
    }

    /// `redis://127.0.0.1:PORT`, the same as long as it lives.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its port, the same as long as it lives.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Kills it as a power cut would.
    pub fn kill(&mut self) {
        assert!(self.running.take().is_some(), "it runs before it is killed");
    }

    /// Starts it again on the same port, empty, and waits until it answers.
    pub fn start_again(&mut self) {
        assert!(self.running.is_none(), "it is killed before it is started again");
        self.launch().unwrap_or_else(|why| panic!("{why}"));
    }

    /// Stops it in mid-step. Connections stay open and nothing answers, until [`Self::thaw`].
    pub fn freeze(&self) {
        self.process().signal("STOP");
    }

    /// Lets it go on where it was frozen.
    pub fn thaw(&self) {
        self.process().signal("CONT");
    }

    /// What `redis-cli` with these arguments prints.
    #[expect(clippy::must_use_candidate, reason = "most commands are sent for what they do")]
    pub fn cli(&self, arguments: &[&str]) -> String {
        let outcome = programs::redis("redis-cli").and_then(|program| {
            let port = self.port.to_string();
            let mut cli = home::plain(&program);
            home::run(cli.args(["-h", "127.0.0.1", "-p", &port, "-e"]).args(arguments))
        });
        outcome.unwrap_or_else(|why| panic!("{why}"))
    }

    fn process(&self) -> &Running {
        self.running.as_ref().expect("it was started")
    }
}

fn answers(port: u16) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).map(|()| answer)
    };
    ask().is_ok_and(|answer: [u8; 5]| &answer == b"+PONG")
}
