//! The rules: what a game is, how it changes, how it is found. No network, no database, no clock.

mod game;
pub mod search;
mod words;

pub use game::{Change, Game, NewGame};
pub use search::{Listing, Page, PageToken, Sort, UnknownSort};
pub use words::{Description, Genre, InvalidWords, Title, Words, searched};
