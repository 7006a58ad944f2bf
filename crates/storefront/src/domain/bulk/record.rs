//! A product as a line of a file has it: the same names in each format, and nothing judged yet.

use serde::{Deserialize, Serialize};
use sir0_kernel::{Currency, GameId};

use crate::domain::{Game, Traits};

/// A line of a file. What it leaves out is `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Record {
    /// What the importer calls the product.
    #[serde(alias = "import_key", skip_serializing_if = "Option::is_none")]
    pub import_key: Option<String>,
    /// What the store calls it.
    #[serde(alias = "game_id", skip_serializing_if = "Option::is_none")]
    pub game_id: Option<i32>,
    /// The studio that has it.
    #[serde(alias = "studio_id", skip_serializing_if = "Option::is_none")]
    pub studio_id: Option<String>,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its genre.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub genre: Option<String>,
    /// What a player pays, in major units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<f64>,
    /// What its page says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The day of its release. Empty tells none.
    #[serde(alias = "release_date", skip_serializing_if = "Option::is_none")]
    pub release_date: Option<String>,
    /// The product that it belongs to, as the store calls it.
    #[serde(alias = "base_game_id", skip_serializing_if = "Option::is_none")]
    pub base_game_id: Option<i32>,
    /// The product that it belongs to, as the importer calls it.
    #[serde(alias = "base_import_key", skip_serializing_if = "Option::is_none")]
    pub base_import_key: Option<String>,
    /// The products in it, as the store calls them.
    #[serde(alias = "bundled_game_ids", skip_serializing_if = "Option::is_none")]
    pub bundled_game_ids: Option<Vec<i32>>,
    /// The products in it, as the importer calls them.
    #[serde(alias = "bundled_import_keys", skip_serializing_if = "Option::is_none")]
    pub bundled_import_keys: Option<Vec<String>>,
    /// Words by which players find it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// What it runs on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platforms: Option<Vec<String>>,
    /// The languages in which it can be played.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub languages: Option<Vec<String>>,
}

impl Record {
    /// A product, with what the importers of its studio call it, and what they call others. Its price is in this currency.
    #[must_use]
    pub fn of(game: &Game, currency: Currency, key_of: impl Fn(GameId) -> Option<String>) -> Self {
        let base_import_key = game.base.and_then(&key_of);
        let keys: Option<Vec<_>> = game.bundled.iter().map(|id| key_of(*id)).collect();
        let keys = keys.filter(|keys| !keys.is_empty());
        let ids = || game.bundled.iter().map(|id| id.get()).collect::<Vec<_>>();
        Self {
            import_key: key_of(game.id),
            game_id: Some(game.id.get()),
            studio_id: game.studio.map(|studio| studio.to_string()),
            kind: Some(game.kind.as_str().to_owned()),
            title: Some(game.title.as_str().to_owned()),
            genre: Some(game.genre.as_str().to_owned()),
            price: Some(game.price.of(currency).major()),
            description: Some(game.description.as_str().to_owned()),
            state: Some(game.standing.state.as_str().to_owned()),
            release_date: Some(
                game.standing.release_day.map(|day| day.to_string()).unwrap_or_default(),
            ),
            base_game_id: game.base.filter(|_| base_import_key.is_none()).map(GameId::get),
            base_import_key,
            bundled_game_ids: Some(ids()).filter(|ids| keys.is_none() && !ids.is_empty()),
            bundled_import_keys: keys,
            tags: texts_of(game, |traits| &traits.tags, |tag| tag.as_str().to_owned()),
            platforms: texts_of(game, |traits| &traits.platforms, ToString::to_string),
            languages: texts_of(game, |traits| &traits.languages, ToString::to_string),
        }
    }
}

/// A list of what a product is found by. `None` if it is empty.
fn texts_of<T>(
    game: &Game,
    of: impl Fn(&Traits) -> &Vec<T>,
    text: impl Fn(&T) -> String,
) -> Option<Vec<String>> {
    let list = game.traits.as_deref().map(|traits| of(traits).iter().map(text).collect());
    list.filter(|list: &Vec<_>| !list.is_empty())
}
