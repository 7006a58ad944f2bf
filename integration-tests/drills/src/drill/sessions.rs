//! A session ends at one instance. How soon does another refuse its token? By each of the ways to hear of it.
//! And the same for a member who is removed from a studio, and for an account that is disabled.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, stream};
use sir0_contract::accounts::{GetUserRequest, LogoutRequest};
use sir0_testkit::Person;
use sir0_throwaway::Redis;
use tokio::{
    task::block_in_place,
    time::{Instant, sleep},
};
use tonic::Code;

use super::{
    dice::Dice,
    fleet::Fleet,
    locked, members,
    report::Report,
    times::{Times, ms},
};

const BAR: Duration = Duration::from_secs(1);
/// How many sessions are ended at a time.
const AT_ONCE: usize = 4;
/// They are not ended in step with the poll.
const SPREAD: Duration = Duration::from_millis(600);
/// Beyond this it was never heard of.
const LONG: Duration = Duration::from_secs(10);

pub(super) async fn run(is_short: bool) -> Result<Report> {
    let logouts = if is_short { 10 } else { 200 };
    let mut report = Report::default();
    report.tells("logouts by each way", logouts);

    let redis = block_in_place(Redis::start);
    let url = redis.url();
    let fleet = Fleet::of(2, &[("SIR0_REDIS_URL", &url)]).await;
    fleet.first().visitor().registers("Ada").await;
    by(&fleet, logouts, "Redis rings", &mut report).await?;
    let removals = members::Removals { count: logouts, bar: members::RUNG };
    members::by(&fleet, removals, "Redis rings", &mut report).await?;
    locked::by(&fleet, removals, "Redis rings", &mut report).await?;
    let redis = block_in_place(move || {
        let mut redis = redis;
        redis.kill();
        redis
    });
    by(&fleet, logouts, "Redis is dead, the poll remains", &mut report).await?;
    let polled = members::Removals { bar: members::POLLED, ..removals };
    members::by(&fleet, polled, "Redis is dead, the poll remains", &mut report).await?;
    locked::by(&fleet, polled, "Redis is dead, the poll remains", &mut report).await?;
    drop((fleet, redis));

    let fleet = Fleet::of(2, &[]).await;
    fleet.first().visitor().registers("Ada").await;
    by(&fleet, logouts, "no Redis, PostgreSQL notifies", &mut report).await?;
    members::by(&fleet, removals, "no Redis, PostgreSQL notifies", &mut report).await?;
    locked::by(&fleet, removals, "no Redis, PostgreSQL notifies", &mut report).await?;
    Ok(report)
}

/// Ends sessions and waits until each is over everywhere.
async fn by(fleet: &Fleet, logouts: usize, way: &str, report: &mut Report) -> Result<()> {
    let visitor = Arc::new(fleet.first().visitor());
    let elsewhere = Arc::new(fleet.instances.last().context("two instances")?.visitor());
    let ended = stream::iter(0..logouts).map(|_| {
        let (here, elsewhere) = (Arc::clone(&visitor), Arc::clone(&elsewhere));
        tokio::spawn(async move { end(&here, &elsewhere).await })
    });
    let ended: Vec<_> = ended.buffer_unordered(AT_ONCE).collect().await;
    let (mut times, mut never) = (Times::default(), 0);
    for one in ended {
        match one.context("someone broke")?? {
            Some(took) => times.add(took),
            None => never += 1,
        }
    }
    report.must_be_none(&format!("{way}: never refused elsewhere"), never);
    report.should(
        &format!(
            "{way}: from the answer of the logout to the refusal elsewhere, p50, p99, longest"
        ),
        format!("{}, {}, {}", ms(times.percentile(50)), ms(times.percentile(99)), ms(times.max())),
        "≤ 1 s",
        times.count() == logouts && times.max() <= BAR,
    );
    Ok(())
}

/// Ends one session here, and asks there with its token until it is refused. `None` if it never is.
async fn end(here: &Person, elsewhere: &Person) -> Result<Option<Duration>> {
    let session = here.signs_in("Ada").await;
    let there = elsewhere.with_token(session.token());
    let mut accounts = there.accounts();
    let request = GetUserRequest { user_id: session.id };
    let good = accounts.get_user(request).await;
    ensure!(good.is_ok(), "a session that is not over is refused elsewhere: {good:?}");
    sleep(Dice::new().shorter_than(SPREAD)).await;

    let token = session.token().to_owned();
    here.accounts().logout(LogoutRequest { token }).await.context("a logout is refused")?;
    let answered = Instant::now();
    while answered.elapsed() < LONG {
        match accounts.get_user(request).await {
            Err(status) if status.code() == Code::Unauthenticated => {
                return Ok(Some(answered.elapsed()));
            }
            Err(other) => return Err(other).context("neither accepted nor refused"),
            Ok(_not_yet) => sleep(Duration::from_millis(3)).await,
        }
    }
    Ok(None)
}
