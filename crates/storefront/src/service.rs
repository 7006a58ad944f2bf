//! The doorway, in the order of `games_service.proto`.

use std::{path::Path, pin::Pin, sync::Arc, time::Duration};

use futures::Stream;
use sir0_contract::storefront::{self as pb, games_service_server::GamesService};
use sir0_feed::{Feed, Heard};
use sir0_kernel::GameId;
use sir0_rpc::{Seal, Shared};
use sir0_storage as storage;
use tonic::{Request, Response, Status};

use crate::{
    Config, StorefrontError,
    cache::{GameCache, PageCache},
    convert::{self, UpdateGame, WatchGames},
    db::StorefrontDb,
    domain::{Game, NewGame},
    events::GameEvent,
    watch::{Stage, Watch},
};

/// How long a follower waits after a failed read.
const RETRY: Duration = Duration::from_secs(1);

/// The storefront service. Cheap to clone.
#[derive(Clone)]
pub struct Storefront {
    db: StorefrontDb,
    cache: GameCache,
    pages: PageCache,
    feed: Feed<GameEvent>,
    seal: Seal,
    shared: Shared,
}

impl Storefront {
    /// Opens the database and begins to follow its changes.
    pub async fn open(config: &Config, data_dir: &Path, shared: Shared) -> storage::Result<Self> {
        let file = storage::file_of(config.database.as_deref(), data_dir, "storefront.db")?;
        let db = StorefrontDb::open(&file).await?;
        let seal = Seal::new(&db.sealing_key().await?);
        let feed = Feed::open(db.database().clone(), sir0_feed::Config::default()).await?;
        let cache = GameCache::holding(config.cached_games);
        let storefront = Self { db, cache, pages: PageCache::new(), feed, seal, shared };
        tokio::spawn(storefront.clone().drop_what_others_changed());
        Ok(storefront)
    }

    /// Whether it works: its database can be read and written.
    pub async fn check(&self) -> storage::Result<()> {
        self.db.check().await
    }

    /// Ends what runs in the background and closes the database.
    pub async fn close(&self) {
        self.feed.stop();
        self.db.close().await;
    }

    /// Adds games to an empty store, with their announcements. Does nothing to a store that has games.
    pub async fn stock(&self, games: Vec<NewGame>) -> Result<usize, StorefrontError> {
        if self.db.count_games().await? > 0 {
            return Ok(0);
        }
        let at = self.shared.clock.now();
        let count = games.len();
        let mut tx = self.db.begin().await?;
        for game in games {
            let game = tx.add_game(game, at).await?;
            tx.announce(&GameEvent::Added(game), at).await?;
        }
        tx.commit().await?;
        self.pages.outdate();
        self.feed.ring();
        Ok(count)
    }

    /// Other processes may write to the same database: what they announce is dropped here too.
    async fn drop_what_others_changed(self) {
        let mut follower = self.feed.follow(self.feed.head());
        loop {
            let heard = tokio::select! {
                heard = follower.next() => heard,
                () = self.shared.stopping.cancelled() => return,
            };
            match heard {
                Ok(Heard::Event(event)) => self.forget(event.game().id).await,
                Ok(Heard::Lost) => {
                    self.cache.clear();
                    self.pages.outdate();
                }
                Err(_logged_by_the_feed) => tokio::time::sleep(RETRY).await,
            }
        }
    }

    async fn game(&self, id: GameId) -> Result<Arc<Game>, StorefrontError> {
        let game = self.cache.game(id, self.db.game(id)).await?;
        game.ok_or(StorefrontError::GameNotFound(id))
    }

    async fn add(self, game: NewGame) -> Result<Game, StorefrontError> {
        let at = self.shared.clock.now();
        let mut tx = self.db.begin().await?;
        let game = tx.add_game(game, at).await?;
        let added = GameEvent::Added(game.clone());
        tx.announce(&added, at).await?;
        tx.commit().await?;
        self.changed(&added).await;
        Ok(game)
    }

    async fn update(
        self,
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
        tx.announce(&changed, at).await?;
        tx.commit().await?;
        self.changed(&changed).await;
        Ok(game.revision)
    }

    async fn remove(self, id: GameId) -> Result<(), StorefrontError> {
        let at = self.shared.clock.now();
        let mut tx = self.db.begin().await?;
        let game = tx.remove_game(id).await?.ok_or(StorefrontError::GameNotFound(id))?;
        let removed = GameEvent::Removed(game);
        tx.announce(&removed, at).await?;
        tx.commit().await?;
        self.changed(&removed).await;
        Ok(())
    }

    /// After a commit: whoever reads here next sees it, and whoever watches hears of it.
    async fn changed(&self, event: &GameEvent) {
        self.forget(event.game().id).await;
        self.feed.ring();
    }

    async fn forget(&self, id: GameId) {
        self.cache.drop(id).await;
        self.pages.outdate();
    }

    /// Where a watcher begins: behind its token, or behind everything committed before it asked.
    async fn begin_watching(&self, asked: WatchGames) -> Result<Watch, StorefrontError> {
        let head = self.db.database().event_bounds().await?.head;
        let from = asked.resume_after.unwrap_or(head);
        if from > head {
            return Err(StorefrontError::ResumeTokenAhead);
        }
        let wants_present = asked.send_present && asked.resume_after.is_none();
        Ok(Watch {
            db: self.db.clone(),
            seal: self.seal.clone(),
            follower: self.feed.follow(from),
            filter: asked.filter,
            stage: if wants_present { Stage::present() } else { Stage::Changes },
            stopping: self.shared.stopping.clone(),
        })
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
            .page(&listing, self.db.list(&listing))
            .await
            .map_err(StorefrontError::from)?;

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
        let game: NewGame = request.into_inner().try_into()?;

        let game = self.shared.work.to_the_end(self.clone().add(game)).await?;

        tracing::info!(game.id = %game.id, user.id = %caller.user, "game {} was added", game.id);
        Ok(Response::new(pb::CreateGameResponse {
            message: "Game added successfully".to_owned(),
            title: game.title.into(),
            game_id: game.id.into(),
        }))
    }

    async fn update_game(
        &self,
        request: Request<pb::UpdateGameRequest>,
    ) -> Result<Response<pb::UpdateGameResponse>, Status> {
        let caller = self.shared.doorman.identify(request.metadata())?;
        caller.must_publish()?;
        let update: UpdateGame = request.into_inner().try_into()?;

        let revision = self.shared.work.to_the_end(self.clone().update(update)).await?;

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

        self.shared.work.to_the_end(self.clone().remove(id)).await?;

        tracing::info!(game.id = %id, user.id = %caller.user, "game {id} was removed");
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
        let last_event_id = request.metadata().get("last-event-id").and_then(|id| id.to_str().ok());
        let asked = convert::watch(request.get_ref(), last_event_id, &self.seal)?;

        let watch = self.begin_watching(asked).await?;

        Ok(Response::new(Box::pin(watch.messages())))
    }
}
