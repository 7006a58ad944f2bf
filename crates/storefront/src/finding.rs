//! The index of what everyone sees: how games are found, sorted and counted. Each process has its own. It is built from the
//! table, and kept by the feed.
//!
//! A game goes in by its revision, the latest counts: what is read from the table while it is built and what the feed tells may
//! come in any order, and more than once. What this process commits comes by the feed, too: put in by the one who commits, it
//! could come after the index began anew, and bring back a game that was removed since.

use std::{
    collections::{BTreeSet, HashMap},
    mem,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Instant,
};

use sir0_feed::Position;
use sir0_kernel::{Day, GameId, Timestamp};
use sir0_search::{Dimension as Number, Document, Index, Order, Place, Prepared, Query};
use tokio::{
    sync::{Semaphore, watch},
    task::spawn_blocking,
};

use crate::{
    domain::{
        Band, Dimension, Facet, Game, GameEvent, Genre, Label, Listing, PageToken, Sort, State,
        found_in, search::Key,
    },
    measured,
};

/// How many values of a facet are answered.
const MOST_VALUES: usize = 100;

/// How many searches there are at a time: each keeps a core busy.
const AT_A_TIME: usize = 4;

/// The index, and how far it is. Cheap to clone; clones share it.
#[derive(Clone)]
pub(crate) struct Finder(Arc<Inner>);

struct Inner {
    held: RwLock<Held>,
    /// Whether every game is in it.
    is_whole: watch::Sender<bool>,
    /// What the feed told up to here is in it.
    heard: watch::Sender<Position>,
    /// The searches at a time.
    turns: Arc<Semaphore>,
}

#[derive(Default)]
struct Held {
    index: Index,
    /// The latest revision of each game that was put in, or taken out.
    revisions: HashMap<GameId, i32>,
    /// Grows when it begins anew.
    beginning: u64,
}

/// What was found of a list.
pub(crate) struct Hits {
    /// The games of a page, and one more if another page follows, each with its place.
    pub(crate) places: Vec<PageToken>,
    pub(crate) total: usize,
    pub(crate) facets: Vec<Facet>,
}

impl Finder {
    /// An index without games, which hears of what happens after this position.
    pub(crate) fn since(position: Position) -> Self {
        Self(Arc::new(Inner {
            held: RwLock::default(),
            is_whole: watch::Sender::new(false),
            heard: watch::Sender::new(position),
            turns: Arc::new(Semaphore::new(AT_A_TIME)),
        }))
    }

    /// Takes in a change that the feed tells of.
    pub(crate) fn take(&self, event: &GameEvent) {
        match event {
            GameEvent::Added(game) | GameEvent::Changed { game, .. } => self.put(game),
            GameEvent::Removed(last) => self.write().remove(last.id, last.revision + 1),
            GameEvent::Hidden { .. } | GameEvent::Scheduled { .. } => {}
        }
    }

    /// Cuts texts into words only where they are other ones, and before the index is held.
    fn put(&self, game: &Game) {
        if !self.read().is_news(game.id, game.revision) {
            return;
        }
        let document = document(game);
        if self.write().put_with_same_texts(game, &document) {
            return;
        }
        let prepared = Prepared::of(document);
        self.write().put(game, prepared);
    }

    /// Takes in games as they are in the table, unless it began anew since.
    pub(crate) async fn fill(&self, games: Vec<Game>, beginning: u64) {
        let finder = self.clone();
        let filling = spawn_blocking(move || {
            for game in &games {
                let prepared = Prepared::of(document(game));
                let mut held = finder.write();
                if held.beginning == beginning {
                    held.put(game, prepared);
                }
            }
        });
        filling.await.expect("to index a game does not panic");
    }

    /// Notes that everything up to here was taken in.
    pub(crate) fn heard(&self, position: Position) {
        self.0.heard.send_if_modified(|heard| {
            let is_later = position > *heard;
            *heard = position.max(*heard);
            is_later
        });
    }

