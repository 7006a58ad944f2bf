//! The doorway, in the order of `games_service.proto`.

use std::{error::Error, path::Path, pin::Pin, sync::Arc, time::Duration};

use futures::{Stream, TryStreamExt};
use sir0_contract::storefront::{self as pb, games_service_server::GamesService};
use sir0_feed::{Begin, Feed, Follower, Heard, Position, Watch};
use sir0_kernel::GameId;
use sir0_rpc::{Caller, Seal, Shared, acted, request_id};
use sir0_storage::{
    self as storage, Place, Step,
    copy::{Copied, CopyError},
};
use tonic::{Request, Response, Status};

use crate::{
    Config, StorefrontError,
    cache::{Freshness, GameCache, PageCache, SharedCache, counts},
    convert::{self, CreateGame, UpdateGame, WatchGames},
    db::StorefrontDb,
    domain::{Created, Game, NewGame, RequestKey},
    events::GameEvent,
    reads::Reads,
    watch::{Games, OpenStream},
};

/// How long a follower waits after a failed read.
const RETRY: Duration = Duration::from_secs(1);

/// How long a request that made a game is known again.
const REPEATABLE: Duration = Duration::from_hours(24);

/// The storefront service. Cheap to clone.
#[derive(Clone)]
pub struct Storefront {
    db: StorefrontDb,
    cache: GameCache,
    pages: PageCache,
    freshness: Freshness,
    reads: Reads,
    /// The cache that all instances share, if there is one.
    elsewhere: Option<SharedCache>,
    feed: Feed<GameEvent>,
    seal: Seal,
    shared: Shared,
}

impl Storefront {
    /// Opens the database and begins to follow its changes.
    pub async fn open(config: &Config, data_dir: &Path, shared: Shared) -> storage::Result<Self> {
        let (db, steps) = StorefrontDb::open(&config.place(data_dir)?).await?;
        Step::tell_of_newer("storefront", &steps);
        let database = db.database();
        let seal = Seal::new(&database.sealing_key().await?);
        let redis = shared.redis.clone();
        let feed = Feed::open("storefront", database, redis, sir0_feed::Config::default()).await?;
        // Both begin at one position: a change that neither knew of would leave a stale copy in the shared cache
        // looking fresh.
        let follower = feed.follow(feed.head());
        let freshness = Freshness::since(follower.position());
        let elsewhere = shared
            .redis
            .clone()
            .map(|redis| SharedCache::new(redis, seal.clone(), freshness.clone()));
        let cache = GameCache::holding(config.cached_games);
        let pages = PageCache::new();
        let reads = Reads::new();
        let storefront = Self { db, cache, pages, freshness, reads, elsewhere, feed, seal, shared };
        tokio::spawn(storefront.clone().drop_what_others_changed(follower));
        tokio::spawn(storefront.clone().keep_tidy());
        Ok(storefront)
    }

    /// Brings the schema up to date, and tells what was applied.
    pub async fn migrate(config: &Config, data_dir: &Path) -> storage::Result<Vec<Step>> {
        let (db, steps) = StorefrontDb::open(&config.place(data_dir)?).await?;
        let marked = db.mark_titles().await;
        db.database().close().await;
        marked.map(|_| steps)
    }

    /// Tells which steps the schema has, and changes nothing.
    pub async fn inspect(config: &Config, data_dir: &Path) -> storage::Result<Vec<Step>> {
        StorefrontDb::inspect(&config.place(data_dir)?).await
    }

    /// Copies a storefront's database into an empty one, and proves that everything arrived.
    pub async fn copy(from: &Place, to: &Place) -> Result<Vec<Copied>, CopyError> {
        StorefrontDb::copy(from, to).await
    }

    /// Whether it works: its database can be read and written.
    pub async fn check(&self) -> storage::Result<()> {
        let database = self.db.database();
        sir0_rpc::pool_gauges("storefront", database.connections());
        database.check().await
    }

    /// Ends what runs in the background and closes the database.
    pub async fn close(&self) {
        self.feed.stop();
        self.db.database().close().await;
    }

    /// Adds games to an empty store, with their announcements. Does nothing to a store that has games.
    pub async fn stock(&self, games: Vec<NewGame>) -> Result<usize, StorefrontError> {
        let at = self.shared.clock.now();
        let count = games.len();
        let mut tx = self.db.begin().await?;
        let mut added = Vec::with_capacity(count);
        for game in games {
            added.push(GameEvent::Added(tx.add_game(game, at).await?));
        }
        for event in &added {
            tx.announce(event, at).await?;
        }
        // The games are counted while these announcements hold up all others, so two processes that do this at once see
        // each other.
        if usize::try_from(tx.count_games().await?) != Ok(count) {
            return Ok(0);
        }
        tx.commit().await?;
        self.pages.outdate();
        self.feed.ring();
        Ok(count)
    }

