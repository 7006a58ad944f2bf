//! Ninety addresses hammer with wrong passwords. The owner of an account is to get in all the same.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use http::Method;
use reqwest::Client;
use serde_json::json;
use sir0_testkit::{Answer, PASSWORD, email_of, process_with};
use tokio::time::{Instant, sleep};

use super::{
    flood::REAL_COST,
    report::Report,
    times::{Times, ms},
};

const ADDRESSES: u16 = 90;
const IN_TIME: Duration = Duration::from_secs(10);
/// The pauses between an answer and the next attempt: of the clients that hammer, and of the owner.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// A person at a separate address: all of 127/8 is this machine.
pub(super) struct Stranger {
    client: Client,
    login: String,
}

impl Stranger {
    pub(super) fn at(server: SocketAddr, number: u16) -> Result<Self> {
        let [high, low] = number.to_be_bytes();
        let address = IpAddr::V4(Ipv4Addr::new(127, 7, high, low));
        let client = Client::builder().no_proxy().http1_only().local_address(address).build()?;
        Ok(Self { client, login: format!("http://{server}/api/users/login") })
    }

    pub(super) async fn signs_in(&self, email: &str, password: &str) -> Answer {
        let body = json!({"email": email, "password": password});
        Answer::to(self.client.request(Method::POST, &self.login).json(&body)).await
    }
}

/// What the flood came to.
#[derive(Default)]
struct Flood {
    is_over: AtomicBool,
    tried: AtomicUsize,
    sent_away: AtomicUsize,
    otherwise: AtomicUsize,
}

impl Flood {
    async fn hammers(self: Arc<Self>, stranger: Stranger, number: u16) {
        let mut round = 0;
        while !self.is_over.load(Ordering::SeqCst) {
            round += 1;
            let email = format!("x{number}.{round}@example.com");
            let count = match stranger.signs_in(&email, PASSWORD).await.status {
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
    let flood = Arc::new(Flood::default());
    let everyone: Vec<_> = (1..=ADDRESSES)
        .map(|number| {
            let stranger = Stranger::at(process.address(), number)?;
            Ok(tokio::spawn(Arc::clone(&flood).hammers(stranger, number)))
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
    flood.is_over.store(true, Ordering::SeqCst);
    for one in everyone {
        one.await.context("someone broke")?;
    }
    Ok(report(&flood, asked, &times))
}

fn report(flood: &Flood, asked: usize, times: &Times) -> Report {
    let in_time = times.clone().into_iter().filter(|took| *took <= IN_TIME).count();
    let of = |count: &AtomicUsize| count.load(Ordering::SeqCst);
    let mut report = Report::default();
    report.tells("passwords of strangers that were tried", of(&flood.tried));
    report.tells("strangers that were sent away", of(&flood.sent_away));
    report.must_be_none("strangers that were answered otherwise", of(&flood.otherwise));
    report.should(
        "sign-ins of the owner within 10 s",
        format!("{in_time} of {asked}"),
        "≥ 95 %",
        in_time * 100 >= asked * 95,
    );
    let figures = [50, 99, 100].map(|per_cent| ms(times.percentile(per_cent)));
    report.tells("a sign-in of the owner, p50, p99, longest", figures.join(", "));
    report
}
