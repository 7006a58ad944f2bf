//! Every instance is stopped and started again, one after the other, as when a new version is rolled out: a client that
//! asks again once notices nothing.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sir0_testkit::Plan;
use tokio::{
    task::block_in_place,
    time::{Instant, sleep},
};

use super::{
    caller::Patience,
    kill::{tells_of_calls, tells_what_is_kept},
    load::{Load, Onlooker},
    report::Report,
    times::{Times, ms},
    watcher::{Goal, TOLD, Verdict, Watcher, judge},
};

const STUDIOS: usize = 16;
const VISITORS: usize = 1;
const WATCHERS: usize = 8;
const CALM: Duration = Duration::from_secs(1);

pub(super) async fn run(_is_short: bool) -> Result<Report> {
    let mut cluster = Plan { own_databases: true, ..Plan::default() }.starts().await;
    let goal = Goal::unknown();
    let mut watchers = Vec::new();
    for _ in 0..WATCHERS {
        watchers.push(Watcher::begins(&[cluster.address()], None, goal.clone()).await?);
    }
    let mut load = Load::begins(&cluster, STUDIOS, VISITORS, Patience::ONCE).await;
    let status = Onlooker::begins(&cluster, "/api/status", Duration::from_millis(100));
    let begun = Instant::now();
    sleep(CALM).await;

    let mut stops = Times::default();
    let count = cluster.instances().count();
    for index in 0..count {
        let instance = cluster.instances().nth(index).context("as many as were counted")?;
        let asked = Instant::now();
        let ended = instance.terminate().await;
        stops.add(asked.elapsed());
        ensure!(ended.success(), "{} ended badly: {ended}", instance.name());
        instance.starts_again().await;
        cluster.is_whole().await;
    }
    sleep(CALM).await;
    let took = begun.elapsed();
    let tally = load.tally();
    load.ends().await?;
    let seen = status.ends();
    // Sessions that ended last are refused everywhere by then.
    sleep(Duration::from_secs(1)).await;
    let kept = load.kept(&cluster).await?;

    let table = block_in_place(|| cluster.storefront_db.psql(TOLD));
    let told: Vec<&str> = table.lines().collect();
    ensure!(!told.is_empty(), "nothing was changed");
    goal.is(told.len());
    let (mut verdict, mut resumed, mut refused) = (Verdict::default(), 0, 0);
    let (mut broken, mut silence) = (0, Duration::ZERO);
    for watcher in watchers {
        let log = watcher.await.context("a watcher broke")??;
        verdict += judge(log.changes.iter().map(|change| change.what.as_str()), &told);
        resumed += log.resumed;
        refused += log.refused.len() + log.started_over;
        for (why, count) in &log.broken {
            eprintln!("{count} streams broke: {why}");
            broken += count;
        }
        silence = silence.max(log.longest_silence);
    }

    let totals = tally.totals();
    let mut report = Report::default();
    report.tells(
        "instances stopped and started again; a stop, p50, longest",
        format!("{count}; {}, {}", ms(stops.percentile(50)), ms(stops.max())),
    );
    tells_of_calls(&mut report, &totals, took);
    report.must_be_none("calls in vain after one more attempt", totals.failures());
    tells_what_is_kept(&mut report, &kept);
    report.tells(
        "watchers, changes for each, times they resumed",
        format!("{WATCHERS}, {}, {resumed}", told.len()),
    );
    verdict.adds_to(&mut report);
    report.must_be_none("tokens refused, starts over", refused);
    report.tells("streams that ended without `going_away`", broken);
    report.tells("the longest from the end of a stream to the next word", ms(silence));
    report.tells(
        "of the edge, of which there is one: calls of its status, in vain, longest blind",
        format!("{}, {}, {}", seen.calls, seen.failures(), ms(seen.longest_blind)),
    );
    Ok(report)
}
