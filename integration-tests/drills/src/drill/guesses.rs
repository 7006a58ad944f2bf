//! Ninety addresses try passwords for one account. Its owner is to get in from where they were before, all the same.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use sir0_testkit::{PASSWORD, email_of, process_with};
use tokio::time::{Instant, sleep};

use super::{
    flood::REAL_COST,
    report::Report,
    signins::Stranger,
    times::{Times, ms},
};

const ADDRESSES: u16 = 90;
const IN_TIME: Duration = Duration::from_secs(5);
/// The pauses between an answer and the next attempt: of those who guess, and of the owner.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// What the guesses came to.
#[derive(Default)]
struct Guesses {
    is_over: AtomicBool,
    tried: AtomicUsize,
    sent_away: AtomicUsize,
    otherwise: AtomicUsize,
}

impl Guesses {
    async fn go_on(self: Arc<Self>, stranger: Stranger) {
        let email = email_of("Ada");
        let mut round = 0;
        while !self.is_over.load(Ordering::SeqCst) {
            round += 1;
            let password = format!("{PASSWORD} {round}");
            let count = match stranger.signs_in(&email, &password).await.status {
                401 => &self.tried,
                429 => &self.sent_away,
                _ => &self.otherwise,
            };
            count.fetch_add(1, Ordering::SeqCst);
            sleep(PAUSES.0).await;
        }
    }
}

pub(super) async fn run(is_short: bool) -> Result<Report> {
    let lasting = Duration::from_secs(if is_short { 15 } else { 120 });
    let process = process_with(&REAL_COST).await;
    process.visitor().registers("Ada").await;
    let ada = Stranger::at(process.address(), 1_000)?;
    // She was here before: that makes the address known.
    let before = ada.signs_in(&email_of("Ada"), PASSWORD).await;
    anyhow::ensure!(before.status == 200, "the owner does not get in when idle: {}", before.text);
    let guesses = Arc::new(Guesses::default());
    let everyone: Vec<_> = (1..=ADDRESSES)
        .map(|number| {
            let stranger = Stranger::at(process.address(), number)?;
            Ok(tokio::spawn(Arc::clone(&guesses).go_on(stranger)))
        })
        .collect::<Result<_>>()?;
    // Until the line is full.
    sleep(Duration::from_secs(2)).await;

    let (begun, mut asked, mut times) = (Instant::now(), 0, Times::default());
    while begun.elapsed() < lasting {
        let started = Instant::now();
        asked += 1;
        if ada.signs_in(&email_of("Ada"), PASSWORD).await.status == 200 {
            times.add(started.elapsed());
        }
        sleep(PAUSES.1).await;
    }
    guesses.is_over.store(true, Ordering::SeqCst);
    for one in everyone {
        one.await.context("someone broke")?;
    }
    Ok(report(&guesses, asked, &times))
}

fn report(guesses: &Guesses, asked: usize, times: &Times) -> Report {
    let in_time = times.clone().into_iter().filter(|took| *took <= IN_TIME).count();
    let of = |count: &AtomicUsize| count.load(Ordering::SeqCst);
    let mut report = Report::default();
    let tried = of(&guesses.tried);
    report.must("passwords of strangers that were tried", tried, "≤ 100", tried <= 100);
    report.tells("guesses that were sent away", of(&guesses.sent_away));
    report.must_be_none("guesses that were answered otherwise", of(&guesses.otherwise));
    report.should(
        "sign-ins of the owner within 5 s",
        format!("{in_time} of {asked}"),
        "≥ 95 %",
        in_time * 100 >= asked * 95,
    );
    let figures = [50, 99, 100].map(|per_cent| ms(times.percentile(per_cent)));
    report.tells("a sign-in of the owner, p50, p99, longest", figures.join(", "));
    report
}
