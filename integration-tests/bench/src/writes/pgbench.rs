//! The statements of a change from pgbench: what the server and its disk take without sir0.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use tokio::process::{Child, Command};

/// What an instance does beside its changes, where the database numbers events apart from them.
const NUMBERING: &str = "SELECT number_events();\n\\sleep 2 ms\n";
const THREADS: &str = "2";
const LOG: &str = "pgbench-log";

/// A database and the script that changes it.
pub(super) struct Pgbench {
    pub(super) program: PathBuf,
    pub(super) script: PathBuf,
    /// Where the database is.
    pub(super) database: String,
    /// Whether changes wait there for `number_events()`.
    pub(super) numbers_events: bool,
    /// For its files.
    pub(super) folder: PathBuf,
}

/// The program, beside those of the server. The error says that it is missing.
pub(super) fn find() -> Result<PathBuf, String> {
    let program = sir0_throwaway::postgres_programs()?.join("pgbench");
    if program.is_file() { Ok(program) } else { Err("pgbench is not installed here".to_owned()) }
}

impl Pgbench {
    /// One turn. Answers how long each transaction took, in milliseconds, and how many fitted in a second.
    pub(super) async fn run(&self, clients: usize, turn: Duration) -> Result<(Vec<f64>, f64)> {
        self.remove_logs()?;
        let numbering = if self.numbers_events { Some(self.number()?) } else { None };
        let mut command = self.command(&self.script, clients, turn);
        command.args(["--jobs", THREADS, "--log", "--log-prefix", LOG]).arg(&self.database);
        let output = command.output().await.context("could not start pgbench")?;
        if let Some(mut numbering) = numbering {
            let ended = numbering.try_wait().context("pgbench was lost")?;
            ensure!(ended.is_none(), "the session that numbers events ended early");
            numbering.kill().await.context("could not end pgbench")?;
        }
        let said = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "pgbench failed: {said}{complaint}");
        let per_second = per_second(&said)
            .with_context(|| format!("pgbench reports something else than figures:\n{said}"))?;
        let mut times_ms = Vec::new();
        for log in self.logs()? {
            times_ms.extend(times(&fs::read_to_string(log)?)?);
        }
        ensure!(!times_ms.is_empty(), "pgbench made no transaction");
        Ok((times_ms, per_second))
    }

    /// One session that numbers what waits, until it is killed.
    fn number(&self) -> Result<Child> {
        const A_DAY: Duration = Duration::from_hours(24);
        let script = self.folder.join("number.sql");
        fs::write(&script, NUMBERING).context("could not write a script")?;
        let mut command = self.command(&script, 1, A_DAY);
        command.arg(&self.database).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().context("could not start pgbench")
    }

    fn command(&self, script: &Path, clients: usize, turn: Duration) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        command
            .args(["--no-vacuum", "--protocol=prepared"])
            .arg(format!("--client={clients}"))
            .arg(format!("--time={}", turn.as_secs()))
            .arg(format!("--file={}", script.display()))
            .env("LC_ALL", "C")
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    fn logs(&self) -> Result<Vec<PathBuf>> {
        let files = fs::read_dir(&self.folder).context("could not read a folder")?;
        let mut logs = Vec::new();
        for file in files {
            let file = file?;
            if file.file_name().to_string_lossy().starts_with(LOG) {
                logs.push(file.path());
            }
        }
        Ok(logs)
    }

    fn remove_logs(&self) -> Result<()> {
        for log in self.logs()? {
            fs::remove_file(log).context("could not remove the log of the last turn")?;
        }
        Ok(())
    }
}

fn per_second(said: &str) -> Result<f64> {
    let line = |start: &str| said.lines().find_map(|line| line.strip_prefix(start));
    // Servers before version 15 say nothing of failures: there every one ends the run.
    let failed = line("number of failed transactions: ").unwrap_or("0");
    ensure!(failed.split(' ').next() == Some("0"), "transactions failed");
    let rate = line("tps = ").context("no rate")?;
    Ok(rate.split(' ').next().unwrap_or_default().parse()?)
}

/// Milliseconds of each transaction, from a log: client, number, microseconds, and more.
fn times(log: &str) -> Result<Vec<f64>> {
    let time = |line: &str| -> Result<f64> {
        let micros = line.split(' ').nth(2).context("a line of the log is too short")?;
        Ok(micros.parse::<f64>().with_context(|| format!("a time is `{micros}`"))? / 1_000.0)
    };
    log.lines().map(time).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
transaction type: change.sql
number of clients: 32
number of transactions actually processed: 4711
number of failed transactions: 0 (0.000%)
latency average = 127.034 ms
initial connection time = 61.911 ms
tps = 251.901334 (without initial connection time)
";

    #[test]
    #[expect(clippy::float_cmp, reason = "both are read from the same digits")]
    fn what_pgbench_says_is_read() {
        assert_eq!(per_second(SAID).expect("a rate"), 251.901_334);

        let failed = SAID.replace("transactions: 0 (", "transactions: 3 (");
        assert!(per_second(&failed).is_err());
    }

    #[test]
    fn each_line_of_its_log_is_a_time() {
        let log = "0 1 128500 0 1790000000 123456\n31 7 1500 0 1790000000 223456\n";

        assert_eq!(times(log).expect("times"), [128.5, 1.5]);
        assert!(times("0 1 failed 0 1790000000 123456\n").is_err());
        assert!(times("0 1\n").is_err());
    }

    #[tokio::test]
    async fn what_waits_is_numbered_while_changes_are_made() {
        let database = sir0_throwaway::database();
        database.psql("CREATE TABLE outbox (waits BIGINT)");
        database.psql("CREATE TABLE events (position BIGINT)");
        database.psql(
            "CREATE FUNCTION number_events() RETURNS VOID LANGUAGE SQL AS $$
                WITH taken AS (DELETE FROM outbox RETURNING waits)
                INSERT INTO events SELECT waits FROM taken
            $$",
        );
        let folder = tempfile::tempdir().expect("a folder");
        let script = folder.path().join("change.sql");
        fs::write(&script, "INSERT INTO outbox VALUES (:client_id);\n").expect("a script");
        let pgbench = Pgbench {
            program: find().expect("pgbench stands beside the server"),
            script,
            database: database.url().to_owned(),
            numbers_events: true,
            folder: folder.path().to_owned(),
        };

        let (times_ms, per_second) = pgbench.run(2, Duration::from_secs(1)).await.expect("a turn");

        let made =
            database.psql("SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM outbox)");
        assert_eq!(made, times_ms.len().to_string());
        assert!(per_second > 0.0);
        assert_ne!(database.psql("SELECT count(*) FROM events"), "0");
    }
}
