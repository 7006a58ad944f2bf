//! Ten times as many logins as can be hashed. Clients that only read are not to notice.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use futures::future::join_all;
use serde_json::json;
use sir0_contract::accounts::{GetUserRequest, LoginRequest};
use sir0_testkit::{PASSWORD, Person, Process, Rest, email_of, process_with};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::{
    game::a_game,
    memory::Peak,
    report::Report,
    times::{Times, ms},
};

/// What a password costs by default; in most other drills it is made cheap.
pub(super) const REAL_COST: [(&str, &str); 3] = [
    ("SIR0_ACCOUNTS_HASHING_LOG_N", "17"),
    ("SIR0_ACCOUNTS_HASHING_R", "8"),
    ("SIR0_ACCOUNTS_HASHING_P", "1"),
];
/// How often a reader asks, whether the last answer came or not.
const READS_EVERY: Duration = Duration::from_millis(4);
const READERS: usize = 8;
const TIMES_CAPACITY: f64 = 10.0;
/// 512 MiB for hashes, and the process itself with what waits.
const MEMORY_BAR: u64 = 700 << 20;

/// How logins ended.
#[derive(Default)]
struct Logins {
    accepted: Vec<String>,
    refused: usize,
    without_retry_after: usize,
    otherwise: Vec<String>,
    waits: Times,
}

pub(super) async fn run(is_short: bool) -> Result<Report> {
    let (idle_for, flood_for) = if is_short { (3, 6) } else { (10, 30) };
    let (idle_for, flood_for) = (Duration::from_secs(idle_for), Duration::from_secs(flood_for));
    let process = process_with(&REAL_COST).await;
    let visitor = process.visitor();
    visitor.registers("Ada").await;
    let path = Arc::new(a_game_of(&process).await?);

    let capacity = capacity(&visitor, idle_for).await?;
    // The first reads pay for what all share.
    read(&visitor, &path, Duration::from_secs(1)).await?;
    let idle = read(&visitor, &path, idle_for).await?;

    let peak = Peak::begins(process.pid());
    let (logins, reads) = tokio::join!(
        flood(&visitor, capacity * TIMES_CAPACITY, flood_for),
        read(&visitor, &path, flood_for)
    );
    let (logins, reads) = (logins?, reads?);
    let peak = peak.ends().await?;
    let dead = dead_tokens(&visitor, &logins.accepted).await?;

    for what in logins.otherwise.iter().take(10) {
        eprintln!("{what}");
    }
    let (idle_p99, busy_p99) = (idle.percentile(99), reads.percentile(99));
    let ratio = busy_p99.as_secs_f64() / idle_p99.as_secs_f64();
    let mut report = Report::default();
    report.tells("logins a second that can be hashed", format!("{capacity:.1}"));
    report.tells(
        "logins asked for in all",
        logins.accepted.len() + logins.refused + logins.otherwise.len(),
    );
    report.tells("logins accepted", logins.accepted.len());
    report.must_be_none("tokens of theirs that do not work", dead);
    report.tells("logins refused as TOO_BUSY", logins.refused);
    report.must_be_none("refused without `Retry-After`", logins.without_retry_after);
    report.must_be_none("logins that ended otherwise", logins.otherwise.len());
    report.tells(
        "an accepted login, p50, longest",
        format!("{}, {}", ms(logins.waits.percentile(50)), ms(logins.waits.max())),
    );
    let three = |times: &Times| {
        let [p50, p99] = [50, 99].map(|per_cent| ms(times.percentile(per_cent)));
        format!("{p50}, {p99}, {}", ms(times.max()))
    };
    report.tells("`GET /api/games/{id}` when idle, p50, p99, longest", three(&idle));
    report.tells("`GET /api/games/{id}` in the flood, p50, p99, longest", three(&reads));
    report.should(
        "p99 in the flood, of that when idle",
        format!("{ratio:.1} times"),
        "≤ 2 times",
        ratio <= 2.0,
    );
    report.should(
        "memory of the process at its peak",
        format!("{} MiB", peak >> 20),
        "≤ 700 MiB",
        peak <= MEMORY_BAR,
    );
    Ok(report)
}

