//! Instances die one after the other while people go on: what was acknowledged is there, nothing is there twice, and
//! a client that asks again is answered.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use sir0_testkit::{Cluster, Instance, Plan};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use super::{
    caller::{Patience, Totals, rest},
    dice::Dice,
    load::{Kept, Load, Onlooker},
    report::Report,
    times::{Times, ms},
};

const STUDIOS: usize = 24;
const VISITORS: usize = 2;
const EVERY: Duration = Duration::from_secs(2);
/// Before the first kill and after the last one.
const CALM: Duration = Duration::from_secs(2);
const GLANCE: Duration = Duration::from_millis(20);
/// An instance that does not serve by then will not.
const PATIENCE: Duration = Duration::from_secs(30);
/// Of a thousand calls, one may be in vain.
const BAR: f64 = 0.1;

pub(super) async fn run(is_short: bool) -> Result<Report> {
    let kills = if is_short { 5 } else { 30 };
    let mut cluster = Plan { own_databases: true, ..Plan::default() }.starts().await;
    let mut load = Load::begins(&cluster, STUDIOS, VISITORS, Patience::NORMAL).await;
    // Accounts gets few calls; with these, an instance that is back is soon asked.
    let onlooker = Onlooker::begins(&cluster, "/.well-known/jwks.json", Duration::from_millis(30));
    let begun = Instant::now();
    sleep(CALM).await;

    let (mut dice, mut returning) = (Dice::new(), JoinSet::new());
    let mut killed = [0, 0];
    let first = Instant::now();
    for number in 0..kills {
        sleep_until(first + EVERY * number).await;
        let (is_storefront, victim) = chosen(&mut cluster, &mut dice);
        if let Some(count) = killed.get_mut(usize::from(is_storefront)) {
            *count += 1;
        }
        let died = Instant::now();
        victim.kill_9().await;
        let (service, address) =
            (if is_storefront { "storefront" } else { "accounts" }, victim.address());
        let page = Page::of(&cluster);
        let answered = page.answers(service, address).await.unwrap_or_default();
        let victim = by_address(&mut cluster, address).context("it is one of the cluster")?;
        victim.starts_again().await;
        returning.spawn(async move {
            while page.answers(service, address).await.is_none_or(|count| count <= answered) {
                if died.elapsed() > PATIENCE {
                    return None;
                }
                sleep(GLANCE).await;
            }
            Some(died.elapsed())
        });
    }
    let mut recoveries = Times::default();
    let mut never = 0;
    while let Some(returned) = returning.join_next().await {
        match returned.context("a look at the proxy broke")? {
            Some(took) => recoveries.add(took),
            None => never += 1,
        }
    }
    sleep(CALM).await;
    let took = begun.elapsed();
    let tally = load.tally();
    load.ends().await?;
    let keys = onlooker.ends();
    cluster.is_whole().await;
    // Sessions that ended last are refused everywhere by then.
    sleep(Duration::from_secs(1)).await;
    let kept = load.kept(&cluster).await?;
    let totals = tally.totals();

    let mut report = Report::default();
    let [accounts, storefronts] = killed;
    report.tells(
        "instances of accounts killed, of the storefront",
        format!("{accounts}, {storefronts}"),
    );
    tells_of_calls(&mut report, &totals, took);
    let failed = per_cent(totals.failures(), totals.calls);
    let figure = format!("{} of {}, {failed:.3} %", totals.failures(), totals.calls);
    report.should("calls in vain after up to 3 more attempts", figure, "< 0.1 %", failed < BAR);
    tells_what_is_kept(&mut report, &kept);
    report.must_be_none("instances that did not serve again", never);
    report.tells(
        "from the kill until the instance serves through the proxy, p50, longest",
        format!("{}, {}", ms(recoveries.percentile(50)), ms(recoveries.max())),
    );
    report.tells("the longest a client saw only errors", ms(totals.longest_blind));
    report.tells(
        "beside that: reads of the public keys, in vain after one more attempt, longest blind",
        format!("{}, {}, {}", keys.calls, keys.failures(), ms(keys.longest_blind)),
    );
    Ok(report)
}

/// One of those that run, by chance.
fn chosen<'c>(cluster: &'c mut Cluster, dice: &mut Dice) -> (bool, &'c mut Instance) {
    let accounts = cluster.accounts.iter_mut().map(|it| (false, it));
    let mut all: Vec<_> =
        accounts.chain(cluster.storefronts.iter_mut().map(|it| (true, it))).collect();
    let count = u64::try_from(all.len()).expect("a few instances");
    all.swap_remove(usize::try_from(dice.below(count)).expect("one of a few"))
}

fn by_address(cluster: &mut Cluster, address: SocketAddr) -> Option<&mut Instance> {
    cluster.instances().find(|it| it.address() == address)
}

/// What the proxy tells of its instances.
struct Page {
    client: reqwest::Client,
    url: String,
}

impl Page {
    fn of(cluster: &Cluster) -> Self {
        Self { client: rest(), url: format!("http://{}/clusters", cluster.envoy.admin()) }
    }

    /// How many calls an instance answered so far.
    async fn answers(&self, service: &str, instance: SocketAddr) -> Option<u64> {
        let text = self.client.get(&self.url).send().await.ok()?.text().await.ok()?;
        let begins = format!("{service}::{instance}::rq_success::");
        text.lines().find_map(|line| line.strip_prefix(&begins)?.parse().ok())
    }
}

/// Calls, attempts, and what was in vain before a client asked again.
pub(super) fn tells_of_calls(report: &mut Report, totals: &Totals, took: Duration) {
    for (what, count) in &totals.failed {
        eprintln!("in vain {count} times: {what}");
    }
    let (longest, slowest) = &totals.slowest;
    eprintln!("the slowest call: {}, {slowest}", ms(*longest));
    for what in totals.wrong.iter().take(10) {
        eprintln!("wrong: {what}");
    }
    #[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
    let rate = totals.calls as f64 / took.as_secs_f64();
    report.tells("calls, per second", format!("{}, {rate:.0}", totals.calls));
    report.tells(
        "a call with all its attempts, p50, p99, longest",
        format!(
            "{}, {}, {}",
            ms(totals.times.percentile(50)),
            ms(totals.times.percentile(99)),
            ms(totals.times.max())
        ),
    );
    report.tells(
        "attempts in vain, before anyone asked again",
        format!(
            "{} of {}, {:.3} %",
            totals.in_vain,
            totals.attempts,
            per_cent(totals.in_vain, totals.attempts)
        ),
    );
    report.must_be_none("answers other than the one asked for", totals.wrong.len());
}

/// What was acknowledged, and what of it is there.
pub(super) fn tells_what_is_kept(report: &mut Report, kept: &Kept) {
    let audit = &kept.audit;
    for what in audit.lost.iter().chain(&audit.doubled).chain(&audit.untold).take(10) {
        eprintln!("{what}");
    }
    report.tells(
        "acknowledged: changes of games, registrations, sessions begun, ended",
        format!("{}, {}, {}, {}", audit.acknowledged, kept.registered, kept.begun, kept.ended),
    );
    let lost = audit.lost.len() + kept.lost_registrations + kept.lost_begins + kept.lost_ends;
    report.must_be_none("acknowledged writes lost", lost);
    report.must_be_none("writes done twice", audit.doubled.len());
    report.must_be_none("games whose events do not match their row, gaps", audit.untold.len());
}

#[expect(clippy::cast_precision_loss, reason = "a share to look at")]
fn per_cent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}
