//! The stream of changes to games: the games if asked, then every change to them that the watcher wants to hear of.

use std::time::Duration;

use sir0_contract_storefront::{
    GoingAway, Heartbeat, InSync, StartOver, WatchGamesResponse, watch_games_response::Update,
};
use sir0_feed::{List, Moment, Piece, Told, Watch};
use sir0_kernel::{Currency, GameId, Share};
use sir0_rpc::Seal;
use sir0_storage as storage;

use super::{OpenStream, read_ahead};
use crate::{
    Storefront, StorefrontError,
    convert::games::{self as convert, WATCH},
    db::StorefrontDb,
    domain::{Filter, Game, GameEvent, WatchGames},
    reads::Reads,
};

impl Storefront {
    /// Begins a stream: behind the moment that the watcher reached before, or behind everything committed before it
    /// asked.
    pub(crate) async fn watch(
        &self,
        WatchGames { filter, send_present: sends_present }: WatchGames,
        resume: Option<Moment>,
    ) -> Result<Watch<Games>, StorefrontError> {
        let games = |share| Games {
            db: self.db.clone(),
            reads: self.reads.clone(),
            seal: self.seal.clone(),
            currency: self.currency,
            filter,
            share,
            _open: OpenStream::count(),
        };
        self.begin(games, sends_present, resume).await
    }
}

/// The games, as one watcher hears of them.
pub(crate) struct Games {
    db: StorefrontDb,
    reads: Reads,
    seal: Seal,
    currency: Currency,
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
        let read = |bounds| self.db.present_after(from, bounds);
        let (games, room) = read_ahead(&self.reads, self.share.as_ref(), read).await;
        let mut games = games?;
        let rest = games.last().map(|last| Some(last.id));
        games.retain(|game| self.filter.wants_game(game));
        let held = room.filter(|_| !games.is_empty());
        Ok(Piece { items: games.into(), rest, held })
    }

    fn message(&self, told: Told<'_, Self>, at: Moment) -> Option<WatchGamesResponse> {
        let update = match told {
            Told::Present(game) => Update::Present(convert::wire_game(&game, self.currency)),
            Told::Change(event) if !self.filter.wants(event) => return None,
            Told::Change(event) => convert::update(event, self.currency)?,
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
