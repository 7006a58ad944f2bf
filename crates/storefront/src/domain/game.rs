//! A game and how it changes.

use std::sync::Arc;

use sir0_kernel::{Day, GameId, Price, StudioId, Timestamp};

use super::{
    Description, GameEvent, Genre, Kind, Public, Schedule, Shown, Standing, State, Title, Traits,
};

/// A game as the store shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Game {
    /// Identifies it.
    pub id: GameId,
    /// Its name.
    pub title: Title,
    /// Its genre.
    pub genre: Genre,
    /// What a player pays.
    pub price: Price,
    /// What its page says.
    pub description: Description,
    /// Grows by one with every change.
    pub revision: i32,
    /// The studio that has it. `None` for a game of the platform.
    pub studio: Option<StudioId>,
    /// What it is: a game in the narrow sense, or something else that the store has.
    pub kind: Kind,
    /// Who can see it, and since when.
    pub standing: Standing,
    /// The product that it belongs to.
    pub base: Option<GameId>,
    /// The products in it, if it is a bundle.
    pub bundled: Arc<[GameId]>,
    /// The pictures that it is shown by. `None` if there are none.
    pub shown: Option<Arc<Shown>>,
    /// What it is found by, from its page. `None` if that was never written.
    pub traits: Option<Arc<Traits>>,
}

/// A game that is not in the store yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGame {
    /// Its name.
    pub title: Title,
    /// Its genre.
    pub genre: Genre,
    /// What a player pays.
    pub price: Price,
    /// What its page says.
    pub description: Description,
    /// What it is.
    pub kind: Kind,
    /// Who is to see it.
    pub state: State,
    /// The day of its release, as everyone is told.
    pub release_day: Option<Day>,
    /// The product that it belongs to.
    pub base: Option<GameId>,
    /// The products in it.
    pub bundled: Arc<[GameId]>,
}

impl NewGame {
    /// A game in the narrow sense that everyone can have at once.
    #[must_use]
    pub fn released(title: Title, genre: Genre, price: Price, description: Description) -> Self {
        Self {
            title,
            genre,
            price,
            description,
            kind: Kind::Game,
            state: State::Released,
            release_day: None,
            base: None,
            bundled: Arc::default(),
        }
    }
}

/// What is to become different. What is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The new name.
    pub title: Option<Title>,
    /// The new genre.
    pub genre: Option<Genre>,
    /// The new price.
    pub price: Option<Price>,
    /// The new page.
    pub description: Option<Description>,
    /// The new day of release. `Some(None)` tells none any more.
    pub release_day: Option<Option<Day>>,
    /// The new contents of a bundle.
    pub bundled: Option<Arc<[GameId]>>,
}

/// For how many games a studio plans at most at a time: each that waits is tried again and again.
pub const MOST_PLANNED: i64 = 1_000;

/// Why a game does not become public as it is asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPublishable {
    /// It cannot come once it is there.
    #[error("is released, and can only be withdrawn")]
    Released,
    /// It cannot be announced twice.
    #[error("is announced already")]
    Announced,
    /// It cannot be released before it is announced.
    #[error("would be announced no earlier than it is released")]
    OutOfOrder,
    /// A studio plans for so many at a time, and no more.
    #[error("is one too many: its studio plans for {MOST_PLANNED} games already")]
    TooManyPlanned,
    /// What belongs to a game comes with it or later.
    #[error("belongs to game {0}, which must be public first")]
    BeforeBase(GameId),
    /// A bundle that everyone sees has no secret in it.
    #[error("holds game {0}, which must be public first")]
    BeforeContents(GameId),
}

impl Game {
    /// About how many bytes it takes, in memory and on the wire.
    #[must_use]
    pub fn size(&self) -> usize {
        let Self { title, genre, description, bundled, shown, traits, .. } = self;
        let texts = title.as_str().len() + genre.as_str().len() + description.as_str().len();
        let pictures = shown.as_deref().map_or(0, Shown::size);
        let traits = traits.as_deref().map_or(0, Traits::size);
        size_of::<Self>() + texts + size_of_val(&**bundled) + pictures + traits
    }

