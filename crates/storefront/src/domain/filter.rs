//! Which games a watcher wants to hear of.

use std::collections::BTreeSet;

use sir0_kernel::GameId;

use super::{Game, GameEvent, Genre};

/// Which games a watcher wants to hear of. The default wants all of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    ids: BTreeSet<GameId>,
    genre_key: Option<String>,
}

impl Filter {
    /// Wants these games, or all when none is named; and of them those of the genre, if one is named.
    pub(crate) fn new(ids: Vec<GameId>, genre: Option<&Genre>) -> Self {
        Self { ids: ids.into_iter().collect(), genre_key: genre.map(Genre::key) }
    }

    pub(crate) fn wants_game(&self, game: &Game) -> bool {
        self.wants_id(game.id) && self.wants_genre(&game.genre)
    }

    /// A watcher of a genre also hears of the change with which a game leaves it.
    pub(crate) fn wants(&self, event: &GameEvent) -> bool {
        let left_the_genre = matches!(event, GameEvent::Changed { genre_before, .. } if self.wants_genre(genre_before));
        self.wants_id(event.game().id) && (left_the_genre || self.wants_genre(&event.game().genre))
    }

    fn wants_id(&self, id: GameId) -> bool {
        self.ids.is_empty() || self.ids.contains(&id)
    }

    fn wants_genre(&self, genre: &Genre) -> bool {
        self.genre_key.as_ref().is_none_or(|wanted| *wanted == genre.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn genre(name: &str) -> Genre {
        Genre::parse(name).expect("a genre")
    }

    fn a_game(id: i32, genre_name: &str) -> Game {
        Game { genre: genre(genre_name), ..Game::example(id, 1) }
    }

    #[test]
    fn a_watcher_of_a_genre_hears_of_the_change_with_which_a_game_leaves_it() {
        let puzzles = Filter::new(Vec::new(), Some(&genre("PUZZLE")));
        let left = GameEvent::Changed { game: a_game(7, "Racing"), genre_before: genre("Puzzle") };
        let other = GameEvent::Changed { game: a_game(7, "Racing"), genre_before: genre("Racing") };

        assert!(puzzles.wants(&left));
        assert!(!puzzles.wants(&other), "it was never there");
        assert!(puzzles.wants_game(&a_game(8, "puzzle")));
        let street_races = Filter::new(Vec::new(), Some(&genre("STRASSENRENNEN")));
        assert!(street_races.wants_game(&a_game(8, "Straßenrennen")), "in full");
        assert!(!puzzles.wants_game(&a_game(7, "Racing")));
    }

    #[test]
    fn a_watcher_who_names_games_hears_of_no_other() {
        let seventh = Filter::new(vec![a_game(7, "Puzzle").id], None);

        assert!(seventh.wants(&GameEvent::Removed(a_game(7, "Puzzle"))));
        assert!(!seventh.wants(&GameEvent::Removed(a_game(8, "Puzzle"))));
        assert!(Filter::default().wants(&GameEvent::Removed(a_game(8, "Puzzle"))));
    }
}
