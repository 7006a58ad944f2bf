//! The SQL of the storefront. Statements are whole, and beside the function that runs them.
//!
//! `bulk.rs`, `games.rs`, `saving.rs`, `history.rs`, `listing.rs`, `schedules.rs`, `pages.rs`,
//! `pictures.rs`, `requests.rs` and `store.rs` are compiled twice, as rooms of `sqlite` and of `postgres`.
//! These also hold what only one engine understands. The list of calls makes the types that stand for one or the other.

mod postgres;
#[expect(clippy::duplicate_mod, reason = "the same SQL for another engine")]
mod sqlite;

use std::collections::{HashMap, HashSet};

use sir0_kernel::{Currency, GameId, PictureId, StudioId, Timestamp, UserId};
use sir0_media::Name;
use sir0_storage::{self as storage, Announcement};

use crate::domain::{
    Bounds, Created, Difference, Game, GameEvent, GamePage, Kind, Listing, Made, NewGame,
    OwnListing, OwnPage, Page, PastChange, Picks, Picture, RequestKey, Schedule, Shown,
    bulk::{ImportKey, Named},
};

/// Keeps games that everyone sees. Each statement that answers strangers has it. A test holds those of them that it names.
macro_rules! public {
    () => {
        "state IN ('announced', 'released')"
    };
}
use public;

storage::room! {
    StorefrontDb and StorefrontTx of "storefront"

    reads {
        game(id: GameId) -> Option<Game>;
        any_game(id: GameId) -> Option<Game>;
        shown(ids: &[GameId]) -> Vec<Game>;
        own_game(id: GameId) -> Option<(Game, Schedule)>;
        schedules(ids: &[GameId]) -> HashMap<GameId, Schedule>;
        due(now: Timestamp, waited: bool) -> Vec<GameId>;
        put_off(ids: &[GameId], until: Timestamp, now: Timestamp) -> ();
        next_due() -> Option<Timestamp>;
        list(listing: &Listing) -> Page;
        list_of(studios: &[StudioId], listing: &OwnListing) -> OwnPage;
        present_of(studios: &[StudioId], after: Option<GameId>, bounds: Bounds) -> Vec<Game>;
        present_after(id: Option<GameId>, bounds: Bounds) -> Vec<Game>;
        save_game(before: &Game, game: &Game, event: &GameEvent, made: Made) -> bool;
        changes(id: GameId, before: Option<i64>, count: u16) -> Vec<PastChange>;
        export(studios: Option<&[StudioId]>, kinds: &[Kind], after: Option<GameId>, bounds: Bounds) -> Vec<Game>;
        keys_of(ids: &[GameId]) -> HashMap<(Option<StudioId>, GameId), ImportKey>;
        page(id: GameId) -> Option<(i32, GamePage)>;
        any_page(id: GameId) -> Option<(i32, GamePage)>;
        pictures(game: GameId) -> Vec<Picture>;
        touch_files(names: &[Name], at: Timestamp) -> bool;
        unused_files(before: Timestamp, count: u16) -> Vec<Name>;
        take_file(name: Name, at: Timestamp, before: Timestamp) -> bool;
        forget_file(name: Name) -> ();
        needed_files(after: Option<Name>, count: u16) -> Vec<Name>;
        keeps_at(mark: &str) -> bool;
        currency() -> Option<Currency>;
        has_games() -> bool;
        picks() -> Picks;
        key_games() -> u64;
        forget_requests(before: Timestamp) -> ();
    }

    writes {
        game(id: GameId) -> Option<Game>;
        some_games(ids: &[GameId]) -> Vec<Game>;
        count_games() -> i64;
        add_game(game: NewGame, studio: Option<StudioId>, at: Timestamp) -> Game;
        add_stocked(game: NewGame, shown: Option<Shown>, page: &GamePage, at: Timestamp) -> Game;
        imported(keys: &HashSet<Named>) -> HashMap<Named, GameId>;
        hold_some(ids: &[GameId]) -> Vec<Game>;
        next_ids(count: u16) -> Vec<GameId>;
        add_games(games: &[(ImportKey, Game)], pages: &[(GameId, GamePage)], made: Made) -> ();
        note_request(request: &RequestKey, game: &Game, at: Timestamp) -> Created;
        save_game(before: &Game, game: &Game, event: &GameEvent, made: Made) -> bool;
        past_change(id: GameId, change: i64) -> Option<PastChange>;
        note_change(game: &Game, differences: &[Difference], made: Made) -> ();
        page_of(id: GameId) -> GamePage;
        save_page(before: (&Game, &GamePage), after: (&Game, &GamePage), event: &GameEvent, made: Made) -> bool;
        pictures(game: GameId) -> Vec<Picture>;
        add_picture(game: GameId, picture: &Picture, by: Option<UserId>, at: Timestamp) -> ();
        drop_picture(id: PictureId) -> ();
        shelf_mark() -> String;
        schedule(id: GameId) -> Schedule;
        plan(id: GameId, schedule: Schedule) -> ();
        count_planned(studio: StudioId) -> i64;
        hand_over(before: &Game, game: &Game, event: &GameEvent, made: Made) -> bool;
        currency() -> Option<Currency>;
        name_currency(currency: Currency) -> ();
        picks() -> Picks;
        pick(games: &[GameId], revision: Option<i32>) -> Option<i32>;
        announce(announcement: &Announcement) -> ();
        hold_games() -> ();
    }
}

#[cfg(test)]
mod tests;
