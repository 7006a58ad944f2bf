//! The SQL of the storefront. Statements are whole, and beside the function that runs them.
//!
//! `games.rs`, `saving.rs`, `listing.rs` and `requests.rs` are compiled twice, as rooms of `sqlite` and of `postgres`.
//! These also hold what only one engine understands. The list of calls makes the types that stand for one or the other.

mod postgres;
#[expect(clippy::duplicate_mod, reason = "the same SQL for another engine")]
mod sqlite;

use sir0_kernel::{GameId, StudioId, Timestamp};
use sir0_storage::{self as storage, Announcement};

use crate::domain::{Bounds, Created, Game, Listing, NewGame, OwnPage, Page, RequestKey};

storage::room! {
    StorefrontDb and StorefrontTx of "storefront"

    reads {
        game(id: GameId) -> Option<Game>;
        list(listing: &Listing) -> Page;
        list_of(studios: &[StudioId], after: Option<GameId>, page_size: u16) -> OwnPage;
        present_after(id: Option<GameId>, bounds: Bounds) -> Vec<Game>;
        save_game(before: &Game, game: &Game, announcement: &Announcement) -> bool;
        remove_game(game: &Game, announcement: &Announcement) -> bool;
        key_games() -> u64;
        forget_requests(before: Timestamp) -> ();
    }

    writes {
        game(id: GameId) -> Option<Game>;
        count_games() -> i64;
        add_game(game: NewGame, studio: Option<StudioId>, at: Timestamp) -> Game;
        note_request(request: &RequestKey, game: &Game, at: Timestamp) -> Created;
        save_game(before: &Game, game: &Game, announcement: &Announcement) -> bool;
        remove_game(game: &Game, announcement: &Announcement) -> bool;
        hand_over(before: &Game, game: &Game, announcement: &Announcement) -> bool;
        announce(announcement: &Announcement) -> ();
        hold_games() -> ();
    }
}

#[cfg(test)]
mod tests;
