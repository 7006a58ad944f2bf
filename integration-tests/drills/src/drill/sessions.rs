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

use super::{dice::Dice, fleet::Fleet, heard::Ends, locked, members, report::Report};

/// How many sessions are begun before they are ended. Nobody signs in while ends are timed: what hashing takes from the cores is
/// another drill's subject.
const TOGETHER: usize = 20;
/// How many sessions are ended at a time.
const AT_ONCE: usize = 4;
/// They are not ended in step with the poll.
const SPREAD: Duration = Duration::from_millis(600);
/// Beyond this it was never heard of.
const LONG: Duration = Duration::from_secs(10);

pub(super) async fn run(is_short: bool) -> Result<Report> {
    let ends = if is_short { 10 } else { 200 };
    let mut report = Report::default();
    report.tells("ends of each kind by each way", ends);

    let redis = block_in_place(Redis::start);
    let url = redis.url();
    let fleet = Fleet::of(2, &[("SIR0_REDIS_URL", &url)]).await;
    by_each(&fleet, Ends::rung(ends), "Redis rings", &mut report).await?;
    let redis = block_in_place(move || {
        let mut redis = redis;
        redis.kill();
        redis
    });
    by_each(&fleet, Ends::polled(ends), "Redis is dead, the poll remains", &mut report).await?;
    drop((fleet, redis));

    let fleet = Fleet::of(2, &[]).await;
    by_each(&fleet, Ends::rung(ends), "no Redis, PostgreSQL notifies", &mut report).await?;
    Ok(report)
}

/// Ends sessions, memberships and accounts, and waits until each end counts everywhere.
async fn by_each(fleet: &Fleet, ends: Ends, way: &str, report: &mut Report) -> Result<()> {
    logouts(fleet, ends, way, report).await?;
    members::by(fleet, ends, way, report).await?;
    locked::by(fleet, ends, way, report).await
}

async fn logouts(fleet: &Fleet, ends: Ends, way: &str, report: &mut Report) -> Result<()> {
    let name = format!("Ada {}", way.len());
    fleet.first().visitor().registers(&name).await;
    let visitor = Arc::new(fleet.first().visitor());
    let elsewhere = Arc::new(fleet.instances.last().context("two instances")?.visitor());
    let mut took = Vec::new();
    while took.len() < ends.count {
        let mut sessions = Vec::new();
        for _ in took.len()..ends.count.min(took.len() + TOGETHER) {
            sessions.push(visitor.signs_in(&name).await);
        }
        let ended = stream::iter(sessions).map(|session| {
            let (here, elsewhere) = (Arc::clone(&visitor), Arc::clone(&elsewhere));
            tokio::spawn(async move { end(&session, &here, &elsewhere).await })
        });
        let ended: Vec<_> = ended.buffer_unordered(AT_ONCE).collect().await;
        for one in ended {
            took.push(one.context("someone broke")??);
        }
    }
    ends.tell(report, (way, "a logout"), &took);
    Ok(())
}

/// Ends one session here, and asks there with its token until it is refused. `None` if it never is.
async fn end(session: &Person, here: &Person, elsewhere: &Person) -> Result<Option<Duration>> {
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