    /// Drops the copies of games that the feed reports, because other processes may write to the same database.
    async fn drop_what_others_changed(self, mut follower: Follower<GameEvent>) {
        let stopping = &self.shared.stopping;
        while let Some(heard) = stopping.run_until_cancelled(follower.next()).await {
            match heard {
                Ok(Heard::Event(event)) => {
                    self.forget(event.game().id, follower.position()).await;
                    self.freshness.heard(follower.position());
                }
                Ok(Heard::Unread) => self.freshness.heard(follower.position()),
                Ok(Heard::Lost) => {
                    self.freshness.lost(follower.position());
                    self.cache.clear();
                    self.pages.outdate();
                }
                Err(_logged_by_the_feed) => tokio::time::sleep(RETRY).await,
            }
        }
    }

    /// Does the regular upkeep, which no caller waits for.
    async fn keep_tidy(self) {
        let mut every = tokio::time::interval(Duration::from_hours(1));
        while self.shared.stopping.run_until_cancelled(every.tick()).await.is_some() {
            if let Err(error) = self.tidy().await {
                tracing::warn!(error = &error as &dyn Error, "the storefront could not be tidied");
            }
        }
    }

    async fn tidy(&self) -> storage::Result<()> {
        if self.db.mark_titles().await? > 0 {
            self.pages.outdate();
        }
        self.db.forget_requests(self.shared.clock.now().before(REPEATABLE)).await
    }

    async fn game(&self, id: GameId) -> Result<Arc<Game>, StorefrontError> {
        let game = self.cache.game(id, || self.read_game(id)).await?;
        game.ok_or(StorefrontError::GameNotFound(id))
    }

    /// Reads a game that is not in this process's memory: the copy that all instances share, or else the database.
    async fn read_game(&self, id: GameId) -> storage::Result<Option<Game>> {
        let Some(elsewhere) = &self.elsewhere else { return self.read_truth(id).await };
        if let Some(game) = elsewhere.game(id).await {
            return Ok(Some(game));
        }
        let read_at = self.freshness.now();
        let game = self.read_truth(id).await?;
        if let Some(game) = &game {
            elsewhere.keep(game, read_at);
        }
        Ok(game)
    }

    async fn read_truth(&self, id: GameId) -> storage::Result<Option<Game>> {
        counts().database.increment(1);
        self.reads.short(request_id::client(), self.db.game(id)).await
    }

    /// Adds a game, unless the request did so before.
    async fn add(
        self,
        by: Caller,
        game: NewGame,
        request: Option<RequestKey>,
    ) -> Result<Created, StorefrontError> {
        let at = self.shared.clock.now();
        let mut tx = self.db.begin().await?;
        let game = tx.add_game(game, at).await?;
        if let Some(request) = &request {
            let created = tx.note_request(request, &game, at).await?;
            if created.id != game.id {
                return Ok(created);
            }
        }
        let id = game.id;
        let created = Created { id, title: game.title.clone() };
        let added = GameEvent::Added(game);
        let position = tx.announce(&added, at).await?;
        tx.commit().await?;
        acted!(by.role, { user.id = %by.user, game.id = %id }, "game {id} was added");
        self.changed(&added, position).await;
        Ok(created)
    }

    async fn update(
        self,
        by: Caller,
        UpdateGame { id, change, revision }: UpdateGame,
    ) -> Result<i32, StorefrontError> {
        let at = self.shared.clock.now();
        let mut tx = self.db.begin().await?;
        let game = tx.game(id).await?.ok_or(StorefrontError::GameNotFound(id))?;
        if revision.is_some_and(|seen| seen != game.revision) {
            return Err(StorefrontError::StaleRevision(id));
        }
        let unchanged = game.revision;
        let Some((game, changed)) = game.change(change) else { return Ok(unchanged) };

        if !tx.save_game(&game, at).await? {
            return Err(StorefrontError::StaleRevision(id));
        }
        let position = tx.announce(&changed, at).await?;
        tx.commit().await?;
        acted!(
            by.role,
            { user.id = %by.user, game.id = %id, revision = game.revision },
            "game {id} was changed"
        );
        self.changed(&changed, position).await;
        Ok(game.revision)
    }

    async fn remove(self, by: Caller, id: GameId) -> Result<(), StorefrontError> {
        let at = self.shared.clock.now();
        let mut tx = self.db.begin().await?;
        let game = tx.remove_game(id).await?.ok_or(StorefrontError::GameNotFound(id))?;
        let removed = GameEvent::Removed(game);
        let position = tx.announce(&removed, at).await?;
        tx.commit().await?;
        acted!(by.role, { user.id = %by.user, game.id = %id }, "game {id} was removed");
        self.changed(&removed, position).await;
        Ok(())
    }

