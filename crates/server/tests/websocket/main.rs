//! The WebSocket as its clients see it: over loopback, with a storefront that says what each story needs.

mod messages;
mod patience;
mod stage;
mod subscriptions;

use sir0_contract::storefront::Game;
use sir0_port::ws::Options;

use self::stage::{Server, Storefront, a_game};

fn a_server() -> Server {
    Server::start(Storefront::default(), Options::default())
}

fn a_large_game() -> Game {
    Game { description: "x".repeat(4_000), ..a_game(7) }
}
