//! Which games a watcher wants to hear of.

use std::collections::BTreeSet;

use sir0_kernel::GameId;

use super::{Game, GameEvent, Genre, Kind};

/// Which of the games that everyone sees a watcher wants to hear of. The default wants all of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    ids: BTreeSet<GameId>,
    kind: Option<Kind>,
    genre_key: Option<String>,
}

impl Filter {
    /// Wants these games, or all when none is named; and of them those of the kind and of the genre, if one is named.
    pub(crate) fn new(ids: Vec<GameId>, kind: Option<Kind>, genre: Option<&Genre>) -> Self {
        Self { ids: ids.into_iter().collect(), kind, genre_key: genre.map(Genre::key) }
    }

    pub(crate) fn wants_game(&self, game: &Game) -> bool {
        self.wants_one(game) && self.wants_genre(&game.genre)
    }

    /// A watcher of a genre also hears of the change with which a game leaves it.
    pub(crate) fn wants(&self, event: &GameEvent) -> bool {
        let left_the_genre = matches!(event, GameEvent::Changed { genre_before, .. } if self.wants_genre(genre_before));
        event.is_public()
            && self.wants_one(event.game())
            && (left_the_genre || self.wants_genre(&event.game().genre))
    }

    /// A kind never changes, unlike a genre.
    fn wants_one(&self, game: &Game) -> bool {
        let is_named = self.ids.is_empty() || self.ids.contains(&game.id);
        is_named && self.kind.is_none_or(|kind| game.kind == kind)
    }

    fn wants_genre(&self, genre: &Genre) -> bool {
        self.genre_key.as_ref().is_none_or(|wanted| *wanted == genre.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Schedule;

    fn genre(name: &str) -> Genre {
        Genre::parse(name).expect("a genre")
    }

    fn a_game(id: i32, genre_name: &str) -> Game {
        Game { genre: genre(genre_name), ..Game::example(id, 1) }
    }

    #[test]
    fn a_watcher_of_a_genre_hears_of_the_change_with_which_a_game_leaves_it() {
        let puzzles = Filter::new(Vec::new(), None, Some(&genre("PUZZLE")));
        let changed = |before| GameEvent::Changed {
            game: a_game(7, "Racing"),
            genre_before: genre(before),
            studio_before: None,
        };
        let left = changed("Puzzle");
        let other = changed("Racing");

        assert!(puzzles.wants(&left));
        assert!(!puzzles.wants(&other), "it was never there");
        assert!(puzzles.wants_game(&a_game(8, "puzzle")));
        let street_races = Filter::new(Vec::new(), None, Some(&genre("STRASSENRENNEN")));
        assert!(street_races.wants_game(&a_game(8, "Straßenrennen")), "in full");
        assert!(!puzzles.wants_game(&a_game(7, "Racing")));
    }

    #[test]
    fn a_watcher_who_names_games_hears_of_no_other() {
        let seventh = Filter::new(vec![a_game(7, "Puzzle").id], None, None);

        assert!(seventh.wants(&GameEvent::Removed(a_game(7, "Puzzle"))));
        assert!(!seventh.wants(&GameEvent::Removed(a_game(8, "Puzzle"))));
        assert!(Filter::default().wants(&GameEvent::Removed(a_game(8, "Puzzle"))));
    }

    #[test]
    fn no_watcher_hears_of_what_only_a_studio_sees() {
        let (draft, all) = (a_game(7, "Puzzle"), Filter::default());
        let hidden = GameEvent::Hidden { game: draft.clone(), studio_before: None };
        let scheduled = GameEvent::Scheduled { game: draft, schedule: Schedule::default() };

        assert!(!all.wants(&hidden) && !all.wants(&scheduled));
    }

    #[test]
    fn a_watcher_of_a_kind_hears_of_no_other() {
        let soundtracks = Filter::new(Vec::new(), Some(Kind::Soundtrack), None);

        assert!(!soundtracks.wants_game(&a_game(7, "Puzzle")));
        let soundtrack = Game { kind: Kind::Soundtrack, ..a_game(8, "Puzzle") };
        assert!(soundtracks.wants(&GameEvent::Added(soundtrack)));
    }
}
