//! A stream that the server ends, at each moment of its life: its last token goes on where it was.

use std::sync::Arc;

use futures::StreamExt;
use sir0_contract_storefront::{
    WatchGamesRequest, WatchGamesResponse, games_service_server::GamesService,
    watch_games_response::Update,
};
use sir0_host::Configured;
use sir0_kernel::{Clock, Currency, Price, SystemClock};
use sir0_rpc::{Doorman, Shared, Tasks};
use sir0_storefront::{
    Config, Storefront,
    domain::{Description, Genre, NewGame, Title},
};
use sir0_tokens::{EndedSessions, Keys, Verifier};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tonic::Request;

type Messages = <Storefront as GamesService>::WatchGamesStream;

/// A storefront on a folder, and what stops it.
struct Setup {
    storefront: Storefront,
    stopping: CancellationToken,
}

impl Setup {
    async fn on(folder: &TempDir) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let verifier = Verifier::new(Keys::unknown(), "sir0", "sir0");
        let doorman = Doorman::new(verifier, EndedSessions::default(), Arc::clone(&clock));
        let stopping = CancellationToken::new();
        let shared = Shared {
            doorman,
            tasks: Tasks::default(),
            clock,
            stopping: stopping.clone(),
            redis: None,
        };
        let config = Config::default();
        let database = config.connect(folder.path()).await.expect("a database");
        let opened = Storefront::open(&config, database, folder.path(), shared).await;
        Self { storefront: opened.expect("a storefront"), stopping }
    }

    async fn watches(&self, asked: WatchGamesRequest) -> Messages {
        self.storefront.watch_games(Request::new(asked)).await.expect("a stream").into_inner()
    }

    /// Stops it, and answers with the last token of the stream.
    async fn stops(self, mut messages: Messages) -> String {
        self.stopping.cancel();
        let last = next(&mut messages).await;
        assert!(matches!(last.update, Some(Update::GoingAway(_))), "{last:?}");
        assert!(messages.next().await.is_none(), "and nothing more");
        self.storefront.close().await;
        last.resume_token
    }
}

fn a_game(title: &str) -> NewGame {
    NewGame::released(
        Title::parse(title).expect("a title"),
        Genre::parse("Puzzle").expect("a genre"),
        Price::parse(1.0, Currency::EUR).expect("a price"),
        Description::parse("").expect("a description"),
    )
}

async fn next(messages: &mut Messages) -> WatchGamesResponse {
    messages.next().await.expect("not over").expect("no refusal")
}

/// What a message says, in short.
fn told(message: &WatchGamesResponse) -> String {
    match message.update.as_ref().expect("something") {
        Update::Present(game) => format!("present {}", game.title),
        Update::InSync(_) => "in sync".to_owned(),
        Update::StartOver(_) => "start over".to_owned(),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn inside_the_present_it_begins_the_present_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let setup = Setup::on(&folder).await;
    setup.storefront.stock(vec![a_game("Lanterns"), a_game("Harbours")]).await.expect("stocked");
    let send_present = WatchGamesRequest { send_present: true, ..Default::default() };
    let mut messages = setup.watches(send_present).await;
    assert_eq!(told(&next(&mut messages).await), "present Lanterns");
    let resume_token = setup.stops(messages).await;

    // A stream that is stopped again before it says anything is still inside the present.
    let setup = Setup::on(&folder).await;
    let messages = setup.watches(WatchGamesRequest { resume_token, ..Default::default() }).await;
    let resume_token = setup.stops(messages).await;
    let setup = Setup::on(&folder).await;
    let asked = WatchGamesRequest { resume_token, ..Default::default() };
    let mut messages = setup.watches(asked).await;

    for expected in ["start over", "present Lanterns", "present Harbours", "in sync"] {
        assert_eq!(told(&next(&mut messages).await), expected);
    }
}
