//! The doorway, in the order of `games_service.proto`.

use std::pin::Pin;

use futures::{Stream, TryStreamExt};
use sir0_contract_storefront::{
    self as pb, calls::games_service as calls, games_service_server::GamesService,
};
use sir0_rpc::Attended;
use tonic::{Request, Response, Status};

use crate::{
    Storefront, StorefrontError,
    convert::{games as convert, own},
    domain::{CreateGame, HandOverGame, Page, PublishGame, UpdateGame},
};

#[tonic::async_trait]
impl GamesService for Storefront {
    async fn list_games(
        &self,
        request: Request<pb::ListGamesRequest>,
    ) -> Result<Response<pb::ListGamesResponse>, Status> {
        self.shared.doorman.admit(calls::LIST_GAMES, request.metadata())?;
        let listing = convert::listing(request.get_ref(), &self.seal)?;

        let answer = |page: &Page| convert::page(page, &listing, self.currency, &self.seal);
        let page = self.page(&listing, answer).await?;

        Ok(page.into_response())
    }

    async fn get_game(
        &self,
        request: Request<pb::GetGameRequest>,
    ) -> Result<Response<pb::GetGameResponse>, Status> {
        self.shared.doorman.admit(calls::GET_GAME, request.metadata())?;
        let id = convert::game_id(request.get_ref().game_id)?;

        let game = self.game(id, |game| convert::game(game, self.currency)).await?;

        Ok(game.into_response())
    }

    async fn create_game(
        &self,
        request: Request<pb::CreateGameRequest>,
    ) -> Result<Response<pb::CreateGameResponse>, Status> {
        let caller = self.shared.doorman.admit(calls::CREATE_GAME, request.metadata())?.caller()?;
        let mut create = CreateGame::read(request.get_ref(), self.currency)?;

        create.studio = self.studio_of_new(caller, create.studio).await?;
        let added = self.add(caller, create, convert::created).await?;

        Ok(Response::new(added))
    }

    async fn update_game(
        &self,
        request: Request<pb::UpdateGameRequest>,
    ) -> Result<Response<pb::UpdateGameResponse>, Status> {
        let caller = self.shared.doorman.admit(calls::UPDATE_GAME, request.metadata())?.caller()?;
        let update = UpdateGame::read(request.get_ref(), self.currency)?;
        let expected = convert::expected(update.id, request.metadata());

        let changed = self.change(caller, update, expected, convert::changed).await?;

        Ok(Response::new(changed))
    }

    async fn delete_game(
        &self,
        request: Request<pb::DeleteGameRequest>,
    ) -> Result<Response<pb::DeleteGameResponse>, Status> {
        let caller = self.shared.doorman.admit(calls::DELETE_GAME, request.metadata())?.caller()?;
        let id = convert::game_id(request.get_ref().game_id)?;
        let expected = convert::expected(id, request.metadata());

        let removed = self.remove(caller, id, expected, convert::removed).await?;

        Ok(Response::new(removed))
    }

    async fn list_my_games(
        &self,
        request: Request<pb::ListMyGamesRequest>,
    ) -> Result<Response<pb::ListMyGamesResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::LIST_MY_GAMES, request.metadata())?.caller()?;
        let listing = own::own_listing(request.get_ref(), caller.user, &self.seal)?;

        let page = self.own_page(caller, &listing).await?;

        Ok(Response::new(own::own_page(&page, &listing, caller.user, self.currency, &self.seal)))
    }

    async fn get_my_game(
        &self,
        request: Request<pb::GetMyGameRequest>,
    ) -> Result<Response<pb::GetMyGameResponse>, Status> {
        let caller = self.shared.doorman.admit(calls::GET_MY_GAME, request.metadata())?.caller()?;
        let id = convert::game_id(request.get_ref().game_id)?;

        let game = self.own_game(caller, id).await?;

        Ok(Response::new(own::own_game(&game, self.currency)))
    }

    async fn publish_game(
        &self,
        request: Request<pb::PublishGameRequest>,
    ) -> Result<Response<pb::PublishGameResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::PUBLISH_GAME, request.metadata())?.caller()?;
        let publish: PublishGame = request.into_inner().try_into()?;

        let published = self.publish(caller, publish, own::published).await?;

        Ok(Response::new(published))
    }

    async fn unschedule_game(
        &self,
        request: Request<pb::UnscheduleGameRequest>,
    ) -> Result<Response<pb::UnscheduleGameResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::UNSCHEDULE_GAME, request.metadata())?.caller()?;
        let id = convert::game_id(request.get_ref().game_id)?;

        let unscheduled = self.unschedule(caller, id, own::unscheduled).await?;

        Ok(Response::new(unscheduled))
    }

    async fn hand_over_game(
        &self,
        request: Request<pb::HandOverGameRequest>,
    ) -> Result<Response<pb::HandOverGameResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::HAND_OVER_GAME, request.metadata())?.caller()?;
        let hand_over: HandOverGame = request.into_inner().try_into()?;

        let handed_over = self.hand_over(caller, hand_over, own::handed_over).await?;

        Ok(Response::new(handed_over))
    }

    type WatchGamesStream =
        Pin<Box<dyn Stream<Item = Result<pb::WatchGamesResponse, Status>> + Send>>;

    async fn watch_games(
        &self,
        request: Request<pb::WatchGamesRequest>,
    ) -> Result<Response<Self::WatchGamesStream>, Status> {
        self.shared.doorman.admit(calls::WATCH_GAMES, request.metadata())?;
        let (asked, resume) = convert::watch(request.get_ref(), request.metadata(), &self.seal)?;

        let watch = self.watch(asked, resume).await?;

        let messages = watch.messages().map_err(|error| StorefrontError::from(error).into());
        Ok(Response::new(Box::pin(messages)))
    }

    type WatchMyGamesStream = Attended<pb::WatchMyGamesResponse>;

    async fn watch_my_games(
        &self,
        request: Request<pb::WatchMyGamesRequest>,
    ) -> Result<Response<Self::WatchMyGamesStream>, Status> {
        let caller =
            self.shared.doorman.admit(calls::WATCH_MY_GAMES, request.metadata())?.caller()?;
        let (metadata, _, request) = request.into_parts();
        let studios = self.studios_of(caller)?;
        let (sends_present, resume) =
            own::watch_own(&request, caller.user, &studios, &metadata, &self.seal)?;

        let watch = self.watch_own(caller, studios, sends_present, resume).await?;

        let messages = watch.messages().map_err(|error| StorefrontError::from(error).into());
        Ok(Response::new(self.shared.doorman.attend(&metadata, messages)))
    }
}
