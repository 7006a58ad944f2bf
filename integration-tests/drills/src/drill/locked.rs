//! An account is disabled at one instance. How soon does another refuse its token?

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use sir0_testkit::Person;
use tokio::time::{Instant, sleep};

use super::{dice::Dice, fleet::Fleet, heard::Ends, report::Report};

/// Accounts are not disabled in step with the poll.
const SPREAD: Duration = Duration::from_millis(600);
/// Beyond this it was never heard of.
const LONG: Duration = Duration::from_secs(10);

/// Disables an account and enables it again, so often, and waits each time until the other instance refuses it.
pub(super) async fn by(fleet: &Fleet, ends: Ends, way: &str, report: &mut Report) -> Result<()> {
    let name = |who: &str| format!("{who} locked {}", way.len());
    let admin = fleet.first().admin(&name("Root")).await;
    fleet.first().visitor().registers(&name("Ada")).await;
    let elsewhere = fleet.instances.last().context("two instances")?.visitor();
    let mut took = Vec::new();
    for _ in 0..ends.count {
        let ada = fleet.first().visitor().signs_in(&name("Ada")).await;
        took.push(disabled(&admin, &elsewhere.with_token(ada.token()), ada.id).await?);
    }
    ends.tell(report, (way, "the lock of an account"), &took);
    Ok(())
}

/// Disables the account, and asks there with its token until it is refused. `None` if it never is.
async fn disabled(admin: &Person, there: &Person, id: i32) -> Result<Option<Duration>> {
    let (account, own) = (format!("/api/admin/users/{id}"), format!("/api/users/{id}"));
    let good = there.rest().get(&own).await;
    ensure!(good.status == 200, "a good session is refused elsewhere: {good:?}");
    sleep(Dice::new().shorter_than(SPREAD)).await;

    let done = admin.rest().post(&format!("{account}:disable"), &json!({})).await;
    ensure!(done.status == 200, "a lock is refused: {done:?}");
    let answered = Instant::now();
    let mut took = None;
    while took.is_none() && answered.elapsed() < LONG {
        match there.rest().get(&own).await.status {
            401 => took = Some(answered.elapsed()),
            200 => sleep(Duration::from_millis(3)).await,
            other => anyhow::bail!("neither accepted nor refused: {other}"),
        }
    }
    let done = admin.rest().post(&format!("{account}:enable"), &json!({})).await;
    ensure!(done.status == 200, "it stays locked: {done:?}");
    Ok(took)
}
