//! Games become public: at once, or by themselves at the moment that was planned.

use std::{error::Error, mem, time::Duration};

use sir0_kernel::{GameId, Timestamp};
use sir0_rpc::{Caller, InvalidFields, acted, request_id};
use sir0_storage::once::Answer;
use tokio::time::sleep;

use super::{Storefront, parts};
use crate::{
    StorefrontError,
    db::StorefrontTx,
    domain::{
        Game, GameEvent, MOST_PLANNED, Made, NotPublishable, PublishGame, Published, Schedule,
        State, planned,
    },
    measured,
};

/// How long this process may not know of something that was planned, or that a clock was set.
const LOOK: Duration = Duration::from_millis(400);

/// How long a database that fails is left alone.
const AFTER_A_FAULT: Duration = Duration::from_secs(5);

/// How long what waits for its game is not looked at: there may be many that wait for one that never comes.
const PUT_OFF: Duration = Duration::from_mins(1);

/// How long one is left alone that could not be published.
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);

/// How far ahead something can be planned.
const HORIZON: Duration = Duration::from_hours(24 * 3653);

impl Storefront {
    /// A game as its studio sees it.
    pub(crate) async fn own_game(
        &self,
        by: Caller,
        id: GameId,
    ) -> Result<(Game, Schedule), StorefrontError> {
        let writer = self.writer(by)?;
        let read = self.reads.short(request_id::client(), self.db.own_game(id));
        let own = read.await?.ok_or(StorefrontError::GameNotFound(id))?;
        writer.must_see(&own.0)?;
        Ok(own)
    }

