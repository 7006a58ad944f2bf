//! The stream of changes to games: the games if asked, then every change to them that the watcher wants to hear of.

use std::time::Duration;

use sir0_contract_storefront::{
    GoingAway, Heartbeat, InSync, StartOver, WatchGamesResponse, watch_games_response::Update,
};
use sir0_feed::{Begin, List, Moment, Piece, Told, Watch};
use sir0_kernel::{GameId, Share};
use sir0_rpc::{Seal, request_id};
use sir0_storage as storage;

use crate::{
    Storefront, StorefrontError,
    convert::games::{self as convert, WATCH},
    db::StorefrontDb,
    domain::{Bounds, Filter, Game, GameEvent, WatchGames},
    reads::Reads,
};

/// How much of the present is read ahead of the client: a few games at a time, and no more bytes than these.
pub(super) const READ_AHEAD: Bounds = Bounds { rows: 32, bytes: 32 * 1024 };

impl Storefront {
    /// Begins a stream: behind the moment that the watcher reached before, or behind everything committed before it
    /// asked.
    pub(crate) async fn watch(
        &self,
        WatchGames { filter, send_present: sends_present }: WatchGames,
        resume: Option<Moment>,
    ) -> Result<Watch<Games>, StorefrontError> {
        let head = self.reads.short(request_id::client(), self.feed.committed()).await?;
        if resume.is_some_and(|moment| moment.position > head) {
            return Err(StorefrontError::ResumeTokenAhead);
        }
        let share = request_id::share();
        let games = Games {
            db: self.db.clone(),
            reads: self.reads.clone(),
            seal: self.seal.clone(),
            filter,
            share: share.clone(),
            _open: OpenStream::count(),
        };
        let begin = Begin { head, resume, sends_present };
        let stopping = self.shared.stopping.clone();
        Ok(Watch::begin(games, &self.feed, begin, stopping).held_against(share))
    }
}

/// The games, as one watcher hears of them.
pub(crate) struct Games {
    db: StorefrontDb,
    reads: Reads,
    seal: Seal,
    filter: Filter,
    /// The share that games read ahead are held against.
    share: Option<Share>,
    _open: OpenStream,
}

impl List for Games {
    type Event = GameEvent;
    type Item = Game;
    /// Behind this game. The games are sent by id.
    type Place = Option<GameId>;
    type Message = WatchGamesResponse;

    const HEARTBEAT: Duration = Duration::from_secs(15);

    async fn present(&self, from: Option<GameId>) -> storage::Result<Piece<Self>> {
        let share = self.share.as_ref();
        // One game at a time for a client that has no room for more.
        let reading = async {
            let room = share.map(|share| share.hold_ahead(READ_AHEAD.bytes)).transpose();
            let bounds = room.as_ref().map_or(Bounds { rows: 1, ..READ_AHEAD }, |_| READ_AHEAD);
            (self.db.present_after(from, bounds).await, room)
        };
        let (games, room) = self.reads.present(share.map(Share::client), reading).await;
        let mut games = games?;
        let rest = games.last().map(|last| Some(last.id));
        games.retain(|game| self.filter.wants_game(game));
        let held = room.ok().flatten().filter(|_| !games.is_empty());
        Ok(Piece { items: games.into(), rest, held })
    }

    fn message(&self, told: Told<'_, Self>, at: Moment) -> Option<WatchGamesResponse> {
        let update = match told {
            Told::Present(game) => Update::Present((&game).into()),
            Told::Change(event) if !self.filter.wants(event) => return None,
            Told::Change(event) => convert::update(event)?,
            Told::InSync => Update::InSync(InSync {}),
            Told::Heartbeat => Update::Heartbeat(Heartbeat {}),
            Told::StartOver => Update::StartOver(StartOver {}),
            Told::GoingAway => Update::GoingAway(GoingAway {}),
        };
        let resume_token = at.token(&self.seal, WATCH);
        Some(WatchGamesResponse { update: Some(update), resume_token })
    }
}

/// Each open stream has its own. What is large and the same for all of them belongs behind a pointer.
const _: () = assert!(size_of::<Games>() <= 128, "see docs/adr/0035");

/// Counts a stream as open for as long as it lives.
pub(super) struct OpenStream;

impl OpenStream {
    pub(super) fn count() -> Self {
        metrics::gauge!("sir0_streams_open").increment(1.0);
        Self
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        metrics::gauge!("sir0_streams_open").decrement(1.0);
    }
}
