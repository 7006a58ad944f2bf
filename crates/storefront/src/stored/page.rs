//! How the page of a product lies in a row, and what a product is found by in a row, an event or a cache.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sir0_kernel::{Country, Language};

use crate::domain::{
    Difference, GamePage, Label, Link, LinkUrl, MOST_PAGE_BYTES, Markdown, Name, Need, PageText,
    Rating, Requirements, Summary, Title, Traits, UnknownBoard, UnknownLinkKind, UnknownPlatform,
};

/// A page as it is stored. Fields may be added, with a default for older ones. They are never renamed: the history of a game
/// has them as the names of what changed.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredPage {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    platforms: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    languages: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    developers: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    texts: Vec<StoredText>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    links: Vec<StoredLink>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    requirements: Vec<StoredRequirements>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ratings: Vec<StoredRating>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sale_barred_countries: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    play_barred_countries: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredText {
    language: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    description: String,
}

#[derive(Serialize, Deserialize)]
struct StoredLink {
    kind: String,
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredRequirements {
    platform: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    minimum: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recommended: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredRating {
    board: String,
    rating: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    descriptors: Vec<String>,
}

/// What a product is found by, as it is stored.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredTraits {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    platforms: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    languages: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    titles: Vec<String>,
    page_revision: i32,
}

/// Why what is stored is no page.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoPage {
    #[error(transparent)]
    Platform(#[from] UnknownPlatform),
    #[error(transparent)]
    Link(#[from] UnknownLinkKind),
    #[error(transparent)]
    Board(#[from] UnknownBoard),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl StoredPage {
    pub(crate) fn json(page: &GamePage) -> String {
        serde_json::to_string(&Self::from(page)).expect("numbers and texts are always JSON")
    }

    /// Whether a page takes more than [`MOST_PAGE_BYTES`].
    pub(crate) fn is_too_long(page: &GamePage) -> bool {
        Self::json(page).len() > MOST_PAGE_BYTES
    }

    pub(crate) fn read(json: &str) -> Result<GamePage, NoPage> {
        serde_json::from_str::<Self>(json)?.try_into()
    }
}

impl StoredTraits {
    pub(crate) fn json(traits: &Traits) -> String {
        serde_json::to_string(&Self::from(traits)).expect("numbers and texts are always JSON")
    }

    pub(crate) fn read(json: &str) -> Result<Traits, NoPage> {
        serde_json::from_str::<Self>(json)?.try_into()
    }
}

/// What is different in a page after a change: each part, as JSON has it.
pub(crate) fn differences(before: &GamePage, after: &GamePage) -> Vec<Difference> {
    let parts = |page: &GamePage| match serde_json::to_value(StoredPage::from(page)) {
        Ok(Value::Object(parts)) => parts,
        _ => unreachable!("numbers and texts are always JSON"),
    };
    let (before, after) = (parts(before), parts(after));
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let names = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    let text = |part: Option<&Value>| part.map(Value::to_string);
    names
        .map(|name| Difference {
            field: name.parse().expect("each part of a page is a field of a change"),
            before: text(before.get(name)),
            after: text(after.get(name)),
        })
        .collect()
}

fn texts<'t, T: 't>(all: &'t [T], text: impl Fn(&'t T) -> &'t str) -> Vec<String> {
    all.iter().map(|it| text(it).to_owned()).collect()
}

fn each<T>(all: Vec<String>, from_row: impl Fn(String) -> T) -> Vec<T> {
    all.into_iter().map(from_row).collect()
}

impl From<&GamePage> for StoredPage {
    fn from(page: &GamePage) -> Self {
        Self {
            tags: texts(&page.tags, Label::as_str),
            platforms: page.platforms.iter().map(ToString::to_string).collect(),
            languages: texts(&page.languages, Language::as_str),
            developers: texts(&page.developers, Name::as_str),
            texts: page.texts.iter().map(Into::into).collect(),
            links: page.links.iter().map(Into::into).collect(),
            requirements: page.requirements.iter().map(Into::into).collect(),
            ratings: page.ratings.iter().map(Into::into).collect(),
            sale_barred_countries: texts(&page.sale_barred, Country::as_str),
            play_barred_countries: texts(&page.play_barred, Country::as_str),
        }
    }
}

impl From<&PageText> for StoredText {
    fn from(text: &PageText) -> Self {
        Self {
            language: text.language.to_string(),
            title: text.title.as_ref().map(|it| it.as_str().to_owned()),
            summary: text.summary.as_ref().map(|it| it.as_str().to_owned()),
            description: text.description.as_str().to_owned(),
        }
    }
}

impl From<&Link> for StoredLink {
    fn from(link: &Link) -> Self {
        Self {
            kind: link.kind.to_string(),
            url: link.url.as_str().to_owned(),
            title: link.title.as_ref().map(|it| it.as_str().to_owned()),
        }
    }
}

impl From<&Requirements> for StoredRequirements {
    fn from(needs: &Requirements) -> Self {
        let text = |need: &Option<Need>| need.as_ref().map(|it| it.as_str().to_owned());
        Self {
            platform: needs.platform.to_string(),
            minimum: text(&needs.minimum),
            recommended: text(&needs.recommended),
        }
    }
}

impl From<&Rating> for StoredRating {
    fn from(rating: &Rating) -> Self {
        Self {
            board: rating.board.to_string(),
            rating: rating.rating.clone(),
            descriptors: texts(&rating.descriptors, Name::as_str),
        }
    }
}

impl From<&Traits> for StoredTraits {
    fn from(traits: &Traits) -> Self {
        Self {
            tags: texts(&traits.tags, Label::as_str),
            platforms: traits.platforms.iter().map(ToString::to_string).collect(),
            languages: texts(&traits.languages, Language::as_str),
            titles: texts(&traits.titles, Title::as_str),
            page_revision: traits.page_revision,
        }
    }
}

impl TryFrom<StoredPage> for GamePage {
    type Error = NoPage;

    fn try_from(stored: StoredPage) -> Result<Self, NoPage> {
        let text = |it: StoredText| PageText {
            language: Language::from_row(it.language),
            title: it.title.map(Title::from_row),
            summary: it.summary.map(Summary::from_row),
            description: Markdown::from_row(it.description),
        };
        let link = |it: StoredLink| {
            let (kind, url) = (it.kind.parse()?, LinkUrl::from_row(it.url));
            Ok::<_, NoPage>(Link { kind, url, title: it.title.map(Name::from_row) })
        };
        let needs = |it: StoredRequirements| {
            Ok::<_, NoPage>(Requirements {
                platform: it.platform.parse()?,
                minimum: it.minimum.map(Need::from_row),
                recommended: it.recommended.map(Need::from_row),
            })
        };
        let rating = |it: StoredRating| {
            let descriptors = each(it.descriptors, Name::from_row);
            Ok::<_, NoPage>(Rating { board: it.board.parse()?, rating: it.rating, descriptors })
        };
        let platforms = stored.platforms.iter().map(|it| it.parse());
        Ok(Self {
            tags: each(stored.tags, Label::from_row),
            platforms: platforms.collect::<Result<_, _>>()?,
            languages: each(stored.languages, Language::from_row),
            developers: each(stored.developers, Name::from_row),
            texts: stored.texts.into_iter().map(text).collect(),
            links: stored.links.into_iter().map(link).collect::<Result<_, _>>()?,
            requirements: stored.requirements.into_iter().map(needs).collect::<Result<_, _>>()?,
            ratings: stored.ratings.into_iter().map(rating).collect::<Result<_, _>>()?,
            sale_barred: each(stored.sale_barred_countries, Country::from_row),
            play_barred: each(stored.play_barred_countries, Country::from_row),
        })
    }
}

impl TryFrom<StoredTraits> for Traits {
    type Error = NoPage;

    fn try_from(stored: StoredTraits) -> Result<Self, NoPage> {
        let platforms = stored.platforms.iter().map(|it| it.parse());
        Ok(Self {
            tags: each(stored.tags, Label::from_row),
            platforms: platforms.collect::<Result<_, _>>()?,
            languages: each(stored.languages, Language::from_row),
            titles: each(stored.titles, Title::from_row),
            page_revision: stored.page_revision,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Board, LinkKind, Platform};

    fn a_page() -> GamePage {
        let name = |text| Name::parse(text).expect("a name");
        let tag = |text| Label::parse(text).expect("a tag");
        let language = |text: &str| text.parse::<Language>().expect("a language");
        let country = |text: &str| vec![text.parse::<Country>().expect("a country")];
        GamePage {
            tags: vec![tag("Cosy"), tag("Puzzle")],
            platforms: vec![Platform::Windows, Platform::Linux],
            languages: vec![language("en"), language("de-AT")],
            developers: vec![name("Northlight")],
            texts: vec![PageText {
                language: language("de"),
                title: Title::parse("Laternen").ok(),
                summary: Summary::parse("Licht findet einen Weg.").ok(),
                description: Markdown::parse("# Licht\n\nEs findet *einen* Weg.")
                    .expect("Markdown"),
            }],
            links: vec![Link {
                kind: LinkKind::Trailer,
                url: LinkUrl::parse("https://example.org/film").expect("an address"),
                title: Some(name("The film")),
            }],
            requirements: vec![Requirements {
                platform: Platform::Linux,
                minimum: Need::parse("2 GiB of memory").ok(),
                recommended: None,
            }],
            ratings: vec![Rating {
                board: Board::Usk,
                rating: "6".to_owned(),
                descriptors: vec![name("Darkness")],
            }],
            sale_barred: country("AQ"),
            play_barred: country("BV"),
        }
    }

    #[test]
    fn a_page_comes_back_as_it_was_written() {
        let (page, traits) = (a_page(), a_page().traits(7));

        assert_eq!(StoredPage::read(&StoredPage::json(&page)).expect("a page"), page);
        assert_eq!(StoredPage::read("{}").expect("a page"), GamePage::default());
        assert_eq!(StoredTraits::read(&StoredTraits::json(&traits)).expect("traits"), traits);
    }

    #[test]
    fn each_part_of_a_page_that_changed_is_noted_and_no_other() {
        let (none, page) = (GamePage::default(), a_page());
        let without_film = GamePage { links: Vec::new(), ..a_page() };

        let all = differences(&none, &page);
        let film = differences(&page, &without_film);

        assert_eq!(all.len(), 10);
        assert!(all.iter().all(|part| part.before.is_none() && part.after.is_some()));
        assert_eq!(film.len(), 1);
        let before = r#"[{"kind":"trailer","title":"The film","url":"https://example.org/film"}]"#;
        assert_eq!((film[0].before.as_deref(), film[0].after.as_deref()), (Some(before), None));
        assert_eq!(differences(&page, &page), []);
    }
}
