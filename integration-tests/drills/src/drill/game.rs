//! A game, where it matters little which.

use sir0_contract::storefront::CreateGameRequest;

/// Adds a game of this title.
pub(crate) fn a_game(title: &str) -> CreateGameRequest {
    CreateGameRequest {
        title: title.to_owned(),
        genre: "Puzzle".to_owned(),
        price: Some(1.0),
        description: "Light finds a way.".to_owned(),
        ..Default::default()
    }
}