    /// Forgets everything: changes were missed.
    pub(crate) fn begin_anew(&self) {
        let mut held = self.write();
        let anew = Held { beginning: held.beginning + 1, ..Held::default() };
        let before = mem::replace(&mut *held, anew);
        self.0.is_whole.send_replace(false);
        drop(held);
        // It may take long: there are millions of small pieces.
        spawn_blocking(move || drop(before));
    }

    /// Which beginning this is, for [`Self::fill`] and [`Self::is_filled_since`].
    pub(crate) fn beginning(&self) -> u64 {
        self.read().beginning
    }

    /// Notes that every game is in it, unless it began anew since this beginning, and answers whether it did not.
    pub(crate) fn is_filled_since(&self, beginning: u64) -> bool {
        let held = self.read();
        let is_whole = held.beginning == beginning;
        if is_whole {
            self.0.is_whole.send_replace(true);
        }
        is_whole
    }

    /// Whether every game is in it.
    pub(crate) fn is_whole(&self) -> bool {
        *self.0.is_whole.borrow()
    }

    /// Waits until every game is in it, or is not any more.
    pub(crate) async fn until_whole(&self, is_whole: bool) {
        // The sender is in the index itself.
        let _ = self.0.is_whole.subscribe().wait_for(|it| *it == is_whole).await;
    }

    /// Whether everything up to here was taken in.
    pub(crate) fn has_heard(&self, position: Position) -> bool {
        *self.0.heard.borrow() >= position
    }

    /// Waits until everything up to here was taken in.
    pub(crate) async fn until_heard(&self, position: Position) {
        // The sender is in the index itself.
        let _ = self.0.heard.subscribe().wait_for(|heard| *heard >= position).await;
    }

    /// Finds a page of a list. `None` while not every game is in it, also if it was whole a moment ago.
    pub(crate) async fn find(&self, listing: &Listing) -> Option<Hits> {
        let (finder, query) = (self.clone(), query(listing));
        let dimensions = listing.facets.clone();
        // It may take as long as a read of the database, and goes on when its client is gone.
        let turn = Arc::clone(&self.0.turns).acquire_owned().await;
        let finding = spawn_blocking(move || {
            let _turn = turn.expect("it is never closed");
            let held = finder.read();
            let begun = Instant::now();
            // The index begins anew under the lock for writing, so not while `held` is read.
            let found = finder.is_whole().then(|| held.index.find(&query));
            measured::searched(begun.elapsed());
            found
        });
        let found = finding.await.expect("to find games does not panic")?;
        let facets = dimensions.into_iter().zip(found.facets);
        Some(Hits {
            places: found.page.into_iter().map(|hit| token(hit.place)).collect(),
            total: found.total,
            facets: facets
                .map(|(dimension, facet)| Facet { dimension, values: facet.values })
                .collect(),
        })
    }

    /// Tells how far it is.
    pub(crate) fn measure(&self) {
        measured::index(self.read().index.len(), self.is_whole());
    }

