//! An invented catalogue, so that `--demo` shows a store with something in it.

use serde::Deserialize;
use sir0_kernel::Price;

use crate::domain::{Description, Genre, NewGame, Title};

const CATALOGUE: &str = include_str!("catalogue.json");

/// A game that exists only in the catalogue, in the words of `CreateGame`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DemoGame {
    /// The title on the store page.
    pub(super) title: String,
    /// The kind of game.
    pub(super) genre: String,
    /// The price in major units.
    pub(super) price: f64,
    /// What the store page says.
    pub(super) description: String,
}

impl TryFrom<DemoGame> for NewGame {
    type Error = anyhow::Error;

    fn try_from(game: DemoGame) -> anyhow::Result<Self> {
        Ok(Self::released(
            Title::parse(&game.title)?,
            Genre::parse(&game.genre)?,
            Price::parse(game.price)?,
            Description::parse(&game.description)?,
        ))
    }
}

/// The sixty games, in the order in which they are to be added.
pub(super) fn games() -> anyhow::Result<Vec<NewGame>> {
    catalogue().into_iter().map(TryInto::try_into).collect()
}

fn catalogue() -> Vec<DemoGame> {
    serde_json::from_str(CATALOGUE).expect("the file is part of the binary and a test reads it")
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use sir0_kernel::{Form, Price, Text, caseless};

    use super::*;

    #[test]
    fn every_game_is_good_under_the_rules_of_the_contract() {
        let title = Text { min: 1, max: 120, form: Form::Line };
        let genre = Text { min: 1, max: 40, form: Form::Line };
        let description = Text { min: 1, max: 4000, form: Form::Prose };

        for game in catalogue() {
            // Kept exactly as written: trimmed and in NFC already.
            assert_eq!(title.read(&game.title).as_ref(), Ok(&game.title));
            assert_eq!(genre.read(&game.genre).as_ref(), Ok(&game.genre));
            assert_eq!(description.read(&game.description).as_ref(), Ok(&game.description));
            let price =
                Price::parse(game.price).unwrap_or_else(|why| panic!("{}: {why}", game.title));
            assert!(price.minor() <= 6999, "{}", game.title);
        }
    }

    #[test]
    fn there_are_sixty_games_and_no_two_share_a_title() {
        let titles: BTreeSet<_> = catalogue().iter().map(|game| caseless(&game.title)).collect();

        assert_eq!(catalogue().len(), 60);
        assert_eq!(titles.len(), 60);
    }

    #[test]
    fn the_catalogue_gives_every_filter_and_sort_something_to_do() {
        let mut genres = BTreeMap::<_, usize>::new();
        for game in catalogue() {
            *genres.entry(game.genre).or_default() += 1;
        }

        assert_eq!(genres.len(), 12);
        assert!(genres.values().all(|games| (3..=7).contains(games)), "{genres:?}");
        assert!(catalogue().iter().any(|game| game.price == 0.0));
        assert!(catalogue().iter().filter(|game| !game.title.is_ascii()).count() >= 3);
    }
}
