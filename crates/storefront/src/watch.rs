//! The stream of changes: the games if asked, then every change to them that the watcher wants to hear of.

use std::{collections::BTreeSet, time::Duration};

use sir0_contract::storefront::{
    GoingAway, Heartbeat, InSync, StartOver, WatchGamesResponse, watch_games_response::Update,
};
use sir0_feed::{List, Moment, Piece, Told};
use sir0_kernel::{GameId, Share};
use sir0_rpc::Seal;
use sir0_storage as storage;

use crate::{
    db::StorefrontDb,
    domain::{Bounds, Game, Genre},
    events::GameEvent,
    reads::Reads,
};

/// What a resume token is sealed for.
pub(crate) const WATCH: &[u8] = b"watch";
/// How much of the present is read ahead of the client: a few games at a time, and no more bytes than these.
const READ_AHEAD: Bounds = Bounds { rows: 32, bytes: 32 * 1024 };

/// The games, as one watcher hears of them.
pub(crate) struct Games {
    pub(crate) db: StorefrontDb,
    pub(crate) reads: Reads,
    pub(crate) seal: Seal,
    pub(crate) filter: Filter,
    /// The share that games read ahead are held against.
    pub(crate) share: Option<Share>,
    pub(crate) _open: OpenStream,
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
            Told::Change(GameEvent::Added(game)) => Update::Added(game.into()),
            Told::Change(GameEvent::Changed { game, .. }) => Update::Changed(game.into()),
            Told::Change(GameEvent::Removed(game)) => Update::Removed(game.into()),
            Told::InSync => Update::InSync(InSync {}),
            Told::Heartbeat => Update::Heartbeat(Heartbeat {}),
            Told::StartOver => Update::StartOver(StartOver {}),
            Told::GoingAway => Update::GoingAway(GoingAway {}),
        };
        let resume_token = at.token(&self.seal, WATCH);
        Some(WatchGamesResponse { update: Some(update), resume_token })
    }
}

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

/// Counts a stream as open for as long as it lives.
pub(crate) struct OpenStream;

impl OpenStream {
    pub(crate) fn count() -> Self {
        metrics::gauge!("sir0_streams_open").increment(1.0);
        Self
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        metrics::gauge!("sir0_streams_open").decrement(1.0);
    }
}
