//! What a sign-in costs beside its hash, and whether its time tells which accounts exist.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use futures::future::join_all;
use serde_json::json;
use sir0_testkit::{PASSWORD, Process, email_of, process, process_with};

use super::{
    flood::REAL_COST,
    report::Report,
    signins::Stranger,
    times::{Times, ms},
};

/// How often an account is tried from an address: so often nothing is delayed.
const FROM_EACH: u16 = 4;
/// From how many addresses.
const ADDRESSES: u16 = 4;

pub(super) async fn run(is_short: bool) -> Result<Report> {
    let mut report = Report::default();
    beside_the_hash(is_short, &mut report).await?;
    known_and_unknown(is_short, &mut report).await?;
    Ok(report)
}

/// Sign-ins and bare hashes take turns on the same cores.
async fn beside_the_hash(is_short: bool, report: &mut Report) -> Result<()> {
    let (rounds, lasting) = if is_short { (2, 3) } else { (5, 10) };
    let lasting = Duration::from_secs(lasting);
    let process = process_with(&REAL_COST).await;
    process.visitor().registers("Ada").await;
    sign_ins(&process, Duration::from_secs(1)).await?;
    let mut turns = Vec::new();
    for _ in 0..rounds {
        let hashes = tokio::task::spawn_blocking(move || hashes(lasting)).await?;
        turns.push((sign_ins(&process, lasting).await?, hashes));
    }
    let middle = |mut of: Vec<f64>| {
        of.sort_by(f64::total_cmp);
        of[of.len() / 2]
    };
    let signed_in = middle(turns.iter().map(|(signed_in, _)| *signed_in).collect());
    let hashed = middle(turns.iter().map(|(_, hashed)| *hashed).collect());
    report.tells("bare hashes a second, on every core", format!("{hashed:.2}"));
    report.tells("sign-ins a second", format!("{signed_in:.2}"));
    let ratio = signed_in / hashed;
    report.should("sign-ins, of bare hashes", format!("{ratio:.2}"), "≥ 0.90", ratio >= 0.90);
    Ok(())
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Hashes a second, at the real cost, without a server.
fn hashes(lasting: Duration) -> f64 {
    let params = scrypt::Params::new(17, 8, 1).expect("the cost by default");
    let started = Instant::now();
    let hashing = || {
        let (mut done, mut output) = (0_u32, [0; 32]);
        while started.elapsed() < lasting {
            scrypt::scrypt(PASSWORD.as_bytes(), b"sixteen bytes..!", &params, &mut output)
                .expect("32 bytes are within the bounds");
            done += 1;
        }
        done
    };
    let done: u32 = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores()).map(|_| scope.spawn(hashing)).collect();
        threads.into_iter().map(|it| it.join().expect("no panic")).sum()
    });
    f64::from(done) / started.elapsed().as_secs_f64()
}

/// Sign-ins a second, with one more at a time than there are cores: one waits for each that ends.
async fn sign_ins(process: &Process, lasting: Duration) -> Result<f64> {
    let started = Instant::now();
    let asking = (0..=cores()).map(|_| {
        let visitor = process.visitor();
        tokio::spawn(async move {
            let mut done = 0_u32;
            while started.elapsed() < lasting {
                visitor.signs_in("Ada").await;
                done += 1;
            }
            done
        })
    });
    let mut done = 0;
    for one in join_all(asking).await {
        done += one.context("someone broke")?;
    }
    Ok(f64::from(done) / started.elapsed().as_secs_f64())
}

/// Wrong passwords for accounts that exist, for accounts that are disabled, and passwords for e-mails that none has, one after
/// the other in turns.
async fn known_and_unknown(is_short: bool, report: &mut Report) -> Result<()> {
    let accounts: u16 = if is_short { 4 } else { 63 };
    let process = process().await;
    let admin = process.admin("Root").await;
    for number in 0..accounts {
        process.visitor().registers(&format!("Known {number}")).await;
        let disabled = process.visitor().registers(&format!("Disabled {number}")).await;
        let disable = format!("/api/admin/users/{disabled}:disable");
        let answer = admin.rest().post(&disable, &json!({})).await;
        ensure!(answer.status == 200, "{}", answer.text);
    }
    let strangers = (0..ADDRESSES).map(|number| Stranger::at(process.address(), 2_000 + number));
    let strangers = strangers.collect::<Result<Vec<_>>>()?;
    let mut times = [Times::default(), Times::default(), Times::default()];
    for _ in 0..FROM_EACH {
        for stranger in &strangers {
            for number in 0..accounts {
                let kinds = ["Known", "Disabled", "Unknown"];
                let who = kinds.map(|who| email_of(&format!("{who} {number}")));
                for (email, times) in who.iter().zip(&mut times) {
                    let started = Instant::now();
                    let answer = stranger.signs_in(email, "seven wrong cranes").await;
                    ensure!(answer.status == 401, "{email}: {}", answer.text);
                    ensure!(answer.json["reason"] == "INVALID_CREDENTIALS", "{}", answer.text);
                    times.add(started.elapsed());
                }
            }
        }
    }
    let [known, disabled, unknown] = times.each_ref().map(|times| times.percentile(50));
    report.tells("sign-ins of each kind", times[0].count());
    report.tells("a wrong password, p50", ms(known));
    report.tells("a wrong password of a disabled account, p50", ms(disabled));
    report.tells("an e-mail that no account has, p50", ms(unknown));
    for (what, kind) in [("a disabled account", disabled), ("none", unknown)] {
        let differs = (known.as_secs_f64() / kind.as_secs_f64() - 1.0).abs() * 100.0;
        report.should(
            &format!("by how much an account and {what} differ"),
            format!("{differs:.2} %"),
            "≤ 2 %",
            differs <= 2.0,
        );
    }
    Ok(())
}