async fn a_game_of(process: &Process) -> Result<String> {
    let mut games = process.publisher("Northlight").await.games();
    let made = games.create_game(a_game("Lanterns")).await?;
    Ok(format!("/api/games/{}", made.into_inner().game_id))
}

/// Logins a second, with as many at a time as there are cores.
async fn capacity(visitor: &Person, lasting: Duration) -> Result<f64> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let started = Instant::now();
    let asking = (0..cores).map(|_| {
        let mut accounts = visitor.accounts();
        tokio::spawn(async move {
            let mut done = 0;
            while started.elapsed() < lasting {
                let request = LoginRequest {
                    email: email_of("Ada"),
                    password: PASSWORD.to_owned(),
                    ..Default::default()
                };
                accounts.login(request).await.context("a login is refused when idle")?;
                done += 1;
            }
            anyhow::Ok(done)
        })
    });
    let mut done = 0_u32;
    for one in join_all(asking).await {
        done += one.context("someone broke")??;
    }
    Ok(f64::from(done) / started.elapsed().as_secs_f64())
}

/// Reads the game at a steady rate. Each time is counted from the moment when the request was due.
async fn read(visitor: &Person, path: &Arc<String>, lasting: Duration) -> Result<Times> {
    let started = Instant::now();
    let readers = (0..READERS).map(|_| {
        let (rest, path) = (visitor.rest(), Arc::clone(path));
        tokio::spawn(async move {
            let mut ticks = interval(READS_EVERY * u32::try_from(READERS).unwrap_or(1));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
            let mut times = Times::default();
            while started.elapsed() < lasting {
                let due = ticks.tick().await;
                let answer = rest.get(&path).await;
                ensure!(answer.status == 200, "GET {path} answered {}", answer.status);
                times.add(due.elapsed());
            }
            Ok(times)
        })
    });
    let mut times = Times::default();
    for one in join_all(readers).await {
        times.extend(one.context("someone broke")??);
    }
    Ok(times)
}

/// So many logins a second, whether the ones before were answered or not.
async fn flood(visitor: &Person, per_second: f64, lasting: Duration) -> Result<Logins> {
    let logins = Arc::new(Mutex::new(Logins::default()));
    let (rest, started) = (visitor.rest(), Instant::now());
    let mut ticks = interval(Duration::from_secs_f64(1.0 / per_second));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut asked = Vec::new();
    while started.elapsed() < lasting {
        ticks.tick().await;
        let (rest, logins) = (rest.clone(), Arc::clone(&logins));
        asked.push(tokio::spawn(async move { sign_in(&rest, &logins).await }));
    }
    for one in join_all(asked).await {
        one.context("someone broke")?;
    }
    Ok(std::mem::take(&mut *logins.lock().unwrap_or_else(PoisonError::into_inner)))
}

async fn sign_in(rest: &Rest, logins: &Mutex<Logins>) {
    let asked = Instant::now();
    let body = json!({"email": email_of("Ada"), "password": PASSWORD});
    let answer = rest.post("/api/users/login", &body).await;
    let mut logins = logins.lock().unwrap_or_else(PoisonError::into_inner);
    match (answer.status, answer.json["token"].as_str()) {
        (200, Some(token)) => {
            logins.accepted.push(token.to_owned());
            logins.waits.add(asked.elapsed());
        }
        (429, _) => {
            logins.refused += 1;
            logins.without_retry_after += usize::from(answer.header("retry-after").is_none());
        }
        (status, _) => logins.otherwise.push(format!("login: {status} {}", answer.text)),
    }
}

/// How many of these tokens are refused.
async fn dead_tokens(visitor: &Person, tokens: &[String]) -> Result<usize> {
    let id = visitor.signs_in("Ada").await.id;
    let mut dead = 0;
    for token in tokens {
        let mut accounts = visitor.with_token(token).accounts();
        dead += usize::from(accounts.get_user(GetUserRequest { user_id: id }).await.is_err());
    }
    Ok(dead)
}
