//! The page of a product: what a store tells of it beyond its title, its price and a short text.

use std::{collections::BTreeSet, fmt, str::FromStr, sync::Arc};

use sir0_kernel::{Country, Form, InvalidText, Language, Text, folded};

use super::{Game, GameEvent, Markdown, Title};

/// How many tags a product has at most.
pub const MOST_TAGS: usize = 20;
/// In how many languages it can be played at most.
pub const MOST_LANGUAGES: usize = 100;
/// How many developers it names at most.
pub const MOST_DEVELOPERS: usize = 10;
/// In how many languages its page is written at most.
pub const MOST_TEXTS: usize = 30;
/// How many links a page has at most.
pub const MOST_LINKS: usize = 20;
/// How many descriptors a rating has at most.
pub const MOST_DESCRIPTORS: usize = 10;
/// How many bytes a page has at most, as it is kept.
pub const MOST_PAGE_BYTES: usize = 128 * 1024;

macro_rules! line {
    ($(#[$doc:meta])* $name:ident, $bounds:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The only way to make one.
            pub fn parse(text: &str) -> Result<Self, InvalidText> {
                const BOUNDS: Text = $bounds;
                BOUNDS.read(text).map(Self)
            }

            /// The way in from the database, which holds only good ones.
            #[must_use]
            pub const fn from_row(text: String) -> Self {
                Self(text)
            }

            /// As it was written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

line! {
    /// A word by which players find products of a sort: trimmed, 1 to 30 characters, one line.
    Label, Text { min: 1, max: 30, form: Form::Line }
}

impl Label {
    /// As it is compared.
    #[must_use]
    pub fn key(&self) -> String {
        folded(&self.0)
    }
}

line! {
    /// Who made a product, or what a rating warns of: trimmed, 1 to 80 characters, one line.
    Name, Text { min: 1, max: 80, form: Form::Line }
}

line! {
    /// What a product is, in a sentence or two: 1 to 300 characters.
    Summary, Text { min: 1, max: 300, form: Form::Prose }
}

line! {
    /// What a machine needs: 1 to 2000 characters.
    Need, Text { min: 1, max: 2000, form: Form::Prose }
}

macro_rules! names {
    ($(#[$doc:meta])* $name:ident, $unknown:ident, $says:literal { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant),* }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// As on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }

        /// Nothing of the kind has this name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        #[error($says)]
        pub struct $unknown;

        impl FromStr for $name {
            type Err = $unknown;

            fn from_str(name: &str) -> Result<Self, $unknown> {
                Self::ALL.iter().copied().find(|it| it.as_str() == name).ok_or($unknown)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

names! {
    /// What a product runs on.
    Platform, UnknownPlatform, "must be `windows`, `mac`, `linux`, `android`, `ios` or `web`" {
        /// Windows.
        Windows = "windows",
        /// macOS.
        Mac = "mac",
        /// Linux, also on handhelds.
        Linux = "linux",
        /// Android.
        Android = "android",
        /// iOS and iPadOS.
        Ios = "ios",
        /// A browser.
        Web = "web",
    }
}

names! {
    /// Where a link leads.
    LinkKind, UnknownLinkKind, "must be `website`, `trailer`, `community`, `support`, `manual` or `other`" {
        /// The page of the product itself.
        Website = "website",
        /// A film.
        Trailer = "trailer",
        /// Where its players meet.
        Community = "community",
        /// Where its players find help.
        Support = "support",
        /// How it is played.
        Manual = "manual",
        /// Anything else.
        Other = "other",
    }
}

names! {
    /// Who judges for which age a product is.
    Board, UnknownBoard, "must be `esrb`, `pegi`, `usk`, `cero`, `acb`, `classind`, `grac` or `iarc`" {
        /// North America.
        Esrb = "esrb",
        /// Most of Europe.
        Pegi = "pegi",
        /// Germany.
        Usk = "usk",
        /// Japan.
        Cero = "cero",
        /// Australia.
        Acb = "acb",
        /// Brazil.
        ClassInd = "classind",
        /// South Korea.
        Grac = "grac",
        /// Where no other does: the generic rating of the coalition.
        Iarc = "iarc",
    }
}

impl Board {
    /// The ratings that it gives, from the youngest age on, as it writes them.
    #[must_use]
    pub const fn ratings(self) -> &'static [&'static str] {
        match self {
            Self::Esrb => &["E", "E10+", "T", "M", "AO", "RP"],
            Self::Pegi => &["3", "7", "12", "16", "18"],
            Self::Usk => &["0", "6", "12", "16", "18"],
            Self::Cero => &["A", "B", "C", "D", "Z"],
            Self::Acb => &["G", "PG", "M", "MA15+", "R18+"],
            Self::ClassInd => &["L", "10", "12", "14", "16", "18"],
            Self::Grac => &["ALL", "12", "15", "19"],
            Self::Iarc => &["3+", "7+", "12+", "16+", "18+"],
        }
    }
}

/// For which age a product is, as one board says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rating {
    /// Who says so.
    pub board: Board,
    /// One of [`Board::ratings`].
    pub rating: String,
    /// What the board warns of.
    pub descriptors: Vec<Name>,
}

/// A way out of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where it leads.
    pub kind: LinkKind,
    /// The address.
    pub url: LinkUrl,
    /// What it is called, if anything.
    pub title: Option<Name>,
}

/// An address that begins with `https://`: at most 500 characters, without a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkUrl(String);

/// Why a text is no address for a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be an address that begins with `https://`, of at most 500 characters and without a password"
)]
pub struct InvalidLinkUrl;

impl LinkUrl {
    const MOST_CHARS: usize = 500;

    /// The only way to make one. It is kept as URLs are written (WHATWG URL), so that every reader takes it for the same.
    pub fn parse(text: &str) -> Result<Self, InvalidLinkUrl> {
        let url = url::Url::parse(text).map_err(|_no_url| InvalidLinkUrl)?;
        let is_good = url.scheme() == "https"
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.as_str().len() <= Self::MOST_CHARS;
        if is_good { Ok(Self(url.into())) } else { Err(InvalidLinkUrl) }
    }

    /// The way in from the database, which holds only good ones.
    #[must_use]
    pub const fn from_row(text: String) -> Self {
        Self(text)
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a machine of a platform needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirements {
    /// The platform.
    pub platform: Platform,
    /// To play at all.
    pub minimum: Option<Need>,
    /// To play well.
    pub recommended: Option<Need>,
}

/// What a page says in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageText {
    /// The language.
    pub language: Language,
    /// What the product is called in it. `None`: as everywhere.
    pub title: Option<Title>,
    /// What it is, in a sentence or two.
    pub summary: Option<Summary>,
    /// What it is, in full.
    pub description: Markdown,
}

/// The page of a product.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GamePage {
    /// Words by which players find it.
    pub tags: Vec<Label>,
    /// What it runs on.
    pub platforms: Vec<Platform>,
    /// The languages in which it can be played.
    pub languages: Vec<Language>,
    /// Who made it.
    pub developers: Vec<Name>,
    /// What the page says, in each language in which it says something.
    pub texts: Vec<PageText>,
    /// Ways out of it.
    pub links: Vec<Link>,
    /// What machines need.
    pub requirements: Vec<Requirements>,
    /// For which ages it is.
    pub ratings: Vec<Rating>,
    /// Where it must not be sold.
    pub sale_barred: Vec<Country>,
    /// Where it must not be played.
    pub play_barred: Vec<Country>,
}

/// What a product is found by, beside its own texts: from its page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traits {
    /// Its tags.
    pub tags: Vec<Label>,
    /// What it runs on.
    pub platforms: Vec<Platform>,
    /// The languages in which it can be played.
    pub languages: Vec<Language>,
    /// Its titles in other languages.
    pub titles: Vec<Title>,
    /// The revision of the product with which its page became as it is.
    pub page_revision: i32,
}

impl Traits {
    /// About how many bytes it takes.
    #[must_use]
    pub fn size(&self) -> usize {
        let tags = self.tags.iter().map(|it| it.as_str().len());
        let languages = self.languages.iter().map(|it| it.as_str().len());
        let titles = self.titles.iter().map(|it| it.as_str().len());
        let texts: usize = tags.chain(languages).chain(titles).map(|text| text + 24).sum();
        size_of::<Self>() + self.platforms.len() + texts
    }

    /// Whether it has this tag, in any case.
    #[must_use]
    pub fn has_tag(&self, key: &str) -> bool {
        self.tags.iter().any(|tag| tag.key() == key)
    }

    /// Whether it can be played in this language, or in a form of it: `de` is also `de-AT`.
    #[must_use]
    pub fn is_in(&self, language: &Language) -> bool {
        self.languages.iter().flat_map(found_in).any(|it| it == language.as_str())
    }
}

/// The languages by which one is found: as it is written, and without its region and script.
pub fn found_in(language: &Language) -> impl Iterator<Item = &str> {
    let (whole, primary) = (language.as_str(), primary(language));
    [Some(whole), (primary != whole && primary != "x").then_some(primary)].into_iter().flatten()
}

fn primary(language: &Language) -> &str {
    language.as_str().split('-').next().unwrap_or_default()
}

impl GamePage {
    /// What a product with this page is found by, from this revision on.
    #[must_use]
    pub fn traits(&self, page_revision: i32) -> Traits {
        let titles: BTreeSet<_> =
            self.texts.iter().filter_map(|text| text.title.as_ref()).map(Title::as_str).collect();
        Traits {
            tags: self.tags.clone(),
            platforms: self.platforms.clone(),
            languages: self.languages.clone(),
            titles: titles.into_iter().map(|title| Title::from_row(title.to_owned())).collect(),
            page_revision,
        }
    }
}

impl Game {
    /// Gets this page, in the place of the one that it has.
    #[must_use]
    pub fn with_page(&self, page: &GamePage) -> Option<(Self, GameEvent)> {
        let traits = Some(Arc::new(page.traits(self.revision + 1)));
        self.becoming(Self { traits, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_https_and_is_written_as_every_reader_takes_it() {
        let url = LinkUrl::parse("HTTPS://Example.org/a b").map(|url| url.as_str().to_owned());

        assert_eq!(url.as_deref(), Ok("https://example.org/a%20b"));
        let long = format!("https://example.org/{}", "a".repeat(500));
        for bad in [
            "http://example.org",
            "javascript:alert(1)",
            "https://",
            "//example.org",
            "https://user:word@example.org",
            "example.org",
            "",
            &long,
        ] {
            assert_eq!(LinkUrl::parse(bad), Err(InvalidLinkUrl), "{bad}");
        }
    }

    #[test]
    fn a_product_is_found_by_the_language_and_by_its_form() {
        let page = GamePage {
            languages: vec!["de-AT".parse().expect("a language")],
            tags: vec![Label::parse("Rogue-Like").expect("a tag")],
            ..GamePage::default()
        };
        let traits = page.traits(2);
        let is_in = |tag: &str| traits.is_in(&tag.parse().expect("a language"));

        assert_eq!(["de", "de-AT", "de-CH", "en"].map(is_in), [true, true, false, false]);
        assert!(traits.has_tag("rogue-like") && !traits.has_tag("rogue"));
    }

    #[test]
    fn another_page_is_another_revision_and_is_announced() {
        let game = Game::example(7, 3);
        let page = GamePage { platforms: vec![Platform::Linux], ..GamePage::default() };

        let (changed, event) = game.with_page(&page).expect("another page");

        assert_eq!(changed.revision, 4);
        assert_eq!(changed.traits.as_ref().map(|traits| traits.page_revision), Some(4));
        assert!(event.is_public());
    }
}
