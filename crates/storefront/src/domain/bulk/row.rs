//! A line whose every field is good by itself. What it comes to depends on the store.

use std::{fmt::Display, str::FromStr, sync::Arc};

use sir0_kernel::{Currency, GameId, Language, Price, StudioId};

use super::Record;
use crate::domain::{
    Base, Change, Description, Game, GamePage, Genre, Kind, Label, MOST_BUNDLED, MOST_LANGUAGES,
    MOST_TAGS, NewGame, Platform, State, Title, Traits,
};

/// What an importer calls a product: 1 to 64 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImportKey(String);

/// No product is called this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to {MAX_CHARS} visible ASCII characters, and no blank")]
pub struct InvalidImportKey;

const MAX_CHARS: usize = 64;

impl ImportKey {
    /// The only way to make one. Kept as it is: two that look different are different.
    pub fn parse(text: &str) -> Result<Self, InvalidImportKey> {
        let is_good = (1..=MAX_CHARS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_good { Ok(Self(text.to_owned())) } else { Err(InvalidImportKey) }
    }

    /// The way in from the database, which holds only good ones.
    #[must_use]
    pub const fn from_row(text: String) -> Self {
        Self(text)
    }

    /// As the importer wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A product that a line names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    /// As the importer calls it.
    Key(ImportKey),
    /// As the store calls it.
    Id(GameId),
}

/// A line whose every field is good by itself. What it leaves out is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The product that it is about.
    pub of: Reference,
    /// The studio that has it.
    pub studio: Option<StudioId>,
    /// What it is.
    pub kind: Option<Kind>,
    /// Its texts, its price, and its day of release. What is in a bundle is in `bundled`.
    pub change: Change,
    /// Who sees it.
    pub state: Option<State>,
    /// The product that it belongs to.
    pub base: Option<Reference>,
    /// What is in a bundle.
    pub bundled: Option<Vec<Reference>>,
    /// What it says of the page.
    pub page: PagePart,
}

/// Collects what is wrong with a line while its fields are read.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn note(&mut self, field: &str, why: impl Display) {
        self.0.push(format!("`{field}` {why}"));
    }

    fn read<T, R, E: Display>(
        &mut self,
        field: &str,
        text: Option<R>,
        parse: impl FnOnce(R) -> Result<T, E>,
    ) -> Option<T> {
        parse(text?).map_err(|why| self.note(field, why)).ok()
    }
}

impl Row {
    /// Reads every field of a line, with the price in this currency, or says what is wrong with each.
    pub fn read(record: &Record, currency: Currency) -> Result<Self, String> {
        let mut faults = Faults::default();
        let key = faults.read("importKey", record.import_key.as_deref(), ImportKey::parse);
        let id = faults.read("gameId", record.game_id, GameId::parse);
        let studio = record.studio_id.as_deref().filter(|studio| !studio.is_empty());
        let studio = faults.read("studioId", studio, StudioId::parse);
        let kind = faults.read("kind", record.kind.as_deref(), Kind::from_str);
        let title = faults.read("title", record.title.as_deref(), Title::parse);
        let genre = faults.read("genre", record.genre.as_deref(), Genre::parse);
        let price = faults.read("price", record.price, |price| Price::parse(price, currency));
        let description =
            faults.read("description", record.description.as_deref(), Description::parse);
        let state = faults.read("state", record.state.as_deref(), State::from_str);
        let release_day = faults.read("releaseDate", record.release_date.as_deref(), |day| {
            Some(day).filter(|day| !day.is_empty()).map(str::parse).transpose()
        });
        let base = base(&mut faults, record);
        let bundled = bundled(&mut faults, record);
        let page = PagePart {
            tags: list(&mut faults, "tags", record.tags.as_deref(), MOST_TAGS, |it| {
                Label::parse(it)
            }),
            platforms: list(
                &mut faults,
                "platforms",
                record.platforms.as_deref(),
                Platform::ALL.len(),
                str::parse,
            ),
            languages: list(
                &mut faults,
                "languages",
                record.languages.as_deref(),
                MOST_LANGUAGES,
                str::parse,
            ),
        };
        page.judge(&mut faults);
        let of = match (key, id) {
            (Some(key), _) => Some(Reference::Key(key)),
            (None, Some(id)) if record.import_key.is_none() => Some(Reference::Id(id)),
            (None, _) => {
                if record.import_key.is_none() && record.game_id.is_none() {
                    faults.note("importKey", "is required, unless there is a `gameId`");
                }
                None
            }
        };
        let Some(of) = of.filter(|_| faults.0.is_empty()) else { return Err(faults.0.join("; ")) };
        let change = Change { title, genre, price, description, release_day, bundled: None };
        Ok(Self { of, studio, kind, change, state, base, bundled, page })
    }

    /// The products that it refers to.
    pub fn parts(&self) -> impl Iterator<Item = &Reference> {
        self.base.iter().chain(self.bundled.iter().flatten())
    }

