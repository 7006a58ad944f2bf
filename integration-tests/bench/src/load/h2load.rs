//! gRPC load from h2load. It does not read trailers, so the size of the answers tells that they are answers.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use super::{Figures, Target};
use crate::{rpc, stats};

/// One turn.
pub(super) async fn run(
    target: Target<'_>,
    connections: usize,
    calls: usize,
    turn: Duration,
) -> Result<Figures> {
    let (frame, log) = (target.folder.join("frame.bin"), target.folder.join("h2load.log"));
    fs::write(&frame, rpc::frame(&rpc::QUESTION)).context("could not write the question")?;
    // h2load appends.
    if log.exists() {
        fs::remove_file(&log).context("could not remove the log of the last turn")?;
    }
    let output = Command::new("h2load")
        .args(["--threads", "1", "--clients", &connections.to_string()])
        .args(["--max-concurrent-streams", &calls.to_string()])
        .args(["--duration", &turn.as_secs().to_string()])
        .args(["--header", "content-type: application/grpc", "--header", "te: trailers"])
        .arg("--data")
        .arg(frame)
        .arg(format!("--log-file={}", log.display()))
        .arg(format!("http://{}{}", target.address, rpc::GET_GAME))
        .kill_on_drop(true)
        .output()
        .await
        .context("could not start h2load")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "h2load failed: {said}");
    let p99_ms = p99_ms(&log)?;
    read(&said, target.answer_bytes, p99_ms)
        .with_context(|| format!("h2load reports something else than figures:\n{said}"))
}

fn read(said: &str, answer_bytes: usize, p99_ms: f64) -> Result<Figures> {
    let line = |start: &str| said.lines().find_map(|line| line.strip_prefix(start));
    let finished = line("finished in ").context("no rate")?;
    let per_second = finished.split(", ").find_map(|part| part.strip_suffix(" req/s"));
    let requests = line("requests: ").context("no count")?;
    let count = |what: &str| -> Result<f64> {
        let part = requests.split(", ").find_map(|part| part.strip_suffix(what));
        Ok(part.with_context(|| format!("no count of{what}"))?.trim().parse()?)
    };
    let (succeeded, failed, errored) =
        (count(" succeeded")?, count(" failed")?, count(" errored")?);
    ensure!(failed + errored < 1.0, "requests failed");

    let data =
        line("traffic: ").and_then(|line| line.split(", ").find(|part| part.ends_with(" data")));
    let data =
        data.and_then(|part| part.split_once('(')?.1.split_once(')')).context("no traffic")?.0;
    #[expect(clippy::cast_precision_loss, reason = "an answer of a few hundred bytes")]
    let expected = succeeded * answer_bytes as f64;
    ensure!(data.parse::<f64>()? >= expected, "some answers were no answers");
    let per_second = per_second.context("no rate")?.parse()?;
    Ok(Figures { requests: succeeded, per_second, p99_ms })
}

/// From the log of every request: when it began, its status, and how many microseconds it took.
fn p99_ms(log: &Path) -> Result<f64> {
    let log = fs::read_to_string(log).context("h2load wrote no log")?;
    let times: Vec<f64> = log
        .lines()
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [_, "200", micros] = *fields else { anyhow::bail!("a request ended as `{line}`") };
            Ok(micros.trim().parse::<f64>()? / 1_000.0)
        })
        .collect::<Result<_>>()?;
    ensure!(!times.is_empty(), "h2load logged no request");
    Ok(stats::percentile(&times, 99))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
finished in 3.00s, 12000.00 req/s, 3.40MB/s
requests: 36000 total, 36064 started, 36000 done, 36000 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 36000 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 10.2MB (10699999) total, 1.20MB (1258291) headers (space savings 80.00%), 8.58MB (9000000) data
";

    #[test]
    fn what_h2load_says_is_read() {
        let figures = read(SAID, 250, 4.5).expect("figures");

        assert_eq!(figures, Figures { requests: 36_000.0, per_second: 12_000.0, p99_ms: 4.5 });
    }

    #[test]
    fn answers_without_a_message_do_not_count() {
        assert!(read(SAID, 251, 4.5).is_err());
    }

    #[test]
    fn a_turn_with_failed_requests_does_not_count() {
        assert!(read(&SAID.replace("0 errored", "1 errored"), 250, 4.5).is_err());
    }
}