    fn read(&self) -> RwLockReadGuard<'_, Held> {
        self.0.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Held> {
        self.0.held.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// `false` if the game has other texts in the index.
    fn put_with_same_texts(&mut self, game: &Game, document: &Document) -> bool {
        if !self.is_news(game.id, game.revision) {
            return true;
        }
        let is_put = self.index.put_with_same_texts(document);
        if is_put {
            self.revisions.insert(game.id, game.revision);
        }
        is_put
    }

    /// Whether nothing as late is known of the game.
    fn is_news(&self, id: GameId, revision: i32) -> bool {
        self.revisions.get(&id).is_none_or(|latest| revision > *latest)
    }

    fn put(&mut self, game: &Game, prepared: Prepared) {
        if self.is_news(game.id, game.revision) {
            self.revisions.insert(game.id, game.revision);
            self.index.put_prepared(prepared);
        }
    }

    fn remove(&mut self, id: GameId, revision: i32) {
        if self.is_news(id, revision) {
            self.revisions.insert(id, revision);
            self.index.remove(number(id));
        }
    }
}

fn number(id: GameId) -> u32 {
    id.get().cast_unsigned()
}

/// The number of a dimension in the index.
const fn dimension(dimension: Dimension) -> Number {
    Number(match dimension {
        Dimension::Kind => 0,
        Dimension::Genre => 1,
        Dimension::Price => 2,
        Dimension::State => 3,
        Dimension::Studio => 4,
        Dimension::Tag => 5,
        Dimension::Platform => 6,
        Dimension::Language => 7,
    })
}

/// A game as it is searched, counted and sorted.
fn document(game: &Game) -> Document {
    let standing = game.standing;
    let released = standing.released.or_else(|| standing.release_day.map(Day::begins));
    let mut facets = vec![
        (dimension(Dimension::Kind), game.kind.as_str().to_owned()),
        (dimension(Dimension::Genre), game.genre.key()),
        (dimension(Dimension::Price), Band::of(game.price).as_str().to_owned()),
        (dimension(Dimension::State), standing.state.as_str().to_owned()),
    ];
    facets.extend(game.studio.map(|studio| (dimension(Dimension::Studio), studio.to_string())));
    let mut titles = vec![game.title.as_str().to_owned()];
    if let Some(traits) = &game.traits {
        facets.extend(traits.tags.iter().map(|tag| (dimension(Dimension::Tag), tag.key())));
        let platforms = traits.platforms.iter();
        facets.extend(platforms.map(|it| (dimension(Dimension::Platform), it.to_string())));
        // A game in two forms of a language is found by it, and counted, once.
        let languages: BTreeSet<_> = traits.languages.iter().flat_map(found_in).collect();
        let languages = languages.into_iter();
        facets.extend(languages.map(|it| (dimension(Dimension::Language), it.to_owned())));
        titles.extend(traits.titles.iter().map(|title| title.as_str().to_owned()));
    }
    Document {
        id: number(game.id),
        titles,
        texts: vec![game.description.as_str().to_owned()],
        facets,
        added: standing.listed.map_or(0, Timestamp::micros),
        release: released.map(Timestamp::micros),
        title_key: game.title.sort_key(),
        price: game.price.minor(),
    }
}

fn query(listing: &Listing) -> Query {
    let kind = listing.kind.map(|kind| kind.as_str().to_owned());
    let genre = listing.genre.as_ref().map(Genre::key);
    let band = listing.band.map(|band| band.as_str().to_owned());
    let state = listing.state.map(|state| State::from(state).as_str().to_owned());
    let studio = listing.studio.map(|studio| studio.to_string());
    let filters = [
        (Dimension::Kind, kind),
        (Dimension::Genre, genre),
        (Dimension::Price, band),
        (Dimension::State, state),
        (Dimension::Studio, studio),
        (Dimension::Tag, listing.tag.as_ref().map(Label::key)),
        (Dimension::Platform, listing.platform.map(|platform| platform.to_string())),
        (Dimension::Language, listing.language.as_ref().map(ToString::to_string)),
    ];
    let filters = filters.into_iter().filter_map(|(by, value)| Some((dimension(by), vec![value?])));
    Query {
        words: listing.words.as_ref().and_then(|words| sir0_search::Words::parse(words.typed())),
        filters: filters.collect(),
        order: match listing.order() {
            Sort::Relevance => Order::Relevance,
            Sort::Newest => Order::Newest,
            Sort::Title => Order::Title,
            Sort::Price => Order::PriceUp,
            Sort::PriceDown => Order::PriceDown,
            Sort::Release => Order::LatestRelease,
            Sort::ReleaseUp => Order::EarliestRelease,
        },
        // One game more than a page holds tells whether another page follows.
        page_size: usize::from(listing.page_size) + 1,
        after: listing.after.as_ref().map(place),
        facets: listing.facets.iter().map(|it| (dimension(*it), MOST_VALUES)).collect(),
    }
}

fn place(token: &PageToken) -> Place {
    let key = match &token.key {
        Key::Number(number) => sir0_search::Key::Number(*number),
        Key::Bytes(bytes) => sir0_search::Key::Bytes(bytes.clone()),
        Key::Score { distance, listed } => {
            sir0_search::Key::Score { distance: *distance, added: *listed }
        }
        Key::Unknown => sir0_search::Key::Unknown,
    };
    Place { key, id: token.id.cast_unsigned() }
}

fn token(place: Place) -> PageToken {
    let key = match place.key {
        sir0_search::Key::Number(number) => Key::Number(number),
        sir0_search::Key::Bytes(bytes) => Key::Bytes(bytes),
        sir0_search::Key::Score { distance, added } => Key::Score { distance, listed: added },
        sir0_search::Key::Unknown => Key::Unknown,
    };
    PageToken { key, id: place.id.cast_signed() }
}

#[cfg(test)]
mod tests {
    use sir0_kernel::{Price, StudioId};

