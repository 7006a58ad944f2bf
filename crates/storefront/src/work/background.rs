//! What runs in the background until the storefront stops.

use std::{borrow::Cow, error::Error, time::Duration};

use sir0_feed::{Follower, Next, Rounds};
use sir0_storage as storage;
use tokio::time::{Instant, sleep};

use super::Storefront;
use crate::domain::{Bounds, GameEvent};

const UPKEEP: Duration = Duration::from_hours(1);
/// How often games that an older version wrote are looked for. There are some while one version replaces the other. A look
/// at an index with nothing in it costs next to nothing.
const KEYS: Duration = Duration::from_secs(1);

/// How much of the table is read at a time to index it.
const AT_A_TIME: Bounds = Bounds { rows: 100, bytes: 256 * 1024 };

/// How long a database that fails is left alone.
const AFTER_A_FAULT: Duration = Duration::from_secs(1);

impl Storefront {
    /// Takes the changes that the feed reports into the index, and drops the copies of these games: other processes may write
    /// to the same database.
    pub(super) async fn hear_of_changes(self, mut follower: Follower<GameEvent>) {
        while let Some(next) = follower.next_until(&self.shared.stopping).await {
            let position = follower.position();
            match next {
                Next::Event(event) => {
                    // The change is noted before the game is dropped. A fill after the drop must not take an older copy
                    // from the shared cache.
                    if event.is_public() {
                        self.freshness.changed(&event, position);
                    }
                    match self.whole(&event).await {
                        Ok(Some(whole)) => {
                            self.turns.hear(&whole);
                            self.finder.take(&whole);
                        }
                        // Not everyone sees the game any more. Another event says so.
                        Ok(None) => self.turns.forget(event.game().id),
                        Err(error) => {
                            let error = &error as &dyn Error;
                            tracing::warn!(error, "a change by an older version could not be read");
                            self.turns.forget(event.game().id);
                            self.finder.begin_anew();
                        }
                    }
                    self.drop_copies(&event);
                    self.freshness.heard(position);
                    self.finder.heard(position);
                }
                Next::Unread => {
                    self.freshness.heard(position);
                    self.finder.heard(position);
                }
                Next::Lost => {
                    self.freshness.lost(position);
                    self.finder.begin_anew();
                    self.finder.heard(position);
                    self.game_cache.clear();
                    self.page_cache.outdate();
                    // The numbers of changes made here may be among what was lost.
                    self.catch_up().await;
                }
            }
        }
    }

    /// An event of an older version, which may leave out what it does not know of the game: with the game as it is in the
    /// table, if everyone sees it. Every other one as it is.
    async fn whole<'e>(&self, event: &'e GameEvent) -> storage::Result<Option<Cow<'e, GameEvent>>> {
        let is_whole = event.game().standing.listed.is_some();
        if is_whole || !matches!(event, GameEvent::Added(_) | GameEvent::Changed { .. }) {
            return Ok(Some(Cow::Borrowed(event)));
        }
        let game = self.db.game(event.game().id).await?;
        Ok(game.map(|game| Cow::Owned(GameEvent::Added(game))))
    }

    /// Drops what this process holds of a game whose change was committed. What only a studio sees is in no copy.
    pub(super) fn drop_copies(&self, event: &GameEvent) {
        if event.is_public() {
            self.game_cache.drop(event.game().id);
            self.page_cache.outdate();
        }
    }

    /// Stops waiting for the numbers of changes that were committed here: by now they have one. Copies from before are
    /// not judged, but read anew.
    pub(super) async fn catch_up(&self) {
        let unheard = self.freshness.unheard();
        match self.feed.committed().await {
            Ok(position) => self.freshness.settled(&unheard, position),
            Err(error) => {
                let error = &error as &dyn Error;
                tracing::warn!(error, "copies of changed games stay refused for now");
            }
        }
    }

    /// Fills the index of games, at the start and whenever changes were missed.
    pub(super) async fn keep_index(self) {
        let filling = async {
            loop {
                let (begun, beginning) = (Instant::now(), self.finder.beginning());
                match self.fill_index(beginning).await {
                    Ok(games) if self.finder.is_filled_since(beginning) => {
                        let took = begun.elapsed();
                        tracing::info!(games, ?took, "{games} games are indexed");
                        self.page_cache.outdate();
                        self.finder.until_whole(false).await;
                    }
                    Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(
                            error = &error as &dyn Error,
                            "games could not be indexed, it is tried again"
                        );
                        sleep(AFTER_A_FAULT).await;
                    }
                }
            }
        };
        let _stopped: Option<()> = self.shared.stopping.run_until_cancelled(filling).await;
    }

    /// Reads every game that everyone sees. A change that is committed meanwhile comes by the feed.
    async fn fill_index(&self, beginning: u64) -> storage::Result<usize> {
        let (mut last, mut count) = (None, 0);
        loop {
            let games = self.db.present_after(last, AT_A_TIME).await?;
            let Some(game) = games.last() else { return Ok(count) };
            last = Some(game.id);
            count += games.len();
            self.finder.fill(games, beginning).await;
        }
    }

    /// Does the regular upkeep, which no caller waits for.
    pub(super) async fn keep_tidy(self) {
        let mut rounds = Rounds::every(UPKEEP, &self.shared.stopping);
        while rounds.next().await {
            if let Err(error) = self.tidy_files().await {
                let error = &error as &dyn Error;
                tracing::warn!(error, "the files of pictures could not be tidied");
            }
            if let Err(error) = self.tidy().await {
                tracing::warn!(error = &error as &dyn Error, "the storefront could not be tidied");
            }
        }
    }

    /// Makes the keys and words of games that an older version wrote.
    pub(super) async fn keep_games_keyed(self) {
        let mut rounds = Rounds::every(KEYS, &self.shared.stopping);
        while rounds.next().await {
            match self.db.key_games().await {
                Ok(0) => {}
                Ok(_) => self.page_cache.outdate(),
                Err(error) => {
                    let error = &error as &dyn Error;
                    tracing::warn!(error, "the games of an older version could not be keyed");
                }
            }
        }
    }

    async fn tidy(&self) -> storage::Result<()> {
        self.db.forget_requests(self.shared.clock.now().before(storage::once::KNOWN_FOR)).await
    }
}
