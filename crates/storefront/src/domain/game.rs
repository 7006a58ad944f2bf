//! A game and how it changes.

use sir0_kernel::{GameId, Price, StudioId};

use super::{Description, GameEvent, Genre, Title};

/// A game as the store shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Game {
    /// Identifies it.
    pub id: GameId,
    /// Its name.
    pub title: Title,
    /// What kind it is.
    pub genre: Genre,
    /// What a player pays.
    pub price: Price,
    /// What its page says.
    pub description: Description,
    /// Grows by one with every change.
    pub revision: i32,
    /// The studio that has it. `None` for a game of the platform.
    pub studio: Option<StudioId>,
}

/// A game that is not in the store yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGame {
    /// Its name.
    pub title: Title,
    /// What kind it is.
    pub genre: Genre,
    /// What a player pays.
    pub price: Price,
    /// What its page says.
    pub description: Description,
}

/// What is to become different. What is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The new name.
    pub title: Option<Title>,
    /// The new kind.
    pub genre: Option<Genre>,
    /// The new price.
    pub price: Option<Price>,
    /// The new page.
    pub description: Option<Description>,
}

impl Game {
    /// About how many bytes it takes, in memory and on the wire.
    #[must_use]
    pub fn size(&self) -> usize {
        let Self { title, genre, description, .. } = self;
        size_of::<Self>() + title.as_str().len() + genre.as_str().len() + description.as_str().len()
    }

    /// Makes the change. A change that changes nothing moves no revision and is not announced.
    #[must_use]
    pub fn change(&self, change: Change) -> Option<(Self, GameEvent)> {
        let changed = Self {
            title: change.title.unwrap_or_else(|| self.title.clone()),
            genre: change.genre.unwrap_or_else(|| self.genre.clone()),
            price: change.price.unwrap_or(self.price),
            description: change.description.unwrap_or_else(|| self.description.clone()),
            ..*self
        };
        if changed == *self {
            return None;
        }
        Some(self.becoming(changed))
    }

    /// Hands the game over to a studio. One that has it already is not announced.
    #[must_use]
    pub fn hand_over(&self, to: StudioId) -> Option<(Self, GameEvent)> {
        let changed = Self { studio: Some(to), ..self.clone() };
        (changed != *self).then(|| self.becoming(changed))
    }

    fn becoming(&self, changed: Self) -> (Self, GameEvent) {
        let changed = Self { revision: self.revision + 1, ..changed };
        let genre_before = self.genre.clone();
        let event = GameEvent::Changed { game: changed.clone(), genre_before };
        (changed, event)
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
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_game() -> Game {
        Game::example(7, 1)
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
        let studio = StudioId::fresh(sir0_kernel::Timestamp::from_micros(1));

        let (changed, _) = a_game().hand_over(studio).expect("another studio");

        assert_eq!(changed, Game { studio: Some(studio), revision: 2, ..a_game() });
        assert_eq!(changed.hand_over(studio), None);
    }

    #[test]
    fn a_change_tells_which_genre_the_game_came_from() {
        let change = Change { genre: Genre::parse("Racing").ok(), ..Change::default() };

        let (changed, event) = a_game().change(change).expect("another genre");

        assert_eq!(event, GameEvent::Changed { game: changed, genre_before: a_game().genre });
    }
}
