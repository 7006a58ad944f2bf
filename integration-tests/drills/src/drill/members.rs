//! A member is removed from a studio at one instance. How soon does another refuse the change of a game?

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sir0_testkit::{Person, a_game};
use tokio::time::{Instant, sleep};

use super::{dice::Dice, fleet::Fleet, heard::Ends, report::Report};

/// Removals are not made in step with the poll.
const SPREAD: Duration = Duration::from_millis(600);
/// Beyond this it was never heard of.
const LONG: Duration = Duration::from_secs(10);

/// Who takes part: an owner and a member at one instance, and the member at another.
struct Cast {
    owner: Person,
    member: Person,
    elsewhere: Person,
    studio: String,
    game: String,
}

/// Removes a member and lets them in again, so often, and waits each time until both count elsewhere.
pub(super) async fn by(fleet: &Fleet, ends: Ends, way: &str, report: &mut Report) -> Result<()> {
    let cast = Cast::of(fleet, way).await?;
    let mut took = Vec::new();
    for _ in 0..ends.count {
        took.push(cast.removal().await?);
    }
    ends.tell(report, (way, "the removal of a member"), &took);
    Ok(())
}

fn text(answer: &Value, name: &str) -> Result<String> {
    Ok(answer[name].as_str().with_context(|| format!("no {name} in {answer}"))?.to_owned())
}

impl Cast {
    async fn of(fleet: &Fleet, way: &str) -> Result<Self> {
        let name = |who: &str| format!("{who} {}", way.len());
        let owner = fleet.first().publisher(&name("Northlight")).await;
        fleet.first().visitor().registers(&name("Eve")).await;
        let member = fleet.first().visitor().signs_in(&name("Eve")).await;
        let last = fleet.instances.last().context("two instances")?;
        let elsewhere = last.visitor().with_token(member.token());
        let added = owner.rest().post("/api/games", &a_game("Lanterns")).await;
        let studios = owner.rest().get("/api/studios").await;
        let studio = text(&studios.json["studios"][0], "studioId")?;
        let (game, studio) =
            (format!("/api/games/{}", added.json["gameId"]), format!("/api/studios/{studio}"));
        Ok(Self { owner, member, elsewhere, studio, game })
    }

    /// Lets the member in and removes them. `None` if the other instance never refuses them.
    async fn removal(&self) -> Result<Option<Duration>> {
        let invite = format!("{}/invitations", self.studio);
        let invited = self.owner.rest().post(&invite, &json!({"role": "editor"})).await;
        let secret = json!({"secret": text(&invited.json, "secret")?});
        let joined = self.member.rest().post("/api/invitations:accept", &secret).await;
        ensure!(joined.status == 200, "a good invitation is refused: {joined:?}");
        ensure!(self.until(200).await?.is_some(), "a member is refused elsewhere");
        sleep(Dice::new().shorter_than(SPREAD)).await;

        let member = format!("{}/members/{}", self.studio, self.member.id);
        let removed = self.owner.rest().delete(&member).await;
        ensure!(removed.status == 200, "a removal is refused: {removed:?}");
        self.until(403).await
    }

    /// Changes the game elsewhere until the answer has this status. Answers how long that took.
    async fn until(&self, status: u16) -> Result<Option<Duration>> {
        let (asked, rest) = (Instant::now(), self.elsewhere.rest());
        while asked.elapsed() < LONG {
            let answer = rest.put(&self.game, &json!({"description": "Light finds a way."})).await;
            if answer.status == status {
                return Ok(Some(asked.elapsed()));
            }
            ensure!(matches!(answer.status, 200 | 403), "neither made nor refused: {answer:?}");
            sleep(Duration::from_millis(3)).await;
        }
        Ok(None)
    }
}
