//! The stream of changes to the games of someone's studios: the games if asked, then every change to them, public or not.

use std::time::Duration;

use sir0_contract_storefront::{
    GoingAway, Heartbeat, InSync, MyGame, StartOver, WatchMyGamesResponse,
    watch_my_games_response::Update,
};
use sir0_feed::{List, Moment, Piece, Told, Watch};
use sir0_kernel::{Currency, GameId, Share, StudioId};
use sir0_rpc::{Caller, Seal, Studios};
use sir0_storage as storage;

use super::{OpenStream, read_ahead};
use crate::{
    Storefront, StorefrontError,
    convert::{
        games::wire_game,
        own::{self as convert, Watched},
    },
    db::StorefrontDb,
    domain::{Game, GameEvent, Schedule, Standing, State},
    reads::Reads,
};

impl Storefront {
    /// Begins a stream of the games of the caller's studios.
    pub(crate) async fn watch_own(
        &self,
        by: Caller,
        studios: Vec<StudioId>,
        sends_present: bool,
        resume: Option<Moment>,
    ) -> Result<Watch<OwnGames>, StorefrontError> {
        let known = self.shared.doorman.studios()?.clone();
        let games = |share| OwnGames {
            db: self.db.clone(),
            reads: self.reads.clone(),
            seal: self.seal.clone(),
            currency: self.currency,
            watched: Watched::of(by.user, &studios, &self.seal),
            by: Box::new(by),
            studios,
            known,
            share,
            _open: OpenStream::count(),
        };
        self.begin(games, sends_present, resume).await
    }
}

/// The games of someone's studios, as they hear of them.
pub(crate) struct OwnGames {
    db: StorefrontDb,
    reads: Reads,
    seal: Seal,
    currency: Currency,
    by: Box<Caller>,
    /// Those that the list is about.
    studios: Vec<StudioId>,
    watched: Watched,
    /// Who is in which studio by now.
    known: Studios,
    /// The share that games read ahead are held against.
    share: Option<Share>,
    _open: OpenStream,
}

impl OwnGames {
    fn is_of(&self, studio: Option<StudioId>) -> bool {
        // Who left while the stream waited for this event hears of it no more.
        let is_in = |studio| self.known.role(self.by.user, studio).is_some();
        studio.is_some_and(|studio| self.studios.contains(&studio) && is_in(studio))
    }

    fn wire(&self, game: &Game) -> sir0_contract_storefront::Game {
        wire_game(game, self.currency)
    }

    fn my_game(&self, game: &Game, schedule: Schedule) -> MyGame {
        MyGame { game: Some(self.wire(game)), schedule: convert::schedule(schedule) }
    }

    fn told(&self, event: &GameEvent) -> Option<Update> {
        let game = event.game();
        if !self.is_of(game.studio) {
            let is_left = self.is_of(event.studio_before());
            return is_left.then(|| Update::HandedOver(self.wire(game)));
        }
        Some(match event {
            GameEvent::Scheduled { game, schedule } => {
                Update::Scheduled(self.my_game(game, *schedule))
            }
            GameEvent::Removed(last) => {
                let standing = Standing { state: State::Withdrawn, ..last.standing };
                let now = Game { standing, revision: last.revision + 1, ..last.clone() };
                Update::Changed(self.wire(&now))
            }
            _ if game.revision == 1 => Update::Added(self.wire(game)),
            _ => Update::Changed(self.wire(game)),
        })
    }
}

impl List for OwnGames {
    type Event = GameEvent;
    type Item = (Game, Schedule);
    /// Behind this game. The games are sent by id.
    type Place = Option<GameId>;
    type Message = WatchMyGamesResponse;

    const HEARTBEAT: Duration = Duration::from_secs(15);

    async fn present(&self, from: Option<GameId>) -> storage::Result<Piece<Self>> {
        let read = async |bounds| {
            let games = self.db.present_of(&self.studios, from, bounds).await?;
            let ids: Vec<_> = games.iter().map(|game| game.id).collect();
            Ok::<_, storage::Error>((games, self.db.schedules(&ids).await?))
        };
        let (read, room) = read_ahead(&self.reads, self.share.as_ref(), read).await;
        let (games, planned) = read?;
        let rest = games.last().map(|last| Some(last.id));
        let held = room.filter(|_| !games.is_empty());
        let planned = |game: &Game| planned.get(&game.id).copied().unwrap_or_default();
        let items = games.into_iter().map(|game| {
            let schedule = planned(&game);
            (game, schedule)
        });
        let items = items.collect();
        Ok(Piece { items, rest, held })
    }

    /// Who joins a studio, or leaves one, has other games from then on.
    fn became_another(&mut self) -> bool {
        let studios = self.known.reached_by(&self.by);
        let is_another = studios != self.studios;
        if is_another {
            self.watched = Watched::of(self.by.user, &studios, &self.seal);
            self.studios = studios;
        }
        is_another
    }

    fn message(&self, told: Told<'_, Self>, at: Moment) -> Option<WatchMyGamesResponse> {
        let update = match told {
            Told::Present((game, schedule)) => Update::Present(self.my_game(&game, schedule)),
            Told::Change(event) => self.told(event)?,
            Told::InSync => Update::InSync(InSync {}),
            Told::Heartbeat => Update::Heartbeat(Heartbeat {}),
            Told::StartOver => Update::StartOver(StartOver {}),
            Told::GoingAway => Update::GoingAway(GoingAway {}),
        };
        let resume_token = self.watched.token(at);
        Some(WatchMyGamesResponse { update: Some(update), resume_token })
    }
}
