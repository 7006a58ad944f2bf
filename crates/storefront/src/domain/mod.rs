//! The rules: what a game is, how it changes, how it is found. No network, no database, no clock.

mod band;
pub mod bulk;
mod command;
mod event;
mod filter;
mod game;
mod history;
mod markdown;
mod own;
mod page;
mod parts;
mod picture;
mod request;
pub mod search;
mod standing;
mod store;
mod words;

pub use band::{Band, UnknownBand};
pub(crate) use command::{
    CreateGame, Expected, ExportGames, HandOverGame, ImportGames, PublishGame, Published,
    UpdateGame, UpdatePage, WatchGames,
};
pub use event::GameEvent;
pub(crate) use filter::Filter;
pub use game::{Change, Game, MOST_PLANNED, NewGame, NotPublishable};
pub use history::{
    Difference, Field, Made, NotUndoable, PastChange, beginning, differences, planned,
};
pub use markdown::{InvalidMarkdown, Markdown};
pub use own::{OwnListing, OwnPage, OwnPlace};
pub use page::{
    Board, GamePage, InvalidLinkUrl, Label, Link, LinkKind, LinkUrl, MOST_DESCRIPTORS,
    MOST_DEVELOPERS, MOST_LANGUAGES, MOST_LINKS, MOST_PAGE_BYTES, MOST_TAGS, MOST_TEXTS, Name,
    Need, PageText, Platform, Rating, Requirements, Summary, Traits, UnknownBoard, UnknownLinkKind,
    UnknownPlatform, found_in,
};
pub use parts::{MOST_BUNDLED, Unfit, Whole};
pub(crate) use picture::UploadPicture;
pub use picture::{MOST_SCREENSHOTS, Picture, PictureFile, Shown, TooManyScreenshots};
pub use request::{Created, InvalidRequestId, RequestId, RequestKey};
pub use search::{
    Bounds, Dimension, Facet, Found, Listing, Page, PageToken, Sort, UnknownDimension, UnknownSort,
};
pub use standing::{
    Base, Kind, Public, Schedule, Standing, State, UnknownKind, UnknownPublic, UnknownState,
};
pub(crate) use store::{FrontPage, MOST_PICKED, Picks, UpdatePicks};
pub use words::{Description, Genre, InvalidWords, KEYS_VERSION, Syntax, Title, Words, searched};