    use super::*;
    use crate::domain::{Kind, Public, Schedule, Standing, Title, Words};

    fn lanterns(revision: i32, title: &str) -> Game {
        Game { title: Title::parse(title).expect("a title"), ..Game::example(7, revision) }
    }

    fn changed(game: Game) -> GameEvent {
        GameEvent::Changed { genre_before: game.genre.clone(), game, studio_before: None }
    }

    /// One of an empty table.
    fn a_whole_index() -> Finder {
        let finder = Finder::since(0);
        assert!(finder.is_filled_since(finder.beginning()));
        finder
    }

    async fn finds(finder: &Finder, words: &str) -> bool {
        let words = Some(Words::parse(words).expect("words"));
        let listing = Listing { words, page_size: 10, ..Listing::default() };
        let hits = finder.find(&listing).await.expect("a whole index");
        assert_eq!(hits.places.len(), hits.total);
        hits.total == 1
    }

    #[tokio::test]
    async fn the_latest_revision_counts_in_whatever_order_they_come() {
        let finder = a_whole_index();
        finder.take(&changed(lanterns(3, "Harbours")));
        finder.fill(vec![lanterns(2, "Lighthouses")], 0).await;
        finder.take(&GameEvent::Added(lanterns(1, "Lanterns")));
        assert!(finds(&finder, "harbours").await);
        assert!(!finds(&finder, "lighthouses").await && !finds(&finder, "lanterns").await);

        finder.take(&GameEvent::Removed(lanterns(3, "Harbours")));
        finder.take(&changed(lanterns(3, "Harbours")));
        finder.fill(vec![lanterns(3, "Harbours")], 0).await;
        assert!(!finds(&finder, "harbours").await, "it was read before it was removed");

        finder.take(&GameEvent::Added(lanterns(5, "Harbours")));
        assert!(finds(&finder, "harbours").await, "it came back");
    }

    #[tokio::test]
    async fn what_only_a_studio_sees_is_not_taken_in() {
        let finder = a_whole_index();
        let schedule = Schedule::default();

        finder.take(&GameEvent::Hidden { game: lanterns(1, "Lanterns"), studio_before: None });
        finder.take(&GameEvent::Scheduled { game: lanterns(1, "Lanterns"), schedule });

        assert!(!finds(&finder, "lanterns").await);
    }

    #[tokio::test]
    async fn one_that_begins_anew_is_whole_when_all_that_began_then_is_in_it() {
        let finder = Finder::since(0);
        let beginning = finder.beginning();
        finder.fill(vec![lanterns(1, "Lanterns")], beginning).await;
        finder.begin_anew();
        // What was read before comes late.
        finder.fill(vec![lanterns(1, "Lanterns")], beginning).await;

        assert!(!finder.is_filled_since(beginning), "changes were missed meanwhile");
        assert!(finder.find(&Listing::default()).await.is_none(), "it holds no game yet");

        let beginning = finder.beginning();
        finder.fill(vec![lanterns(1, "Lanterns")], beginning).await;
        assert!(finder.is_filled_since(beginning));
        assert!(finds(&finder, "lanterns").await);
    }

