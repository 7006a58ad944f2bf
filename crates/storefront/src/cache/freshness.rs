//! Whether a copy of some age still shows what this process knows.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, PoisonError, RwLock},
};

use sir0_feed::Position;
use sir0_kernel::GameId;

use crate::domain::{Game, GameEvent};

/// How many changes are remembered. Copies older than that are not judged, but read anew.
const REMEMBERED: usize = 100_000;

/// Which games changed when, as far as this process has heard. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Freshness(Arc<RwLock<Known>>);

#[derive(Debug)]
struct Known {
    /// Everything up to here was heard.
    position: Position,
    /// Every change after this one is remembered.
    complete_after: Position,
    changed: HashMap<GameId, Position>,
    order: VecDeque<(Position, GameId)>,
    /// Changes that this process committed, and whose position it has not heard yet.
    unheard: Unheard,
}

/// The least revision of a game that is no older than what was committed here.
type Unheard = HashMap<GameId, i32>;

/// The revision at which a change leaves its game.
const fn revision(event: &GameEvent) -> i32 {
    match event {
        GameEvent::Removed(last) => last.revision + 1,
        _ => event.game().revision,
    }
}

impl Freshness {
    /// Knows nothing that happened before this position.
    pub(crate) fn since(position: Position) -> Self {
        Self(Arc::new(RwLock::new(Known {
            position,
            complete_after: position,
            changed: HashMap::new(),
            order: VecDeque::new(),
            unheard: Unheard::new(),
        })))
    }

