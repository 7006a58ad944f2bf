//! What kind of product a game is, who can see it, and when that changes by itself.

use std::{fmt, str::FromStr};

use serde::Serialize;
use sir0_kernel::{Day, Timestamp};

/// What a product of the store is. The contract calls each of them a game.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A game.
    #[default]
    Game,
    /// More content for a game.
    Dlc,
    /// A part of a game to try.
    Demo,
    /// Music, often that of a game.
    Soundtrack,
    /// A program that is no game.
    Software,
    /// Several products together.
    Bundle,
}

impl Kind {
    /// All of them, in the order in which people think of them.
    pub const ALL: [Self; 6] =
        [Self::Game, Self::Dlc, Self::Demo, Self::Soundtrack, Self::Software, Self::Bundle];

    /// As in tables and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Game => "game",
            Self::Dlc => "dlc",
            Self::Demo => "demo",
            Self::Soundtrack => "soundtrack",
            Self::Software => "software",
            Self::Bundle => "bundle",
        }
    }

    /// Whether it belongs to another product.
    #[must_use]
    pub const fn base(self) -> Base {
        match self {
            Self::Dlc => Base::Required,
            Self::Demo | Self::Soundtrack => Base::Possible,
            Self::Game | Self::Software | Self::Bundle => Base::None,
        }
    }

    /// Whether others belong to it.
    #[must_use]
    pub const fn can_be_base(self) -> bool {
        matches!(self, Self::Game | Self::Software)
    }
}

/// Whether a kind of product belongs to another product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// It cannot be without.
    Required,
    /// It may.
    Possible,
    /// It does not.
    None,
}

/// No kind has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be `game`, `dlc`, `demo`, `soundtrack`, `software` or `bundle`")]
pub struct UnknownKind;

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or(UnknownKind)
    }
}

/// Who can see a game. Once announced it is no secret any more: no state leads back to a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Only its studio sees it.
    Draft,
    /// Everyone sees it. It is to come.
    Announced,
    /// Everyone sees it and can have it.
    Released,
    /// Only its studio sees it, and who had it keeps it.
    Withdrawn,
}

impl State {
    /// All of them, in the order in which a game passes through them.
    pub const ALL: [Self; 4] = [Self::Draft, Self::Announced, Self::Released, Self::Withdrawn];

    /// As in tables and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Announced => "announced",
            Self::Released => "released",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Whether everyone sees a game in this state.
    #[must_use]
    pub const fn is_public(self) -> bool {
        matches!(self, Self::Announced | Self::Released)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No state has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be `draft`, `announced`, `released` or `withdrawn`")]
pub struct UnknownState;

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(name: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.as_str() == name).ok_or(UnknownState)
    }
}

/// A state that everyone sees, to which its studio takes a game.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Public {
    /// It is to come.
    Announced,
    /// Everyone can have it.
    Released,
}

/// No public state has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be `announced` or `released`")]
pub struct UnknownPublic;

impl FromStr for Public {
    type Err = UnknownPublic;

    fn from_str(name: &str) -> Result<Self, UnknownPublic> {
        match name {
            "announced" => Ok(Self::Announced),
            "released" => Ok(Self::Released),
            _ => Err(UnknownPublic),
        }
    }
}

impl From<Public> for State {
    fn from(public: Public) -> Self {
        match public {
            Public::Announced => Self::Announced,
            Public::Released => Self::Released,
        }
    }
}

/// When a game becomes public by itself. Only its studio knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// When a draft is announced.
    pub announce: Option<Timestamp>,
    /// When it is released.
    pub release: Option<Timestamp>,
}

