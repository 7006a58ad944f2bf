//! What stories about watching have in common: a store, and a client that follows it over gRPC.

use sir0_contract::storefront::{
    CreateGameRequest, DeleteGameRequest, Game, UpdateGameRequest, WatchGamesRequest,
    WatchGamesResponse, watch_games_response::Update,
};
use sir0_testkit::{GamesClient, LONG, Person, Running, platform};
use tokio::time::timeout;
use tonic::Streaming;

/// An open stream.
pub(crate) type Heard = Streaming<WatchGamesResponse>;

/// Opens a stream.
pub(crate) async fn watches(person: &Person, asked: WatchGamesRequest) -> Heard {
    person.games().watch_games(asked).await.expect("a stream").into_inner()
}

/// Asks for what came after this token.
pub(crate) fn resuming(resume_token: &str) -> WatchGamesRequest {
    WatchGamesRequest { resume_token: resume_token.to_owned(), ..WatchGamesRequest::default() }
}

/// The next message, past heartbeats.
pub(crate) async fn next(stream: &mut Heard) -> WatchGamesResponse {
    loop {
        let heard = timeout(LONG, stream.message()).await.expect("in time").expect("no refusal");
        let heard = heard.expect("an open stream");
        if !matches!(heard.update, Some(Update::Heartbeat(_))) {
            return heard;
        }
    }
}

/// What a message says, in short: `added 7 r1`.
pub(crate) fn told(heard: &WatchGamesResponse) -> String {
    let about = |what: &str, game: &Game| format!("{what} {} r{}", game.game_id, game.revision);
    match heard.update.as_ref().expect("every message says something") {
        Update::Present(game) => about("present", game),
        Update::InSync(_) => "in sync".to_owned(),
        Update::Added(game) => about("added", game),
        Update::Changed(game) => about("changed", game),
        Update::Removed(game) => about("removed", game),
        Update::Heartbeat(_) => "heartbeat".to_owned(),
        Update::StartOver(_) => "start over".to_owned(),
        Update::GoingAway(_) => "going away".to_owned(),
    }
}

/// Adds a game that costs nothing, and answers with its id.
pub(crate) async fn adds(games: &mut GamesClient, genre: &str) -> i32 {
    let request = CreateGameRequest {
        title: "Lanterns".to_owned(),
        genre: genre.to_owned(),
        price: Some(0.0),
        description: String::new(),
        request_id: None,
        ..Default::default()
    };
    games.create_game(request).await.expect("a good game").into_inner().game_id
}

/// Changes the price of a game.
pub(crate) async fn reprices(games: &mut GamesClient, game_id: i32, cents: u32) {
    let price = Some(f64::from(cents) / 100.0);
    let change = UpdateGameRequest { game_id, price, ..UpdateGameRequest::default() };
    games.update_game(change).await.expect("it is there");
}

/// Removes a game.
pub(crate) async fn removes(games: &mut GamesClient, game_id: i32) {
    games.delete_game(DeleteGameRequest { game_id }).await.expect("it is there");
}

/// A store, a visitor that looks at it, and a studio that fills it.
pub(crate) async fn a_store() -> (Running, Person, GamesClient) {
    let platform = platform().await;
    let games = platform.publisher("Northlight").await.games();
    let visitor = platform.visitor();
    (platform, visitor, games)
}
