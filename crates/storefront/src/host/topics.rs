//! The topics of the WebSocket that are about games: a bridge onto `WatchGames`.

use futures::{StreamExt, TryStreamExt};
use sir0_contract_storefront::{
    Game, WatchGamesRequest, WatchGamesResponse, games_service_server::GamesService,
    shapes::SIR0_STOREFRONT_V1_GAME, watch_games_response::Update as Change,
};
use sir0_host::{BadTopic, GOING_AWAY, HEARTBEAT, Said, Topic, Topics, Updates};
use sir0_kernel::GameId;
use tonic::{Request, Status};

/// The topic of all games. One game is behind it: `game_updates/7`.
const ALL_GAMES: &str = "game_updates";

const BAD_ID: BadTopic = BadTopic {
    title: "Invalid game id",
    details: "the id behind `game_updates/` must be a number from 1 to 2147483647",
};

/// The topics of a service of games.
#[derive(Clone, Debug)]
pub struct GameTopics<S>(pub S);

#[tonic::async_trait]
impl<S: GamesService> Topics for GameTopics<S> {
    fn parse(&self, name: &str) -> Option<Result<Topic, BadTopic>> {
        let rest = name.strip_prefix(ALL_GAMES)?;
        if rest.is_empty() {
            return Some(Ok(Topic::new(name)));
        }
        let id = game_id(rest.strip_prefix('/')?);
        Some(id.map(|_| Topic::new(name)).ok_or(BAD_ID))
    }

    fn spelling(&self) -> &'static str {
        "`game_updates`, or `game_updates/{gameId}` for one game"
    }

    async fn follow(&self, topic: &Topic, resume_token: String) -> Result<Updates, Status> {
        let id = topic.as_str().split_once('/').and_then(|(_, id)| game_id(id));
        let game_ids = id.into_iter().map(GameId::get).collect();
        let request = WatchGamesRequest { resume_token, game_ids, ..WatchGamesRequest::default() };
        let watching = self.0.watch_games(Request::new(request)).await?;
        Ok(watching.into_inner().map_ok(said).boxed())
    }
}

/// One spelling for each id, because answers and updates repeat the topic: neither `+7` nor `007`.
fn game_id(text: &str) -> Option<GameId> {
    let is_plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_plain)?;
    GameId::parse(number).ok()
}

fn said(heard: WatchGamesResponse) -> Said {
    let (event, game) = match heard.update {
        Some(Change::Present(game)) => ("present", Some(game)),
        Some(Change::InSync(_)) => ("in_sync", None),
        Some(Change::Added(game)) => ("added", Some(game)),
        Some(Change::Changed(game)) => ("changed", Some(game)),
        Some(Change::Removed(game)) => ("removed", Some(game)),
        Some(Change::Heartbeat(_)) => (HEARTBEAT, None),
        Some(Change::StartOver(_)) => ("start_over", None),
        Some(Change::GoingAway(_)) => (GOING_AWAY, None),
        None => return Said { event: None, about: None, resume_token: heard.resume_token },
    };
    let about = game.map(|game| ("game", json(&game)));
    Said { event: Some(event), about, resume_token: heard.resume_token }
}

fn json(game: &Game) -> Box<serde_json::value::RawValue> {
    let json = sir0_transcoding::to_json(&SIR0_STOREFRONT_V1_GAME, game);
    json.expect("a game has texts, whole numbers and a finite price")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        for text in ["", "0", "-1", "+7", "007", "7 ", "seven", "7/8", "٧", "2147483648"] {
            assert_eq!(game_id(text), None, "{text}");
        }
        assert_eq!(game_id("2147483647").map(GameId::get), Some(i32::MAX));
    }
}