    /// Makes the change. A change that changes nothing moves no revision and is not announced.
    #[must_use]
    pub fn change(&self, change: Change) -> Option<(Self, GameEvent)> {
        let release_day = change.release_day.unwrap_or(self.standing.release_day);
        let changed = Self {
            title: change.title.unwrap_or_else(|| self.title.clone()),
            genre: change.genre.unwrap_or_else(|| self.genre.clone()),
            price: change.price.unwrap_or(self.price),
            description: change.description.unwrap_or_else(|| self.description.clone()),
            standing: Standing { release_day, ..self.standing },
            bundled: change.bundled.unwrap_or_else(|| Arc::clone(&self.bundled)),
            shown: self.shown.clone(),
            traits: self.traits.clone(),
            ..*self
        };
        self.becoming(changed)
    }

    /// Hands the game over to a studio. One that has it already is not announced.
    #[must_use]
    pub fn hand_over(&self, to: StudioId) -> Option<(Self, GameEvent)> {
        self.becoming(Self { studio: Some(to), ..self.clone() })
    }

    /// Becomes public. One that is so already is not announced.
    pub fn publish(
        &self,
        public: Public,
        at: Timestamp,
    ) -> Result<Option<(Self, GameEvent)>, NotPublishable> {
        match (self.standing.state, public) {
            (State::Released, Public::Announced) => Err(NotPublishable::Released),
            (state, public) if state == public.into() => Ok(None),
            _ => {
                let standing = self.standing.becoming(public, at);
                Ok(self.becoming(Self { standing, ..self.clone() }))
            }
        }
    }

    /// Plans that the game becomes public at a moment that is to come.
    pub fn schedule(
        &self,
        schedule: Schedule,
        public: Public,
        at: Timestamp,
    ) -> Result<Schedule, NotPublishable> {
        match (self.standing.state, public) {
            (State::Released, _) => return Err(NotPublishable::Released),
            (State::Announced, Public::Announced) => return Err(NotPublishable::Announced),
            _ => {}
        }
        let schedule = schedule.with(public, at);
        if schedule.is_in_order() { Ok(schedule) } else { Err(NotPublishable::OutOfOrder) }
    }

    /// Is hidden from everyone but its studio. One that was withdrawn before is not announced.
    #[must_use]
    pub fn withdraw(&self) -> Option<(Self, GameEvent)> {
        let standing = Standing { state: State::Withdrawn, ..self.standing };
        self.becoming(Self { standing, ..self.clone() })
    }

    /// Whether everyone sees it.
    #[must_use]
    pub const fn is_public(&self) -> bool {
        self.standing.state.is_public()
    }

    /// Whether its studio can change it. A client that withdrew a game finds it gone.
    #[must_use]
    pub const fn is_there(&self) -> bool {
        !matches!(self.standing.state, State::Withdrawn)
    }

    /// What the change comes to for those who watch. `None` if nothing is different.
    pub(super) fn becoming(&self, changed: Self) -> Option<(Self, GameEvent)> {
        if changed == *self {
            return None;
        }
        let game = Self { revision: self.revision + 1, ..changed };
        let studio_before = self.studio.filter(|before| game.studio != Some(*before));
        let event = match (self.is_public(), game.is_public()) {
            (false, true) => GameEvent::Added(game.clone()),
            (true, true) => {
                let genre_before = self.genre.clone();
                GameEvent::Changed { game: game.clone(), genre_before, studio_before }
            }
            (true, false) => GameEvent::Removed(self.clone()),
            (false, false) => GameEvent::Hidden { game: game.clone(), studio_before },
        };
        Some((game, event))
    }
}

