//! The stream of changes: the present if asked, then every change in order. Each message has the token that goes on
//! behind it.
//!
//! A watcher holds a position and no queue. What a slow watcher has not read yet stays in the table. A watcher that
//! falls behind what the table keeps is told to start over. It is never left in silence.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use futures::{Stream, stream};
use sir0_contract::storefront::{
    self as pb, GoingAway, Heartbeat, InSync, StartOver, watch_games_response::Update,
};
use sir0_feed::{Follower, Heard};
use sir0_kernel::{GameId, Held, Share};
use sir0_rpc::{Seal, Status};
use sir0_storage as storage;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    StorefrontError,
    db::StorefrontDb,
    domain::{Bounds, Game, Genre},
    events::GameEvent,
    reads::Reads,
    resume::{Moment, Reached},
};

/// How long a stream is silent before it says that it is alive.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);
/// How much of the present is read ahead of the client: a few games at a time, and no more bytes than these.
const READ_AHEAD: Bounds = Bounds { rows: 32, bytes: 32 * 1024 };

/// Which games a watcher wants to hear of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    ids: BTreeSet<GameId>,
    genre_key: Option<String>,
}

impl Filter {
    pub(crate) fn new(ids: Vec<GameId>, genre: Option<&Genre>) -> Self {
        Self { ids: ids.into_iter().collect(), genre_key: genre.map(Genre::key) }
    }

    fn wants_game(&self, game: &Game) -> bool {
        self.wants_id(game.id) && self.wants_genre(&game.genre)
    }

    fn wants(&self, event: &GameEvent) -> bool {
        let left_the_genre = matches!(event, GameEvent::Changed { genre_before, .. } if self.wants_genre(genre_before));
        self.wants_id(event.game().id) && (left_the_genre || self.wants_genre(&event.game().genre))
    }

    fn wants_id(&self, id: GameId) -> bool {
        self.ids.is_empty() || self.ids.contains(&id)
    }

    fn wants_genre(&self, genre: &Genre) -> bool {
        self.genre_key.as_ref().is_none_or(|wanted| *wanted == genre.key())
    }
}

/// One open stream.
pub(crate) struct Watch {
    pub(crate) db: StorefrontDb,
    pub(crate) reads: Reads,
    pub(crate) seal: Seal,
    pub(crate) follower: Follower<GameEvent>,
    pub(crate) filter: Filter,
    pub(crate) stage: Stage,
    /// The share that games read ahead are held against.
    pub(crate) share: Option<Share>,
    pub(crate) stopping: CancellationToken,
}

/// Where a stream is.
pub(crate) enum Stage {
    /// About to say where it begins, so that a client that breaks off before the first change loses none.
    Beginning,
    /// About to say that everything heard so far is to be forgotten.
    StartingOver,
    /// Sending games as they are, by id.
    Present { after: Option<GameId>, read: VecDeque<Game>, held: Option<Held> },
    /// Sending changes.
    Changes,
    /// The stream said goodbye.
    Over,
}

impl Stage {
    pub(crate) const fn present() -> Self {
        Self::Present { after: None, read: VecDeque::new(), held: None }
    }
}

impl Watch {
    /// The messages, until the client leaves or the server stops.
    pub(crate) fn messages(
        self,
    ) -> impl Stream<Item = Result<pb::WatchGamesResponse, Status>> + Send {
        let open = OpenStream::count();
        stream::unfold((self, open), async |(mut watch, open)| match watch.next().await {
            Ok(Some(message)) => Some((Ok(message), (watch, open))),
            Ok(None) => None,
            Err(error) => {
                watch.stage = Stage::Over;
                Some((Err(StorefrontError::Database(error).into()), (watch, open)))
            }
        })
    }

    async fn next(&mut self) -> storage::Result<Option<pb::WatchGamesResponse>> {
        let silent_until = Instant::now() + HEARTBEAT;
        loop {
            if matches!(self.stage, Stage::Over) {
                return Ok(None);
            }
            if self.stopping.is_cancelled() {
                let goodbye = self.message(Update::GoingAway(GoingAway {}));
                self.stage = Stage::Over;
                return Ok(Some(goodbye));
            }
            match self.stage {
                Stage::Beginning => {
                    self.stage = Stage::Changes;
                    return Ok(Some(self.message(Update::Heartbeat(Heartbeat {}))));
                }
                Stage::StartingOver => {
                    self.stage = Stage::present();
                    return Ok(Some(self.message(Update::StartOver(StartOver {}))));
                }
                Stage::Present { .. } => return self.next_present().await.map(Some),
                Stage::Changes | Stage::Over => {}
            }
            let update = tokio::select! {
                heard = self.follower.next() => match heard? {
                    Heard::Event(event) if self.filter.wants(&event) => update(&event),
                    Heard::Event(_) => continue,
                    Heard::Lost => {
                        self.stage = Stage::StartingOver;
                        continue;
                    }
                },
                () = tokio::time::sleep_until(silent_until) => Update::Heartbeat(Heartbeat {}),
                () = self.stopping.cancelled() => continue,
            };
            return Ok(Some(self.message(update)));
        }
    }

    /// The next game as it is. The follower stands before the first read, so a change in between is seen twice,
    /// never lost.
    async fn next_present(&mut self) -> storage::Result<pb::WatchGamesResponse> {
        let Stage::Present { after, read, held } = &mut self.stage else {
            unreachable!("asked in this stage only")
        };
        loop {
            if let Some(game) = read.pop_front() {
                return Ok(self.message(Update::Present((&game).into())));
            }
            *held = None;
            // One game at a time for a client that has no room for more.
            let (share, db, from) = (self.share.as_ref(), &self.db, *after);
            let reading = async {
                let room = share.map(|share| share.hold_ahead(READ_AHEAD.bytes)).transpose();
                let bounds = room.as_ref().map_or(Bounds { rows: 1, ..READ_AHEAD }, |_| READ_AHEAD);
                (db.present_after(from, bounds).await, room)
            };
            let (games, room) = self.reads.present(share.map(Share::client), reading).await;
            let games = games?;
            let Some(last) = games.last() else { break };
            *after = Some(last.id);
            read.extend(games.into_iter().filter(|game| self.filter.wants_game(game)));
            *held = room.ok().flatten().filter(|_| !read.is_empty());
        }
        self.stage = Stage::Changes;
        Ok(self.message(Update::InSync(InSync {})))
    }

    /// A message with the token that goes on behind it. The present has to be sent whole: inside of it the token begins
    /// it anew.
    fn message(&self, update: Update) -> pb::WatchGamesResponse {
        let stage = match self.stage {
            Stage::StartingOver | Stage::Present { .. } => Reached::Present,
            Stage::Beginning | Stage::Changes | Stage::Over => Reached::Changes,
        };
        let moment = Moment { position: self.follower.position(), stage };
        pb::WatchGamesResponse { update: Some(update), resume_token: moment.token(&self.seal) }
    }
}

fn update(event: &GameEvent) -> Update {
    match event {
        GameEvent::Added(game) => Update::Added(game.into()),
        GameEvent::Changed { game, .. } => Update::Changed(game.into()),
        GameEvent::Removed(game) => Update::Removed(game.into()),
    }
}

/// Counts a stream as open for as long as it lives.
struct OpenStream;

impl OpenStream {
    fn count() -> Self {
        metrics::gauge!("sir0_streams_open").increment(1.0);
        Self
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        metrics::gauge!("sir0_streams_open").decrement(1.0);
    }
}
