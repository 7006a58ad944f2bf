//! An invented catalogue, so that `--demo` shows a store with something in it: games, what belongs to some of them, their
//! pages, and the covers that the program draws.

mod drawing;

pub(super) use drawing::cover;

use std::{collections::HashMap, sync::Arc};

use serde::Deserialize;
use sir0_kernel::{Currency, Price};

use crate::domain::{
    Board, Description, GamePage, Genre, Kind, Label, Markdown, Name, NewGame, PageText, Platform,
    Rating, State, Summary, Title,
};
use crate::work::Stocked;

const CATALOGUE: &str = include_str!("demo/catalogue.json");
/// What is no game in the narrow sense, each behind what it belongs to or holds.
const MORE: &str = include_str!("demo/more.json");

/// A product that exists only in the catalogue, in the words of `CreateGame`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoProduct {
    title: String,
    genre: String,
    /// In euro. A store of another currency takes as much of its smallest unit as this is of cents.
    price: f64,
    description: String,
    kind: Option<String>,
    /// The titles of what it belongs to, or of what a bundle holds.
    #[serde(default)]
    of: Vec<String>,
    /// The day of its release, if it is to come.
    announced: Option<String>,
}

impl DemoProduct {
    /// The product with its page and its cover. `places` are those of the products before it, by their titles.
    fn stocked(&self, number: usize, places: &HashMap<String, usize>) -> anyhow::Result<Stocked> {
        let kind = self.kind.as_deref().map_or(Ok(Kind::Game), str::parse)?;
        let game = NewGame {
            title: Title::parse(&self.title)?,
            genre: Genre::parse(&self.genre)?,
            price: Price::parse(self.price, Currency::EUR)?,
            description: Description::parse(&self.description)?,
            kind,
            state: if self.announced.is_some() { State::Announced } else { State::Released },
            release_day: self.announced.as_deref().map(str::parse).transpose()?,
            base: None,
            bundled: Arc::default(),
        };
        let place = |title: &String| {
            places.get(title).copied().ok_or_else(|| anyhow::anyhow!("`{title}` comes later"))
        };
        Ok(Stocked {
            game,
            parts: self.of.iter().map(place).collect::<Result<_, _>>()?,
            page: self.page(number)?,
        })
    }

    fn page(&self, number: usize) -> anyhow::Result<GamePage> {
        use Platform::{Android, Ios, Linux, Mac, Web, Windows};

        let (tags, rating) = of_genre(&self.genre);
        let more = ["Story-rich", "Short", "Hand-drawn", "Local co-op", "Relaxing"][number % 5];
        let platforms: &[_] = match number % 4 {
            0 => &[Windows],
            1 => &[Windows, Linux],
            2 => &[Windows, Mac, Linux],
            _ => &[Windows, Linux, Android, Ios, Web],
        };
        let languages = match number % 3 {
            0 => &["en", "de", "fr"][..],
            1 => &["en", "ja"],
            _ => &["en", "es", "pt-BR"],
        };
        let text = format!("*{}*\n\n{}", self.title, self.description);
        Ok(GamePage {
            tags: tags
                .iter()
                .chain([&more])
                .map(|tag| Label::parse(tag))
                .collect::<Result<_, _>>()?,
            platforms: platforms.to_vec(),
            languages: languages.iter().map(|it| it.parse()).collect::<Result<_, _>>()?,
            developers: vec![Name::parse(STUDIOS[number % STUDIOS.len()])?],
            texts: vec![PageText {
                language: "en".parse()?,
                title: None,
                summary: Some(Summary::parse(
                    self.description.split_inclusive('.').next().unwrap_or_default(),
                )?),
                description: Markdown::parse(&text)?,
            }],
            ratings: vec![Rating {
                board: Board::Usk,
                rating: rating.to_owned(),
                descriptors: Vec::new(),
            }],
            ..GamePage::default()
        })
    }
}

/// Who made the games, if anyone had.
const STUDIOS: [&str; 6] = [
    "Tidewind Workshop",
    "Seven Herons",
    "Blue Corridor",
    "Paper Comet",
    "Lichen & Daughters",
    "Night Shift Interactive",
];