    /// About how many bytes its texts take.
    #[must_use]
    pub fn size(&self) -> usize {
        let Change { title, genre, description, .. } = &self.change;
        let texts = [
            title.as_ref().map_or(0, |it| it.as_str().len()),
            genre.as_ref().map_or(0, |it| it.as_str().len()),
            description.as_ref().map_or(0, |it| it.as_str().len()),
        ];
        let tags = self.page.tags.iter().flatten().map(|tag| tag.as_str().len());
        texts.into_iter().chain(tags).sum()
    }

    /// A new product as the line has it, which belongs to this one and holds these.
    pub fn new_game(
        &self,
        base: Option<GameId>,
        bundled: Arc<[GameId]>,
    ) -> Result<NewGame, String> {
        let mut faults = Faults::default();
        let Change { title, genre, price, description, release_day, .. } = self.change.clone();
        let kind = self.kind.unwrap_or_default();
        let state = self.state.unwrap_or(State::Released);
        for (field, is_missing) in [
            ("title", title.is_none()),
            ("genre", genre.is_none()),
            ("price", price.is_none()),
            ("baseGameId", kind.base() == Base::Required && base.is_none()),
            ("bundledGameIds", kind == Kind::Bundle && bundled.is_empty()),
        ] {
            if is_missing {
                faults.note(field, "is required for a new product of this kind");
            }
        }
        if state == State::Withdrawn {
            faults.note("state", "must be `draft`, `announced` or `released` for a new product");
        }
        let (Some(title), Some(genre), Some(price), true) =
            (title, genre, price, faults.0.is_empty())
        else {
            return Err(faults.0.join("; "));
        };
        let description = description.unwrap_or_else(|| Description::from_row(String::new()));
        let release_day = release_day.flatten();
        Ok(NewGame { title, genre, price, description, kind, state, release_day, base, bundled })
    }
}

/// What a line says of the page of its product. What it leaves out is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PagePart {
    /// Words by which players find it.
    pub tags: Option<Vec<Label>>,
    /// What it runs on.
    pub platforms: Option<Vec<Platform>>,
    /// The languages in which it can be played.
    pub languages: Option<Vec<Language>>,
}

impl PagePart {
    fn judge(&self, faults: &mut Faults) {
        let tags = self.tags.iter().flatten().map(Label::key).collect();
        let platforms = self.platforms.iter().flatten().map(ToString::to_string).collect();
        let languages = self.languages.iter().flatten().map(ToString::to_string).collect();
        for (field, mut keys) in
            [("tags", tags), ("platforms", platforms), ("languages", languages)]
        {
            let keys: &mut Vec<String> = &mut keys;
            keys.sort_unstable();
            if keys.array_windows().any(|[one, next]| one == next) {
                faults.note(field, "must name each once");
            }
        }
    }

    /// Whether a product that is found by this gets something else by it.
    #[must_use]
    pub fn changes(&self, traits: Option<&Traits>) -> bool {
        fn is_other<T: PartialEq>(said: Option<&Vec<T>>, held: Option<&Vec<T>>) -> bool {
            said.is_some_and(|said| *said != *held.map_or(&[][..], Vec::as_slice))
        }
        is_other(self.tags.as_ref(), traits.map(|it| &it.tags))
            || is_other(self.platforms.as_ref(), traits.map(|it| &it.platforms))
            || is_other(self.languages.as_ref(), traits.map(|it| &it.languages))
    }

    /// A product that is found by what the line says, as the next revision.
    #[must_use]
    pub fn onto_traits(&self, held: &Game) -> Game {
        let before = held.traits.as_deref();
        let page = GamePage {
            tags: before.map(|it| it.tags.clone()).unwrap_or_default(),
            platforms: before.map(|it| it.platforms.clone()).unwrap_or_default(),
            languages: before.map(|it| it.languages.clone()).unwrap_or_default(),
            ..GamePage::default()
        };
        let titles = before.map(|it| it.titles.clone()).unwrap_or_default();
        let traits = Traits { titles, ..self.onto(page).traits(held.revision + 1) };
        Game { traits: Some(Arc::new(traits)), revision: held.revision + 1, ..held.clone() }
    }

    /// The page with what the line says.
    #[must_use]
    pub fn onto(&self, page: GamePage) -> GamePage {
        let Self { tags, platforms, languages } = self.clone();
        GamePage {
            tags: tags.unwrap_or(page.tags),
            platforms: platforms.unwrap_or(page.platforms),
            languages: languages.unwrap_or(page.languages),
            ..page
        }
    }
}