    #[tokio::test]
    async fn who_asks_waits_for_what_is_on_its_way() {
        let finder = Finder::since(3);
        finder.until_heard(3).await;
        assert!(!finder.has_heard(4));

        tokio::join!(finder.until_heard(4), async { finder.heard(5) });

        finder.heard(4);
        assert!(finder.has_heard(5), "what was heard stays so");
    }

    #[tokio::test]
    async fn an_order_by_release_goes_by_the_moment_or_else_by_the_day_that_is_told() {
        let finder = a_whole_index();
        let day = |text: &str| Some(text.parse().expect("a day"));
        let announced = |release_day| Standing {
            state: State::Announced,
            release_day,
            released: None,
            listed: None,
        };
        let standings =
            [announced(None), announced(day("2031-05-01")), announced(day("2030-05-01"))];
        for (id, standing) in (1..).zip(standings) {
            finder.take(&GameEvent::Added(Game { standing, ..Game::example(id, 1) }));
        }
        finder.take(&GameEvent::Added(Game::example(4, 1)));

        for (sort, expected) in [(Sort::Release, [2, 3, 4, 1]), (Sort::ReleaseUp, [4, 3, 2, 1])] {
            let listing = Listing { sort, page_size: 10, ..Listing::default() };
            let hits = finder.find(&listing).await.expect("a whole index");
            let ids: Vec<_> = hits.places.iter().map(|place| place.id).collect();
            assert_eq!(ids, expected, "{sort:?}");
        }
    }

    #[tokio::test]
    async fn a_list_keeps_what_the_index_finds_by_its_filters() {
        let (finder, plain) = (a_whole_index(), Game::example(1, 1));
        let genre = |name| Genre::parse(name).expect("a genre");
        let studio = StudioId::fresh(Timestamp::from_micros(1));
        let announced = Standing { state: State::Announced, ..plain.standing };
        let games = [
            Game { genre: genre("PUZZLE"), ..Game::example(2, 1) },
            Game { genre: genre("Racing"), ..Game::example(3, 1) },
            Game { kind: Kind::Dlc, ..Game::example(4, 1) },
            Game { price: Price::from_minor(0), ..Game::example(5, 1) },
            Game { standing: announced, ..Game::example(6, 1) },
            Game { studio: Some(studio), ..Game::example(7, 1) },
            plain,
        ];
        for game in &games {
            finder.take(&GameEvent::Added(game.clone()));
        }

        for (filter, expected) in [
            (Listing { kind: Some(Kind::Dlc), ..Listing::default() }, [4].as_slice()),
            (Listing { genre: Some(genre("puzzle")), ..Listing::default() }, &[1, 2, 4, 5, 6, 7]),
            (Listing { band: Some(Band::Free), ..Listing::default() }, &[5]),
            (Listing { state: Some(Public::Announced), ..Listing::default() }, &[6]),
            (Listing { studio: Some(studio), ..Listing::default() }, &[7]),
            (Listing::default(), &[1, 2, 3, 4, 5, 6, 7]),
        ] {
            let listing = Listing { page_size: 10, ..filter };
            let hits = finder.find(&listing).await.expect("a whole index");
            let mut found: Vec<_> = hits.places.iter().map(|place| place.id).collect();
            found.sort_unstable();
            let kept = games.iter().filter(|game| listing.keeps(game)).map(|game| game.id.get());
            let mut kept: Vec<_> = kept.collect();
            kept.sort_unstable();
            assert_eq!((&*found, &*kept), (expected, expected), "{listing:?}");
        }
    }
}
