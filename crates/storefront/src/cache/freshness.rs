//! Whether a copy of some age still shows what this process knows.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, PoisonError, RwLock},
};

use sir0_feed::Position;
use sir0_kernel::GameId;

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
}

impl Freshness {
    /// Knows nothing that happened before this position.
    pub(crate) fn since(position: Position) -> Self {
        Self(Arc::new(RwLock::new(Known {
            position,
            complete_after: position,
            changed: HashMap::new(),
            order: VecDeque::new(),
        })))
    }

    /// Notes that the game changed at this position: learnt from the feed, or by changing it.
    pub(crate) fn changed(&self, id: GameId, position: Position) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
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

    /// Whether a copy of this game, read at this position, shows everything this process has heard.
    pub(crate) fn is_fresh(&self, id: GameId, read_at: Position) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        read_at >= known.complete_after
            && known.changed.get(&id).is_none_or(|changed| *changed <= read_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn game(id: i32) -> GameId {
        GameId::parse(id).expect("a positive id")
    }

    #[test]
    fn a_copy_is_fresh_until_its_game_changes() {
        let freshness = Freshness::since(10);
        freshness.changed(game(1), 15);

        assert!(!freshness.is_fresh(game(1), 14), "read before the change");
        assert!(freshness.is_fresh(game(1), 15), "read with the change");
        assert!(freshness.is_fresh(game(2), 10), "another game changed");
        assert!(!freshness.is_fresh(game(2), 9), "older than what is known here");
    }

    #[test]
    fn a_change_heard_late_does_not_make_an_older_one_the_latest() {
        let freshness = Freshness::since(0);
        freshness.changed(game(1), 20);
        freshness.changed(game(1), 15);

        assert!(!freshness.is_fresh(game(1), 19));
    }

    #[test]
    fn a_copy_is_not_judged_when_changes_were_missed_or_forgotten() {
        let freshness = Freshness::since(0);
        freshness.lost(50);
        assert!(!freshness.is_fresh(game(1), 49));
        assert!(freshness.is_fresh(game(1), 50));
        assert_eq!(freshness.now(), 50);

        let end = 50 + 1 + i64::try_from(REMEMBERED).expect("a small number");
        for position in 51..=end {
            freshness.changed(game(7), position);
        }
        assert!(!freshness.is_fresh(game(1), 50), "the change at 51 is no longer remembered");
    }
}
