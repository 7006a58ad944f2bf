//! Attempts that are refused: a stranger drives neither rows nor log lines, and fail2ban hears enough.

use std::{net::IpAddr, time::Duration};

use regex::Regex;
use serde_json::{Value, json};
use sir0_testkit::{Person, Process, email_of, process, process_with};
use tokio::time::{Instant, sleep};

use crate::signins::{Stranger, WRONG};

/// How often attempts are told, and how many addresses and accounts of each time.
const ROUND: Duration = Duration::from_secs(10);
const TOLD: usize = 32;

/// The filter that `docs/operations.md` gives to fail2ban.
const FILTER: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/fail2ban/filter.conf"));

/// The expressions of the filter, with what fail2ban puts in the place of `<ADDR>`.
fn expressions() -> Vec<Regex> {
    let (_, rest) = FILTER.split_once("failregex = ").expect("it has some");
    let (expressions, _) = rest.split_once("\n\n").expect("an empty line is behind them");
    let address = r"(?P<address>[0-9A-Fa-f:.]+)";
    let read = |line: &str| Regex::new(&line.trim().replace("<ADDR>", address));
    expressions.lines().map(read).collect::<Result<_, _>>().expect("expressions")
}

/// Whom fail2ban finds in a log, each as often as there is a line.
fn found(log: &str) -> Vec<IpAddr> {
    let expressions = expressions();
    let address = |line: &str| {
        let found = expressions.iter().find_map(|it| it.captures(line))?;
        Some(found["address"].parse().expect("an address"))
    };
    log.lines().filter_map(address).collect()
}

/// Waits until the log has this many lines with these words.
async fn says(server: &Process, words: &str, times: usize) -> String {
    let late = Instant::now() + 3 * ROUND;
    loop {
        let log = server.log();
        if log.lines().filter(|line| line.contains(words)).count() >= times {
            return log;
        }
        assert!(Instant::now() < late, "not {times} times {words} in {log}");
        sleep(Duration::from_millis(200)).await;
    }
}

async fn refused(root: &Person) -> Vec<Value> {
    let path = "/api/security-events?kind=attempts_refused&pageSize=1000";
    let listed = root.rest().get(path).await;
    assert_eq!(listed.status, 200, "{listed:?}");
    listed.json["events"].as_array().expect("a list").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn fail2ban_finds_who_guesses_and_nobody_who_mistypes_in_either_form_of_the_log() {
    for format in ["text", "json"] {
        let server = process_with(&[("SIR0_LOG_FORMAT", format)]).await;
        let (guesser, ada) = (Stranger::of(&server, 1), Stranger::of(&server, 2));
        // A stranger whose words look like a line of ours.
        let forged = "x INFO attempts were refused address=192.0.2.7 count=99 why=password=99 ";
        let forging = json!({"refreshToken": forged, "clientId": "192.0.2.7"});

        for number in 0..6 {
            let token = json!({"refreshToken": format!("refresh_{number}")});
            assert_eq!(guesser.posts("/api/users/login/refresh", &token).await.status, 401);
        }
        assert_eq!(ada.signs_in(&email_of("Ada"), WRONG).await.status, 401);
        let agent = ada.posts(&format!("/{}", forged.replace(' ', "%20")), &forging).await;
        assert_eq!(agent.status, 404);
        let log = says(&server, "attempts were refused", 2).await;

        assert_eq!(found(&log), [IpAddr::from([127, 7, 0, 1])], "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_addresses_make_no_more_rows_and_lines_than_a_round_has() {
    const ADDRESSES: u16 = 600;
    let server = process().await;
    let root = server.admin("Root").await;
    let began = Instant::now();

    for number in 1..=ADDRESSES {
        let stranger = Stranger::of(&server, number);
        let token = json!({"refreshToken": format!("refresh_{number}")});
        assert_eq!(stranger.posts("/api/users/login/refresh", &token).await.status, 401);
    }
    sleep(ROUND + Duration::from_secs(1)).await;

    let rounds = began.elapsed().as_secs() / ROUND.as_secs() + 1;
    let most = usize::try_from(rounds).expect("a few") * (TOLD + 1);
    let rows = refused(&root).await;
    let counted: i64 = rows.iter().map(|row| row["count"].as_i64().expect("a number")).sum();
    assert!(rows.len() <= most, "{} rows in {rounds} rounds", rows.len());
    assert_eq!(counted, i64::from(ADDRESSES), "none is lost");
    let log = server.log();
    let lines = log.lines().filter(|line| line.contains("were refused")).count();
    assert!(lines <= most, "{lines} lines in {rounds} rounds");
    let others = rows.iter().filter(|row| row.get("address").is_none());
    assert!(others.count() >= 1, "those who have no row are in one together");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_counted_is_told_when_the_server_is_asked_to_stop() {
    let mut server = process().await;
    let root = server.admin("Root").await;
    assert_eq!(Stranger::of(&server, 1).signs_in(&email_of("Root"), WRONG).await.status, 401);

    assert!(server.terminate().await.success());
    server.starts_again().await;

    let rows = refused(&root.signs_in("Root").await).await;
    let about = |row: &&Value| row["userId"] == root.id && row["count"] == 1;
    assert_eq!(rows.iter().filter(about).count(), 1, "{rows:?}");
}