impl Schedule {
    /// Whether nothing is planned.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.announce.is_none() && self.release.is_none()
    }

    /// What is left of it once the game is public like this: what was planned for before is done.
    #[must_use]
    pub fn behind(self, public: Public) -> Self {
        match public {
            Public::Announced => Self { announce: None, ..self },
            Public::Released => Self::default(),
        }
    }

    /// The latest state whose hour has come.
    #[must_use]
    pub fn due(self, now: Timestamp) -> Option<Public> {
        let is_due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        if is_due(self.release) {
            Some(Public::Released)
        } else {
            is_due(self.announce).then_some(Public::Announced)
        }
    }

    /// The moment of one of the two.
    #[must_use]
    pub const fn of(self, public: Public) -> Option<Timestamp> {
        match public {
            Public::Announced => self.announce,
            Public::Released => self.release,
        }
    }

    /// With another moment for one of the two.
    #[must_use]
    pub const fn with(self, public: Public, at: Timestamp) -> Self {
        match public {
            Public::Announced => Self { announce: Some(at), ..self },
            Public::Released => Self { release: Some(at), ..self },
        }
    }

    /// Whether the announcement comes before the release, as far as both are planned.
    #[must_use]
    pub fn is_in_order(self) -> bool {
        match (self.announce, self.release) {
            (Some(announce), Some(release)) => announce < release,
            _ => true,
        }
    }
}

/// Where a game stands: who can see it, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Who can see it.
    pub state: State,
    /// The day of its release, as its studio tells everyone.
    pub release_day: Option<Day>,
    /// When it was released first.
    pub released: Option<Timestamp>,
    /// When everyone saw it first: its place among the newest.
    pub listed: Option<Timestamp>,
}

impl Standing {
    /// A game that takes this state at this moment.
    #[must_use]
    pub const fn new(state: State, release_day: Option<Day>, at: Timestamp) -> Self {
        let released = if matches!(state, State::Released) { Some(at) } else { None };
        let listed = if state.is_public() { Some(at) } else { None };
        Self { state, release_day, released, listed }
    }

    /// Whether everyone sees it, or saw it once: then it is no secret, and what belongs to it may be public.
    #[must_use]
    pub const fn was_seen(self) -> bool {
        self.listed.is_some()
    }

    /// Becomes public at this moment.
    #[must_use]
    pub fn becoming(self, public: Public, at: Timestamp) -> Self {
        let released = match public {
            Public::Announced => self.released,
            Public::Released => self.released.or(Some(at)),
        };
        Self { state: public.into(), released, listed: self.listed.or(Some(at)), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    #[test]
    fn a_name_means_one_kind_and_one_state() {
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        for state in State::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert_eq!("Game".parse::<Kind>(), Err(UnknownKind));
        assert_eq!("".parse::<State>(), Err(UnknownState));
    }

    #[test]
    fn what_is_planned_is_due_from_its_moment_on_and_the_release_counts_when_both_are() {
        let second = |seconds| NOON.after(std::time::Duration::from_secs(seconds));
        let schedule = Schedule { announce: Some(second(1)), release: Some(second(2)) };

        assert_eq!(schedule.due(NOON), None);
        assert_eq!(schedule.due(second(1)), Some(Public::Announced));
        assert_eq!(schedule.due(second(2)), Some(Public::Released));
        assert!(schedule.is_in_order());
        assert!(!Schedule { announce: Some(second(2)), ..schedule }.is_in_order());
    }

    #[test]
    fn a_game_is_listed_from_its_announcement_on_and_stays_where_it_was() {
        let later = NOON.after(std::time::Duration::from_secs(1));
        let draft = Standing::new(State::Draft, None, NOON);
        assert_eq!((draft.released, draft.listed), (None, None));

        let announced = draft.becoming(Public::Announced, NOON);
        let released = announced.becoming(Public::Released, later);

        assert_eq!((announced.released, announced.listed), (None, Some(NOON)));
        assert_eq!((released.released, released.listed), (Some(later), Some(NOON)));
    }

    #[test]
    fn a_game_that_becomes_public_again_keeps_the_moment_of_its_first_release() {
        let later = NOON.after(std::time::Duration::from_secs(1));
        let released = Standing::new(State::Draft, None, NOON).becoming(Public::Released, NOON);
        let withdrawn = Standing { state: State::Withdrawn, ..released };

        assert_eq!(withdrawn.becoming(Public::Released, later), released);
        assert_eq!(released, Standing::new(State::Released, None, NOON));
    }
}
