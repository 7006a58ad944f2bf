//! The least a server can do: one axum route, one tonic call, answers from memory. What sir0 is measured against.

use std::{fs, net::SocketAddr, path::Path, str::FromStr};

use anyhow::{Context, Result, ensure};
use axum::{
    Router,
    http::{HeaderValue, header},
    routing::{self, MethodRouter},
};
use bytes::Bytes;
use futures::stream;
use prost::Message;
use serde::{Deserialize, Serialize};
use sir0_contract::storefront::{
    self as pb,
    games_service_server::{GamesService, GamesServiceServer},
};
use tonic::{Request, Response, Status};

/// One path and what it answers.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) path: String,
    pub(crate) content_type: String,
    pub(crate) file: String,
}

impl FromStr for Route {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, '=').map(str::to_owned);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(path), Some(content_type), Some(file)) => Ok(Self { path, content_type, file }),
            _ => Err("write PATH=TYPE=FILE"),
        }
    }
}

impl Route {
    /// As the command line reads it back.
    pub(crate) fn argument(&self) -> String {
        format!("{}={}={}", self.path, self.content_type, self.file)
    }
}

/// A game or a page of games, as a hand-written server would have it.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Body {
    Game(Box<Game>),
    #[serde(rename_all = "camelCase")]
    Page {
        games: Vec<Game>,
        next_page_token: String,
        total_size: i32,
        /// None are asked for.
        facets: [(); 0],
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Game {
    #[serde(rename = "gameId")]
    id: i32,
    title: String,
    genre: String,
    price: f64,
    description: String,
    revision: i32,
    kind: String,
    state: String,
    release_time: String,
    bundled_game_ids: Vec<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cover: Option<Cover>,
    tags: Vec<String>,
    platforms: Vec<String>,
    languages: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Cover {
    picture_id: String,
    purpose: String,
    width: i32,
    height: i32,
    colour: String,
    files: Vec<CoverFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CoverFile {
    path: String,
    width: i32,
    height: i32,
    media_type: String,
}

/// Serves the routes with `axum::serve`, until the process is ended. A `PUT` reads its body and gets the same answer.
pub(crate) async fn serve_rest(
    listen: SocketAddr,
    routes: Vec<Route>,
    encodes: bool,
) -> Result<()> {
    let mut app = Router::new();
    for Route { path, content_type, file } in routes {
        let body = Bytes::from(fs::read(&file).context("could not read the body of a route")?);
        let content_type = header::HeaderValue::try_from(content_type)?;
        app = app.route(
            &path,
            if encodes { encoding(&body, content_type)? } else { storing(body, content_type) },
        );
    }
    let listener = tokio::net::TcpListener::bind(listen).await?;
    axum::serve(listener, app).await.context("the bare route stopped")
}

fn storing(body: Bytes, content_type: HeaderValue) -> MethodRouter {
    let answer = async move || ([(header::CONTENT_TYPE, content_type)], body);
    let changed = answer.clone();
    routing::get(answer).put(async move |_: Bytes| changed().await)
}

fn encoding(body: &Bytes, content_type: HeaderValue) -> Result<MethodRouter> {
    // Until the process ends.
    let game: &'static Body = Box::leak(Box::new(serde_json::from_slice(body)?));
    ensure!(serde_json::to_vec(game)? == *body, "a body is encoded otherwise");
    let answer = async move || {
        let body = serde_json::to_vec(game).expect("it was encoded before");
        ([(header::CONTENT_TYPE, content_type)], body)
    };
    let changed = answer.clone();
    Ok(routing::get(answer).put(async move |_: Bytes| changed().await))
}

/// Serves the messages with tonic's own server, until the process is ended.
pub(crate) async fn serve_grpc(listen: SocketAddr, one: &Path, twenty: &Path) -> Result<()> {
    let answers = TwoAnswers { one: message(one)?, twenty: message(twenty)? };
    tonic::transport::Server::builder()
        .add_service(GamesServiceServer::new(answers))
        .serve(listen)
        .await
        .context("the bare service stopped")
}

fn message<M: Message + Default>(file: &Path) -> Result<M> {
    let bytes = fs::read(file).context("could not read an answer")?;
    Ok(M::decode(bytes.as_slice())?)
}

struct TwoAnswers {
    one: pb::GetGameResponse,
    twenty: pb::ListGamesResponse,
}

fn only_reads<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("this server answers GetGame and ListGames only"))
}

#[tonic::async_trait]
impl GamesService for TwoAnswers {
    type WatchGamesStream = stream::Empty<Result<pb::WatchGamesResponse, Status>>;
    type WatchMyGamesStream = stream::Empty<Result<pb::WatchMyGamesResponse, Status>>;

    async fn list_games(
        &self,
        _: Request<pb::ListGamesRequest>,
    ) -> Result<Response<pb::ListGamesResponse>, Status> {
        Ok(Response::new(self.twenty.clone()))
    }

    async fn get_game(
        &self,
        _: Request<pb::GetGameRequest>,
    ) -> Result<Response<pb::GetGameResponse>, Status> {
        Ok(Response::new(self.one.clone()))
    }

    async fn create_game(
        &self,
        _: Request<pb::CreateGameRequest>,
    ) -> Result<Response<pb::CreateGameResponse>, Status> {
        only_reads()
    }

    async fn update_game(
        &self,
        _: Request<pb::UpdateGameRequest>,
    ) -> Result<Response<pb::UpdateGameResponse>, Status> {
        only_reads()
    }

    async fn delete_game(
        &self,
        _: Request<pb::DeleteGameRequest>,
    ) -> Result<Response<pb::DeleteGameResponse>, Status> {
        only_reads()
    }

    async fn list_my_games(
        &self,
        _: Request<pb::ListMyGamesRequest>,
    ) -> Result<Response<pb::ListMyGamesResponse>, Status> {
        only_reads()
    }

    async fn get_my_game(
        &self,
        _: Request<pb::GetMyGameRequest>,
    ) -> Result<Response<pb::GetMyGameResponse>, Status> {
        only_reads()
    }

    async fn publish_game(
        &self,
        _: Request<pb::PublishGameRequest>,
    ) -> Result<Response<pb::PublishGameResponse>, Status> {
        only_reads()
    }

    async fn unschedule_game(
        &self,
        _: Request<pb::UnscheduleGameRequest>,
    ) -> Result<Response<pb::UnscheduleGameResponse>, Status> {
        only_reads()
    }

    async fn hand_over_game(
        &self,
        _: Request<pb::HandOverGameRequest>,
    ) -> Result<Response<pb::HandOverGameResponse>, Status> {
        only_reads()
    }

    async fn watch_games(
        &self,
        _: Request<pb::WatchGamesRequest>,
    ) -> Result<Response<Self::WatchGamesStream>, Status> {
        only_reads()
    }

    async fn watch_my_games(
        &self,
        _: Request<pb::WatchMyGamesRequest>,
    ) -> Result<Response<Self::WatchMyGamesStream>, Status> {
        only_reads()
    }
}