    /// Makes a committed change known: the next reader on this instance sees it, and watchers hear of it.
    async fn changed(&self, event: &GameEvent, position: Position) {
        self.forget(event.game().id, position).await;
        self.feed.ring();
    }

    async fn forget(&self, id: GameId, position: Position) {
        // The change is noted before the game is dropped. A fill after the drop must not take an older copy from the
        // shared cache.
        self.freshness.changed(id, position);
        self.cache.drop(id).await;
        self.pages.outdate();
    }

    /// Where a watcher begins: behind its token, or behind everything committed before it asked.
    async fn begin_watching(&self, asked: WatchGames) -> Result<Watch<Games>, StorefrontError> {
        let WatchGames { send_present: sends_present, resume, filter } = asked;
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

#[tonic::async_trait]
impl GamesService for Storefront {
    async fn list_games(
        &self,
        request: Request<pb::ListGamesRequest>,
    ) -> Result<Response<pb::ListGamesResponse>, Status> {
        let listing = convert::listing(request.get_ref(), &self.seal)?;
        let page = self
            .pages
            .page(&listing, || self.reads.page(request_id::client(), self.db.list(&listing)))
            .await
            .map_err(StorefrontError::from)?;

        // The room is taken before the answer is built. Otherwise many callers of one page would each build it first,
        // and be refused then.
        let held = request_id::share().map(|share| share.hold(page.size())).transpose();
        let _held = held.map_err(StorefrontError::from)?;
        let next_page_token = page.next.as_ref().map(|next| {
            let place = serde_json::to_vec(next).expect("a place is always JSON");
            self.seal.close(&listing.purpose(), &place)
        });
        let games = page.games.iter().map(pb::Game::from).collect();
        Ok(Response::new(pb::ListGamesResponse { games, next_page_token }))
    }

    async fn get_game(
        &self,
        request: Request<pb::GetGameRequest>,
    ) -> Result<Response<pb::GetGameResponse>, Status> {
        let id = convert::game_id(request.get_ref().game_id)?;
        let game = self.game(id).await?;

        Ok(Response::new(pb::GetGameResponse { game: Some((&*game).into()) }))
    }

    async fn create_game(
        &self,
        request: Request<pb::CreateGameRequest>,
    ) -> Result<Response<pb::CreateGameResponse>, Status> {
        let caller = self.shared.doorman.identify(request.metadata())?;
        caller.must_publish()?;
        let CreateGame { game, request } = request.into_inner().try_into()?;
        let request = request.map(|id| RequestKey::of(caller.user, &id));

        let add = self.clone().add(caller, game, request);
        let Created { id, title } = self.shared.tasks.to_completion(add).await?;

        Ok(Response::new(pb::CreateGameResponse {
            message: "Game added successfully".to_owned(),
            title: title.into(),
            game_id: id.into(),
        }))
    }

    async fn update_game(
        &self,
        request: Request<pb::UpdateGameRequest>,
    ) -> Result<Response<pb::UpdateGameResponse>, Status> {
        let caller = self.shared.doorman.identify(request.metadata())?;
        caller.must_publish()?;
        let update: UpdateGame = request.into_inner().try_into()?;

        let update = self.clone().update(caller, update);
        let revision = self.shared.tasks.to_completion(update).await?;

        Ok(Response::new(pb::UpdateGameResponse {
            message: "Game updated successfully".to_owned(),
            revision,
        }))
    }

    async fn delete_game(
        &self,
        request: Request<pb::DeleteGameRequest>,
    ) -> Result<Response<pb::DeleteGameResponse>, Status> {
        let caller = self.shared.doorman.identify(request.metadata())?;
        caller.must_publish()?;
        let id = convert::game_id(request.get_ref().game_id)?;

        self.shared.tasks.to_completion(self.clone().remove(caller, id)).await?;

        Ok(Response::new(pb::DeleteGameResponse {
            message: "Game deleted successfully".to_owned(),
        }))
    }

    type WatchGamesStream =
        Pin<Box<dyn Stream<Item = Result<pb::WatchGamesResponse, Status>> + Send>>;

    async fn watch_games(
        &self,
        request: Request<pb::WatchGamesRequest>,
    ) -> Result<Response<Self::WatchGamesStream>, Status> {
        let asked = convert::watch(request.get_ref(), request.metadata(), &self.seal)?;

        let watch = self.begin_watching(asked).await?;

        let messages = watch.messages().map_err(|error| StorefrontError::from(error).into());
        Ok(Response::new(Box::pin(messages)))
    }
}