#[cfg(test)]
impl Game {
    /// A game for tests, of this id and at this revision.
    pub(crate) fn example(id: i32, revision: i32) -> Self {
        Self {
            id: GameId::parse(id).expect("a positive id"),
            title: Title::parse("Lanterns").expect("a title"),
            genre: Genre::parse("Puzzle").expect("a genre"),
            price: Price::from_minor(1999),
            description: Description::parse("Light finds a way.").expect("a description"),
            revision,
            studio: None,
            kind: Kind::Game,
            standing: Standing::new(State::Released, None, Timestamp::from_micros(1)),
            base: None,
            bundled: Arc::default(),
            shown: None,
            traits: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    fn a_game() -> Game {
        Game::example(7, 1)
    }

    fn a_draft() -> Game {
        Game { standing: Standing::new(State::Draft, None, NOON), ..a_game() }
    }

    #[test]
    fn what_is_left_out_of_a_change_stays() {
        let change = Change { price: Some(Price::from_minor(999)), ..Change::default() };

        let (changed, _) = a_game().change(change).expect("another price");

        assert_eq!(changed, Game { price: Price::from_minor(999), revision: 2, ..a_game() });
    }

    #[test]
    fn a_change_that_changes_nothing_is_announced_to_no_one() {
        let same = Change { title: Some(a_game().title), ..Change::default() };

        assert_eq!(a_game().change(same), None);
        assert_eq!(a_game().change(Change::default()), None);
    }

    #[test]
    fn a_game_that_is_handed_over_keeps_everything_else_and_once_is_enough() {
        let studio = StudioId::fresh(NOON);

        let (changed, _) = a_game().hand_over(studio).expect("another studio");

        assert_eq!(changed, Game { studio: Some(studio), revision: 2, ..a_game() });
        assert_eq!(changed.hand_over(studio), None);
    }

    #[test]
    fn a_change_tells_which_genre_the_game_came_from() {
        let change = Change { genre: Genre::parse("Racing").ok(), ..Change::default() };

        let (changed, event) = a_game().change(change).expect("another genre");

        let genre_before = a_game().genre;
        assert_eq!(event, GameEvent::Changed { game: changed, genre_before, studio_before: None });
    }

    #[test]
    fn everyone_hears_of_a_draft_when_it_becomes_public_and_of_nothing_before() {
        let change = Change { price: Some(Price::from_minor(999)), ..Change::default() };
        let (draft, changed) = a_draft().change(change).expect("another price");
        assert!(matches!(changed, GameEvent::Hidden { .. }), "{changed:?}");

        let (announced, event) =
            draft.publish(Public::Announced, NOON).expect("a draft").expect("it was not announced");
        assert_eq!(event, GameEvent::Added(announced.clone()));
        let (released, event) = announced
            .publish(Public::Released, NOON)
            .expect("it is to come")
            .expect("it was not released");
        assert!(matches!(event, GameEvent::Changed { .. }), "{event:?}");
        assert_eq!(released.standing, Standing::new(State::Released, None, NOON));

        let (withdrawn, event) = released.withdraw().expect("it was public");
        assert_eq!(event, GameEvent::Removed(released));
        assert_eq!(withdrawn.withdraw(), None);
        let back = withdrawn.publish(Public::Released, NOON).expect("it may come back");
        assert!(matches!(back, Some((_, GameEvent::Added(_)))));
    }

    #[test]
    fn what_is_released_is_not_announced_again_and_neither_is_planned() {
        let at = NOON.after(std::time::Duration::from_secs(1));
        let none = Schedule::default();
        let announced = Game { standing: Standing::new(State::Announced, None, NOON), ..a_game() };

        assert_eq!(a_game().publish(Public::Announced, NOON), Err(NotPublishable::Released));
        assert_eq!(a_game().publish(Public::Released, NOON), Ok(None));
        assert_eq!(a_game().schedule(none, Public::Released, at), Err(NotPublishable::Released));
        let twice = announced.schedule(none, Public::Announced, at);
        assert_eq!(twice, Err(NotPublishable::Announced));
        let planned = none.with(Public::Announced, at);
        let early = a_draft().schedule(planned, Public::Released, NOON);
        assert_eq!(early, Err(NotPublishable::OutOfOrder));
        let planned = announced.schedule(none, Public::Released, at);
        assert_eq!(planned, Ok(Schedule { announce: None, release: Some(at) }));
    }
}