fn list<T, E: Display>(
    faults: &mut Faults,
    field: &str,
    texts: Option<&[String]>,
    most: usize,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Option<Vec<T>> {
    let texts = texts?;
    if texts.len() > most {
        faults.note(field, format_args!("must be at most {most}"));
        return None;
    }
    Some(texts.iter().filter_map(|text| faults.read(field, Some(text.as_str()), &parse)).collect())
}

fn base(faults: &mut Faults, record: &Record) -> Option<Reference> {
    let id = faults.read("baseGameId", record.base_game_id, GameId::parse);
    let key = record.base_import_key.as_deref().filter(|key| !key.is_empty());
    let key = faults.read("baseImportKey", key, ImportKey::parse);
    if id.is_some() && key.is_some() {
        faults.note("baseImportKey", "must not stand beside `baseGameId`");
    }
    id.map(Reference::Id).or(key.map(Reference::Key))
}

fn bundled(faults: &mut Faults, record: &Record) -> Option<Vec<Reference>> {
    let ids = record.bundled_game_ids.as_deref().filter(|ids| !ids.is_empty());
    let keys = record.bundled_import_keys.as_deref().filter(|keys| !keys.is_empty());
    let count = ids.map_or(0, <[_]>::len) + keys.map_or(0, <[_]>::len);
    if count > MOST_BUNDLED {
        faults.note("bundledGameIds", format_args!("must be at most {MOST_BUNDLED}"));
        return None;
    }
    let mut all = Vec::new();
    for id in ids.into_iter().flatten() {
        all.extend(faults.read("bundledGameIds", Some(*id), GameId::parse).map(Reference::Id));
    }
    for key in keys.into_iter().flatten() {
        let key = faults.read("bundledImportKeys", Some(key.as_str()), ImportKey::parse);
        all.extend(key.map(Reference::Key));
    }
    Some(all).filter(|all| !all.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lanterns() -> Record {
        Record {
            import_key: Some("lanterns".to_owned()),
            title: Some("Lanterns".to_owned()),
            genre: Some("Puzzle".to_owned()),
            price: Some(19.99),
            ..Record::default()
        }
    }

    #[test]
    fn every_bad_field_of_a_line_is_named_at_once() {
        let record = Record {
            import_key: Some("two words".to_owned()),
            price: Some(-1.0),
            kind: Some("toy".to_owned()),
            state: Some("gone".to_owned()),
            release_date: Some("soon".to_owned()),
            bundled_game_ids: Some(vec![0]),
            ..lanterns()
        };

        let why = Row::read(&record, Currency::EUR).expect_err("six faults");

        for field in ["importKey", "price", "kind", "state", "releaseDate", "bundledGameIds"] {
            assert!(why.contains(&format!("`{field}` ")), "{field}: {why}");
        }
        assert!(!why.contains("`title`"), "{why}");
    }

    #[test]
    fn a_key_names_the_product_and_an_id_does_where_there_is_none() {
        let of = |key: Option<&str>, id| {
            let record = Record { import_key: key.map(str::to_owned), game_id: id, ..lanterns() };
            Row::read(&record, Currency::EUR).map(|row| row.of)
        };
        let key = Reference::Key(ImportKey::parse("a").expect("a key"));
        let seven = GameId::parse(7).expect("an id");

        assert_eq!(of(Some("a"), Some(7)), Ok(key));
        assert_eq!(of(None, Some(7)), Ok(Reference::Id(seven)));
        assert!(of(None, None).expect_err("nobody").contains("importKey"));
        assert!(of(Some(""), Some(7)).is_err(), "a key that is there must be one");
    }

    #[test]
    fn a_new_product_needs_what_a_game_needs_and_one_that_is_there_nothing() {
        let row = |record: Record| Row::read(&record, Currency::EUR).expect("a good line");
        let bare = row(Record { import_key: Some("a".to_owned()), ..Record::default() });
        let why = bare.new_game(None, Arc::default()).expect_err("it says nothing");
        assert!(["title", "genre", "price"].iter().all(|it| why.contains(it)), "{why}");

        let game = row(lanterns()).new_game(None, Arc::default()).expect("a game");
        assert_eq!((game.kind, game.state), (Kind::Game, State::Released));

        let of_kind = |kind: &str| row(Record { kind: Some(kind.to_owned()), ..lanterns() });
        assert!(of_kind("dlc").new_game(None, Arc::default()).is_err());
        assert!(of_kind("bundle").new_game(None, Arc::default()).is_err());
        let gone = row(Record { state: Some("withdrawn".to_owned()), ..lanterns() });
        assert!(gone.new_game(None, Arc::default()).expect_err("never there").contains("state"));
    }

    #[test]
    fn a_product_is_named_in_one_way_and_a_bundle_has_a_bound() {
        let twice =
            Record { base_game_id: Some(1), base_import_key: Some("a".to_owned()), ..lanterns() };
        assert!(Row::read(&twice, Currency::EUR).is_err());
        let many = Record { bundled_game_ids: Some((1..=101).collect()), ..lanterns() };
        assert!(Row::read(&many, Currency::EUR).expect_err("too many").contains("at most 100"));
    }
}
