//! A hundred connections ask for what they do not read and begin what they do not finish. Memory stays where it is, and
//! other clients do not notice.

mod greedy;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use reqwest::Client;
use sir0_contract::storefront::CreateGameRequest;
use sir0_testkit::{Process, process};
use tokio::{
    runtime,
    time::{Instant, MissedTickBehavior, interval, sleep},
};

use self::greedy::{Greed, Greedy};
use super::{
    game::a_game,
    memory::Peak,
    report::Report,
    times::{Times, ms},
};

/// More than a page holds, so that a page is as large as one may be.
const GAMES: usize = 300;
const READS_EVERY: Duration = Duration::from_millis(10);
const READ: [&str; 3] = ["/api/status", "/api/games/1", "/api/games?pageSize=20"];
/// What may be resident above a warm idle.
const MOST: u64 = 64_000_000;
/// Until memory is to be back.
const A_MINUTE: Duration = Duration::from_mins(1);

pub(super) async fn run(is_short: bool) -> Result<Report> {
    let lasting = Duration::from_secs(if is_short { 5 } else { 15 });
    let mut report = Report::default();
    for greed in Greed::ALL {
        // Each kind meets a fresh process: memory that one kind left behind would count for the next.
        let process = a_full_store().await?;
        warms_up(&process).await?;
        let idle = Bystander::begins(&process).reads_for(lasting).await?;
        for is_spread in [false, true] {
            let warm = process.rss().context("the system tells no memory")?;
            let peak = Peak::begins(process.pid());
            let bystander = Bystander::begins(&process);
            let greedy = Greedy::connects(process.address(), greed, is_spread).await?;
            let waiting = greedy.asks();
            let from = if is_spread { "100 addresses" } else { "one address" };
            println!("  {} from {from}", greed.word());
            let read = bystander.reads_for(lasting).await?;
            let began = waiting.ends().await;
            let peak = peak.ends().await?;
            let (back, after) = is_back(&process, warm).await?;
            report.tells(&format!("{} from {from}: what became of them", greed.word()), began);
            report.must_be_none("a bystander's reads that were refused", read.refused);
            let (times, idle) = (&read.times, &idle.times);
            let ratio = times.percentile(99).as_secs_f64() / idle.percentile(99).as_secs_f64();
            report.should(
                "memory at its peak, above a warm idle",
                format!("{} MB above {} MB", mb(peak.saturating_sub(warm)), mb(warm)),
                "≤ 64 MB",
                peak.saturating_sub(warm) <= MOST,
            );
            report.should(
                "a bystander's p99, of that when idle",
                format!(
                    "{ratio:.1} times ({} of {}; longest {})",
                    ms(times.percentile(99)),
                    ms(idle.percentile(99)),
                    ms(times.max())
                ),
                "≤ 5 times",
                ratio <= 5.0,
            );
            report.should(
                "memory after a minute",
                format!("{} MB after {} s", mb(after), back.as_secs()),
                "≤ 1.2 times",
                after <= warm / 5 * 6,
            );
        }
    }
    Ok(report)
}

const fn mb(bytes: u64) -> u64 {
    bytes / 1_000_000
}

/// A process with games that fill a page.
async fn a_full_store() -> Result<Process> {
    let process = process().await;
    let games = process.publisher("Northlight").await.games();
    stream::iter(0..GAMES)
        .map(Ok)
        .try_for_each_concurrent(16, |number| {
            let mut games = games.clone();
            let description = format!("{number} {}", "x".repeat(3_990));
            async move {
                games.create_game(CreateGameRequest { description, ..a_game("Lanterns") }).await?;
                anyhow::Ok(())
            }
        })
        .await?;
    Ok(process)
}

/// What every process has after some time: threads that have worked, pages that were read, statements that were
/// prepared, and what the allocator keeps after as many connections and calls as are to come, of clients that read.
async fn warms_up(process: &Process) -> Result<()> {
    let rest = process.visitor().rest();
    stream::iter(0..200)
        .map(Ok)
        .try_for_each_concurrent(8, |_| async {
            for path in READ.into_iter().chain(["/api/games?pageSize=1000"]) {
                ensure!(rest.get(path).await.status == 200, "{path} is not there when idle");
            }
            Ok(())
        })
        .await?;
    greedy::read_by_many(process.address(), "/api/games/1").await?;
    sleep(Duration::from_secs(2)).await;
    Ok(())
}

/// A client that reads a little, again and again, over one connection.
struct Bystander {
    client: Client,
    server: String,
}

/// How a bystander was served.
#[derive(Default)]
struct Read {
    times: Times,
    refused: usize,
}

impl Bystander {
    fn begins(process: &Process) -> Self {
        let client = Client::builder().no_proxy().http1_only().build();
        let server = format!("http://{}", process.address());
        Self { client: client.expect("a client without files"), server }
    }

    /// Reads at a steady rate. The bystander has a separate thread: on the drill's runtime it would wait for the greedy
    /// clients and not for the server.
    async fn reads_for(self, lasting: Duration) -> Result<Read> {
        let reading = tokio::task::spawn_blocking(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(self.reads(lasting))
        });
        reading.await.context("the bystander broke")?
    }

    /// Each time is counted from the moment when the request was due.
    async fn reads(&self, lasting: Duration) -> Result<Read> {
        let (mut read, begun) = (Read::default(), Instant::now());
        let mut ticks = interval(READS_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        for path in READ.into_iter().cycle() {
            if begun.elapsed() >= lasting {
                break;
            }
            let due = ticks.tick().await;
            let answer = self.client.get(format!("{}{path}", self.server)).send().await?;
            read.refused += usize::from(answer.status() != 200);
            answer.bytes().await?;
            read.times.add(due.elapsed());
        }
        Ok(read)
    }
}

/// How long it took until memory was back, a minute at most, and what is resident then.
async fn is_back(process: &Process, warm: u64) -> Result<(Duration, u64)> {
    let left = Instant::now();
    loop {
        let now = process.rss().context("the process is gone")?;
        if now <= warm / 5 * 6 || left.elapsed() >= A_MINUTE {
            return Ok((left.elapsed(), now));
        }
        sleep(Duration::from_millis(200)).await;
    }
}