    /// Makes a game public, or plans that it becomes so.
    pub(crate) async fn publish<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        publish: PublishGame,
        answer: impl Fn(&Published) -> A + Send + Sync + 'static,
    ) -> Result<A, StorefrontError> {
        self.shared.tasks.to_completion(self.clone().save_publication(by, publish, answer)).await
    }

    async fn save_publication<A: Answer>(
        self,
        by: Caller,
        PublishGame { id, public, at }: PublishGame,
        answer: impl Fn(&Published) -> A,
    ) -> Result<A, StorefrontError> {
        let made = self.made(by);
        let now = made.at;
        if at.is_some_and(|at| at <= now || at > now.after(HORIZON)) {
            return Err(
                InvalidFields::one("time", "must be later than now, and within ten years").into()
            );
        }
        let writer = self.writer(by)?;
        self.visible_to(&writer, id).await?;
        let turn = self.turns.of(id).await;
        let saving = self.db.once(
            |(published, _): &(Published, _)| answer(published),
            async |tx| {
                let held = tx.game(id).await?.ok_or(StorefrontError::GameNotFound(id))?;
                writer.must_write(&held)?;
                let before = tx.schedule(id).await?;
                let refused = |why| StorefrontError::NotPublishable(id, why);
                let (game, schedule, event) = match at {
                    Some(at) => {
                        let schedule = held.schedule(before, public, at).map_err(refused)?;
                        if before.is_empty() && plans_too_much(tx, &held).await? {
                            return Err(refused(NotPublishable::TooManyPlanned));
                        }
                        let event = GameEvent::Scheduled { game: held.clone(), schedule };
                        let event = Some(event).filter(|_| schedule != before);
                        if let Some(event) = &event {
                            tx.announce(&event.announcement(now)).await?;
                        }
                        (held, schedule, event)
                    }
                    None => match held.publish(public, now).map_err(refused)? {
                        Some((game, event)) => {
                            parts::must_be_public_before(tx, &game).await?;
                            if !tx.save_game(&held, &game, &event, made).await? {
                                return Err(StorefrontError::StaleRevision(id));
                            }
                            (game, before.behind(public), Some(event))
                        }
                        None => (held, before, None),
                    },
                };
                if schedule != before {
                    tx.plan(id, schedule).await?;
                }
                if at.is_some() && schedule != before {
                    tx.note_change(&game, &planned(before, schedule), made).await?;
                }
                let published = Published {
                    state: game.standing.state,
                    revision: game.revision,
                    schedule,
                    is_planned: at.is_some(),
                };
                Ok::<_, StorefrontError>((published, event))
            },
        );
        let (answer, (_, event)) = saving.await?;
        let Some(event) = event else { return Ok(answer) };
        turn.leave(Some(event.game()));
        let what = if at.is_some() { "planned to be" } else { "now" };
        let state = State::from(public);
        acted!(by.role, { user.id = %by.user, game.id = %id }, "game {id} is {what} {state}");
        self.changed(&event).await;
        Ok(answer)
    }

    /// Forgets what is planned for a game.
    pub(crate) async fn unschedule<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        id: GameId,
        answer: impl Fn() -> A + Send + Sync + 'static,
    ) -> Result<A, StorefrontError> {
        self.shared.tasks.to_completion(self.clone().forget_plan(by, id, answer)).await
    }

    async fn forget_plan<A: Answer>(
        self,
        by: Caller,
        id: GameId,
        answer: impl Fn() -> A,
    ) -> Result<A, StorefrontError> {
        let made = self.made(by);
        let writer = self.writer(by)?;
        self.visible_to(&writer, id).await?;
        let forgetting = self.db.once(
            |_| answer(),
            async |tx| {
                let held = tx.game(id).await?.ok_or(StorefrontError::GameNotFound(id))?;
                writer.must_write(&held)?;
                let before = tx.schedule(id).await?;
                if before.is_empty() {
                    return Ok(None);
                }
                let schedule = Schedule::default();
                tx.plan(id, schedule).await?;
                tx.note_change(&held, &planned(before, schedule), made).await?;
                let event = GameEvent::Scheduled { game: held, schedule };
                tx.announce(&event.announcement(made.at)).await?;
                Ok::<_, StorefrontError>(Some(event))
            },
        );
        let (answer, event) = forgetting.await?;
        let Some(event) = event else { return Ok(answer) };
        acted!(by.role, { user.id = %by.user, game.id = %id }, "nothing is planned for game {id} now");
        self.changed(&event).await;
        Ok(answer)
    }

    /// Makes games public when their hour has come. Every instance does: the first one to hold a game does it, and the
    /// others find it done.
    pub(super) async fn keep_to_schedules(self) {
        loop {
            let now = self.shared.clock.now();
            let wait = match self.publish_what_is_due(now).await {
                Ok(Some(next)) => now.until(next).min(LOOK),
                Ok(None) => LOOK,
                Err(error) => {
                    let error = &error as &dyn Error;
                    tracing::warn!(error, "what is planned for now could not be published");
                    AFTER_A_FAULT
                }
            };
            tokio::select! {
                () = self.shared.stopping.cancelled() => return,
                () = sleep(wait.max(Duration::from_millis(1))) => {}
            }
        }
    }

    /// Publishes what is due, and answers when the next is, if that is later.
    pub(crate) async fn publish_what_is_due(
        &self,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StorefrontError> {
        let Some(next) = self.db.next_due().await? else { return Ok(None) };
        if next > now {
            return Ok(Some(next));
        }
        // What waited comes behind what is tried for the first time, a piece at a time: however many wait, they keep no
        // other from its second.
        let mut due = self.db.due(now, false).await?;
        if due.is_empty() {
            due = self.db.due(now, true).await?;
        }
        let (mut waiting, mut failed) = (Vec::new(), Vec::new());
        while !due.is_empty() {
            let mut is_any_public = false;
            for id in due {
                match self.publish_due(id, now).await {
                    Ok(Tried::Published) => is_any_public = true,
                    Ok(Tried::Waits) => waiting.push(id),
                    Ok(Tried::Nothing) => {}
                    // One that cannot be published keeps no other from it.
                    Err(error) => {
                        let error = &error as &dyn Error;
                        tracing::warn!(error, game.id = %id, "game {id} could not be published as planned");
                        failed.push(id);
                    }
                }
            }
            // What came behind them may be what they wait for.
            due = if is_any_public { mem::take(&mut waiting) } else { Vec::new() };
        }
        for (ids, pause) in [(waiting, PUT_OFF), (failed, AFTER_A_FAILURE)] {
            if !ids.is_empty() {
                self.db.put_off(&ids, now.after(pause), now).await?;
            }
        }
        Ok(Some(now))
    }

    async fn publish_due(&self, id: GameId, now: Timestamp) -> Result<Tried, StorefrontError> {
        let turn = self.turns.of(id).await;
        let made = Made { by: None, at: now };
        let publishing = self.db.unit(async |tx| {
            let Some(held) = tx.game(id).await? else { return Ok(Err(Tried::Nothing)) };
            let before = tx.schedule(id).await?;
            let Some(public) = before.due(now) else { return Ok(Err(Tried::Nothing)) };
            // What cannot be published any more, or is public already, is not planned any more either.
            let published = match held.publish(public, now) {
                Ok(Some((game, event))) => {
                    match parts::must_be_public_before(tx, &game).await {
                        Err(StorefrontError::NotPublishable(..)) => return Ok(Err(Tried::Waits)),
                        fits => fits?,
                    }
                    if !tx.save_game(&held, &game, &event, made).await? {
                        return Err(StorefrontError::StaleRevision(id));
                    }
                    Ok((game, event))
                }
                Ok(None) | Err(_) => Err(Tried::Nothing),
            };
            tx.plan(id, before.behind(public)).await?;
            Ok::<_, StorefrontError>(
                published.map(|(game, event)| (game, event, before.of(public))),
            )
        });
        let (game, event, planned) = match publishing.await? {
            Ok(published) => published,
            Err(tried) => return Ok(tried),
        };
        turn.leave(Some(&game));
        let state = game.standing.state;
        tracing::info!(game.id = %id, "game {id} is {state}, as planned");
        self.changed(&event).await;
        measured::released(planned.map_or(Duration::ZERO, |at| at.until(self.shared.clock.now())));
        Ok(Tried::Published)
    }
}

/// What came of a game whose hour has come.
enum Tried {
    /// It is public.
    Published,
    /// It waits for what it belongs to, or holds.
    Waits,
    /// There is nothing to do any more.
    Nothing,
}

/// Whether the studio of a game plans for as many as it may. Those that it plans for at this very moment do not count.
async fn plans_too_much(tx: &mut StorefrontTx, game: &Game) -> Result<bool, StorefrontError> {
    let Some(studio) = game.studio else { return Ok(false) };
    Ok(tx.count_planned(studio).await? >= MOST_PLANNED)
}
