//! The stream of changes to the games of someone's studios: the games if asked, then every change to them, whoever else sees
//! it.

use std::{collections::VecDeque, time::Duration};

use sir0_contract_storefront::{
    GoingAway, Heartbeat, InSync, MyGame, StartOver, WatchMyGamesResponse,
    watch_my_games_response::Update,
};
use sir0_feed::{Begin, List, Moment, Piece, Told, Watch};
use sir0_kernel::{GameId, Share, StudioId};
use sir0_rpc::{Caller, Seal, Studios, request_id};
use sir0_storage as storage;

use super::games::{OpenStream, READ_AHEAD};
use crate::{
    Storefront, StorefrontError,
    convert::games as convert,
    db::StorefrontDb,
    domain::{Bounds, Game, GameEvent, Schedule, Standing, State},
    reads::Reads,
};

impl Storefront {
    /// Begins a stream of the games of the caller's studios.
    pub(crate) async fn watch_own(
        &self,
        by: Caller,
        sends_present: bool,
        resume: Option<Moment>,
    ) -> Result<Watch<OwnGames>, StorefrontError> {
        let studios = self.shared.doorman.studios()?.clone();
        let head = self.reads.short(request_id::client(), self.feed.committed()).await?;
        if resume.is_some_and(|moment| moment.position > head) {
            return Err(StorefrontError::ResumeTokenAhead);
        }
        let share = request_id::share();
        let games = OwnGames {
            db: self.db.clone(),
            reads: self.reads.clone(),
            seal: self.seal.clone(),
            by: Box::new(by),
            studios,
            share: share.clone(),
            _open: OpenStream::count(),
        };
        let begin = Begin { head, resume, sends_present };
        let stopping = self.shared.stopping.clone();
        Ok(Watch::begin(games, &self.feed, begin, stopping).held_against(share))
    }
}

/// The games of someone's studios, as they hear of them. In which studios they are is looked up for each.
pub(crate) struct OwnGames {
    db: StorefrontDb,
    reads: Reads,
    seal: Seal,
    by: Box<Caller>,
    studios: Studios,
    /// The share that games read ahead are held against.
    share: Option<Share>,
    _open: OpenStream,
}

impl OwnGames {
    fn is_of(&self, studio: Option<StudioId>) -> bool {
        studio.is_some_and(|studio| {
            self.by.reaches(Some(studio)) && self.studios.role(self.by.user, studio).is_some()
        })
    }

    fn told(&self, event: &GameEvent) -> Option<Update> {
        let game = event.game();
        if !self.is_of(game.studio) {
            let is_left = self.is_of(event.studio_before());
            return is_left.then(|| Update::HandedOver(game.into()));
        }
        Some(match event {
            GameEvent::Scheduled { game, schedule } => Update::Scheduled(my_game(game, *schedule)),
            GameEvent::Removed(last) => {
                let standing = Standing { state: State::Withdrawn, ..last.standing };
                let now = Game { standing, revision: last.revision + 1, ..last.clone() };
                Update::Changed((&now).into())
            }
            _ if game.revision == 1 => Update::Added(game.into()),
            _ => Update::Changed(game.into()),
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
        let share = self.share.as_ref();
        let studios = self.studios.of(self.by.user).into_iter().map(|(studio, _)| studio);
        let studios: Vec<_> = studios.filter(|studio| self.by.reaches(Some(*studio))).collect();
        // One game at a time for a client that has no room for more.
        let reading = async {
            let room = share.map(|share| share.hold_ahead(READ_AHEAD.bytes)).transpose();
            let bounds = room.as_ref().map_or(Bounds { rows: 1, ..READ_AHEAD }, |_| READ_AHEAD);
            let games = self.db.present_of(&studios, from, bounds).await?;
            let mut items = VecDeque::with_capacity(games.len());
            for game in games {
                let schedule = self.db.schedule(game.id).await?;
                items.push_back((game, schedule));
            }
            Ok::<_, storage::Error>((items, room))
        };
        let (items, room) = self.reads.present(share.map(Share::client), reading).await?;
        let rest = items.back().map(|(last, _)| Some(last.id));
        let held = room.ok().flatten().filter(|_| !items.is_empty());
        Ok(Piece { items, rest, held })
    }

    fn message(&self, told: Told<'_, Self>, at: Moment) -> Option<WatchMyGamesResponse> {
        let update = match told {
            Told::Present((game, schedule)) => Update::Present(my_game(&game, schedule)),
            Told::Change(event) => self.told(event)?,
            Told::InSync => Update::InSync(InSync {}),
            Told::Heartbeat => Update::Heartbeat(Heartbeat {}),
            Told::StartOver => Update::StartOver(StartOver {}),
            Told::GoingAway => Update::GoingAway(GoingAway {}),
        };
        let resume_token = at.token(&self.seal, &convert::own_watch(self.by.user));
        Some(WatchMyGamesResponse { update: Some(update), resume_token })
    }
}

fn my_game(game: &Game, schedule: Schedule) -> MyGame {
    MyGame { game: Some(game.into()), schedule: convert::schedule(schedule) }
}