    /// Notes a change that everyone sees and this process committed. Its position is heard of later.
    pub(crate) fn committed(&self, event: &GameEvent) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let least = known.unheard.entry(event.game().id).or_default();
        *least = revision(event).max(*least);
    }

    /// Whether so many changes wait for their position that their number should be asked for.
    pub(crate) fn is_full(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).unheard.len() >= REMEMBERED
    }

    /// The changes that wait for their position.
    pub(crate) fn unheard(&self) -> Unheard {
        self.0.read().unwrap_or_else(PoisonError::into_inner).unheard.clone()
    }

    /// These changes have a position up to this one, and so has everything before it.
    pub(crate) fn settled(&self, changes: &Unheard, position: Position) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.complete_after = position.max(known.complete_after);
        known.unheard.retain(|id, least| changes.get(id).is_none_or(|settled| *settled < *least));
    }

    /// Notes a change that everyone sees, of which the feed tells at this position.
    pub(crate) fn changed(&self, event: &GameEvent, position: Position) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let id = event.game().id;
        if known.unheard.get(&id).is_some_and(|least| *least <= revision(event)) {
            known.unheard.remove(&id);
        }
        let latest = known.changed.entry(id).or_insert(position);
        *latest = position.max(*latest);
        known.order.push_back((position, id));
        if known.order.len() > REMEMBERED
            && let Some((oldest, id)) = known.order.pop_front()
        {
            known.complete_after = oldest.max(known.complete_after);
            if known.changed.get(&id) == Some(&oldest) {
                known.changed.remove(&id);
            }
        }
    }

    /// Everything up to here was heard.
    pub(crate) fn heard(&self, position: Position) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.position = position.max(known.position);
    }

    /// Changes up to here may have been missed.
    pub(crate) fn lost(&self, until: Position) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.position = until.max(known.position);
        known.complete_after = until.max(known.complete_after);
    }

    /// The age of what is read from the database from now on: it shows at least this.
    pub(crate) fn now(&self) -> Position {
        self.0.read().unwrap_or_else(PoisonError::into_inner).position
    }

    /// Whether a copy of a game, read at this position, shows everything this process has heard, and what it committed.
    pub(crate) fn is_fresh(&self, copy: &Game, read_at: Position) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        read_at >= known.complete_after
            && known.changed.get(&copy.id).is_none_or(|changed| *changed <= read_at)
            && known.unheard.get(&copy.id).is_none_or(|least| *least <= copy.revision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn game(id: i32, revision: i32) -> Game {
        Game::example(id, revision)
    }

    fn changed(id: i32, revision: i32) -> GameEvent {
        let game = game(id, revision);
        GameEvent::Changed { genre_before: game.genre.clone(), game, studio_before: None }
    }

    #[test]
    fn a_copy_is_fresh_until_its_game_changes() {
        let freshness = Freshness::since(10);
        freshness.changed(&changed(1, 2), 15);

        assert!(!freshness.is_fresh(&game(1, 1), 14), "read before the change");
        assert!(freshness.is_fresh(&game(1, 2), 15), "read with the change");
        assert!(freshness.is_fresh(&game(2, 1), 10), "another game changed");
        assert!(!freshness.is_fresh(&game(2, 1), 9), "older than what is known here");
    }

    #[test]
    fn a_change_heard_late_does_not_make_an_older_one_the_latest() {
        let freshness = Freshness::since(0);
        freshness.changed(&changed(1, 3), 20);
        freshness.changed(&changed(1, 2), 15);

        assert!(!freshness.is_fresh(&game(1, 2), 19));
    }

    #[test]
    fn what_was_committed_here_is_not_undone_by_a_copy_until_its_position_is_heard() {
        let freshness = Freshness::since(10);
        freshness.committed(&changed(1, 3));
        assert!(!freshness.is_fresh(&game(1, 2), 10));
        assert!(freshness.is_fresh(&game(1, 3), 10));
        assert!(freshness.is_fresh(&game(2, 1), 10));

        freshness.changed(&changed(1, 2), 11);
        assert!(!freshness.is_fresh(&game(1, 2), 11), "an earlier change, of another process");
        freshness.changed(&changed(1, 3), 12);

        assert!(!freshness.is_fresh(&game(1, 3), 11), "from here on positions tell");
        assert!(freshness.is_fresh(&game(1, 3), 12));
        assert_eq!(freshness.unheard(), Unheard::new());
    }

    #[test]
    fn no_copy_of_a_game_that_was_removed_here_is_fresh() {
        let freshness = Freshness::since(10);
        freshness.committed(&GameEvent::Removed(game(1, 3)));
        freshness.changed(&changed(1, 3), 11);
        assert!(!freshness.is_fresh(&game(1, 3), 11));

        freshness.changed(&GameEvent::Removed(game(1, 3)), 12);

        assert!(!freshness.is_fresh(&game(1, 3), 11));
        assert_eq!(freshness.unheard(), Unheard::new());

        freshness.committed(&GameEvent::Added(game(1, 6)));
        assert!(!freshness.is_fresh(&game(1, 3), 12), "it came back, and is another one");
        assert!(freshness.is_fresh(&game(1, 6), 12));
    }

    #[test]
    fn changes_that_have_a_position_by_now_are_waited_for_no_longer_but_later_ones_are() {
        let freshness = Freshness::since(10);
        freshness.committed(&changed(1, 3));
        freshness.committed(&changed(2, 3));
        let asked = freshness.unheard();
        freshness.committed(&changed(2, 4));

        freshness.settled(&asked, 20);

        assert_eq!(freshness.unheard(), Unheard::from([(game(2, 4).id, 4)]));
        assert!(!freshness.is_fresh(&game(1, 3), 19), "copies from before are not judged");
        assert!(freshness.is_fresh(&game(1, 3), 20));
    }

    #[test]
    fn a_copy_is_not_judged_when_changes_were_missed_or_forgotten() {
        let freshness = Freshness::since(0);
        freshness.lost(50);
        assert!(!freshness.is_fresh(&game(1, 1), 49));
        assert!(freshness.is_fresh(&game(1, 1), 50));
        assert_eq!(freshness.now(), 50);

        let end = 50 + 1 + i64::try_from(REMEMBERED).expect("a small number");
        for position in 51..=end {
            freshness.changed(&changed(7, 2), position);
        }
        assert!(!freshness.is_fresh(&game(1, 1), 50), "the change at 51 is no longer remembered");
    }
}
