//! HTTP/1.1 load from wrk.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use super::{Figures, Target};

/// One turn.
pub(super) async fn run(
    target: Target<'_>,
    path: &str,
    connections: usize,
    turn: Duration,
) -> Result<Figures> {
    let output = Command::new("wrk")
        .args(["--threads", "1", "--connections", &connections.to_string()])
        .args(["--duration", &format!("{}s", turn.as_secs()), "--latency"])
        .arg(format!("http://{}{path}", target.address))
        .kill_on_drop(true)
        .output()
        .await
        .context("could not start wrk")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "wrk failed: {said}");
    read(&said).with_context(|| format!("wrk reports something else than figures:\n{said}"))
}

fn read(said: &str) -> Result<Figures> {
    let lines = || said.lines().map(str::trim);
    ensure!(
        !lines().any(|line| line.starts_with("Non-2xx") || line.starts_with("Socket errors")),
        "requests failed"
    );
    let p99 = lines().find_map(|line| line.strip_prefix("99%")).context("no p99")?;
    let rate = lines().find_map(|line| line.strip_prefix("Requests/sec:")).context("no rate")?;
    let requests = lines().find_map(|line| line.split_once(" requests in")).context("no count")?.0;
    Ok(Figures {
        requests: requests.trim().parse()?,
        per_second: rate.trim().parse()?,
        p99_ms: milliseconds(p99.trim())?,
    })
}

fn milliseconds(text: &str) -> Result<f64> {
    let unit = text.find(|character: char| character.is_alphabetic()).context("no unit")?;
    let (number, unit) = text.split_at(unit);
    let number: f64 = number.parse()?;
    match unit {
        "us" => Ok(number / 1_000.0),
        "ms" => Ok(number),
        "s" => Ok(number * 1_000.0),
        _ => anyhow::bail!("the unit `{unit}` is new"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
Running 3s test @ http://127.0.0.1:1/api/games/1
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   312.00us  101.00us   4.12ms   88.00%
    Req/Sec    41.00k     1.00k   44.00k    70.00%
  Latency Distribution
     50%  300.00us
     75%  350.00us
     90%  420.00us
     99%    1.25ms
  122500 requests in 3.00s, 30.00MB read
Requests/sec:  40833.33
Transfer/sec:     10.00MB
";

    #[test]
    fn what_wrk_says_is_read() {
        let figures = read(SAID).expect("figures");

        assert_eq!(figures, Figures { requests: 122_500.0, per_second: 40_833.33, p99_ms: 1.25 });
    }

    #[test]
    fn a_turn_with_failed_requests_does_not_count() {
        assert!(read(&format!("{SAID}  Non-2xx or 3xx responses: 3\n")).is_err());
        assert!(read(&format!("{SAID}  Socket errors: connect 0, read 3\n")).is_err());
    }
}