/// What players look for in a genre, and from which age on it is played (USK).
fn of_genre(genre: &str) -> ([&'static str; 2], &'static str) {
    match genre {
        "Adventure" => (["Exploration", "Atmospheric"], "6"),
        "Puzzle" => (["Logic", "Minimalist"], "0"),
        "Strategy" => (["Turn-based", "Politics"], "12"),
        "Role-playing" => (["Choices matter", "Fantasy"], "12"),
        "Simulation" => (["Management", "Cosy"], "0"),
        "Racing" => (["Arcade", "Controller"], "6"),
        "Horror" => (["Psychological", "Dark"], "16"),
        "Platformer" => (["Precision", "2D"], "6"),
        "Shooter" => (["Fast-paced", "Space"], "16"),
        "Sports" => (["Casual", "Party"], "0"),
        "Music" => (["Rhythm", "Soundtrack"], "0"),
        _ => (["Crafting", "Open world"], "12"),
    }
}

/// The products, in the order in which they are to be added.
pub(super) fn products() -> anyhow::Result<Vec<Stocked>> {
    let mut places = HashMap::new();
    let all = catalogue().into_iter().chain(more()).enumerate();
    all.map(|(number, product)| {
        let stocked = product.stocked(number, &places)?;
        places.insert(product.title, number);
        Ok(stocked)
    })
    .collect()
}

fn catalogue() -> Vec<DemoProduct> {
    serde_json::from_str(CATALOGUE).expect("the file is part of the binary and a test reads it")
}

fn more() -> Vec<DemoProduct> {
    serde_json::from_str(MORE).expect("the file is part of the binary and a test reads it")
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use sir0_kernel::{Form, Text, caseless};

    use super::*;

    #[test]
    fn every_product_is_good_under_the_rules_of_the_contract() {
        let title = Text { min: 1, max: 120, form: Form::Line };
        let genre = Text { min: 1, max: 40, form: Form::Line };
        let description = Text { min: 1, max: 4000, form: Form::Prose };

        for game in catalogue().into_iter().chain(more()) {
            // Kept exactly as written: trimmed and in NFC already.
            assert_eq!(title.read(&game.title).as_ref(), Ok(&game.title));
            assert_eq!(genre.read(&game.genre).as_ref(), Ok(&game.genre));
            assert_eq!(description.read(&game.description).as_ref(), Ok(&game.description));
            let price = Price::parse(game.price, Currency::EUR)
                .unwrap_or_else(|why| panic!("{}: {why}", game.title));
            assert!(price.minor() <= 7499, "{}", game.title);
        }
        for Stocked { game, page, .. } in products().expect("products") {
            let rating = &page.ratings[0];
            assert!(rating.board.ratings().contains(&&*rating.rating), "{:?}", game.title);
            let keys: BTreeSet<_> = page.tags.iter().map(Label::key).collect();
            assert_eq!(keys.len(), page.tags.len(), "{:?}", game.title);
        }
    }

    #[test]
    fn there_are_sixty_games_and_no_two_products_share_a_title() {
        let titles: BTreeSet<_> =
            catalogue().iter().chain(&more()).map(|game| caseless(&game.title)).collect();

        assert_eq!(catalogue().len(), 60);
        assert_eq!(titles.len(), 60 + more().len());
    }

    #[test]
    fn the_catalogue_gives_every_filter_and_sort_something_to_do() {
        let mut genres = BTreeMap::<_, usize>::new();
        for game in catalogue() {
            *genres.entry(game.genre).or_default() += 1;
        }
        let kinds: BTreeSet<_> = more().into_iter().filter_map(|it| it.kind).collect();

        assert_eq!(genres.len(), 12);
        assert!(genres.values().all(|games| (3..=7).contains(games)), "{genres:?}");
        assert!(catalogue().iter().any(|game| game.price == 0.0));
        assert!(catalogue().iter().filter(|game| !game.title.is_ascii()).count() >= 3);
        assert_eq!(kinds.len(), 5);
        assert!(more().iter().any(|it| it.announced.is_some()));
    }
}
