//! Where the followers of a process stand, so that one who writes much can wait for the slowest.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError, Weak,
    atomic::{AtomicI64, Ordering::Relaxed},
};

use sir0_storage::Position;

/// Where a follower stands. It is forgotten with its last owner.
pub(crate) type Place = Arc<AtomicI64>;

/// Where the followers stand.
#[derive(Debug, Default)]
pub(crate) struct Places(Mutex<Vec<Weak<AtomicI64>>>);

impl Places {
    /// A place for a follower that begins here.
    pub(crate) fn begin(&self, position: Position) -> Place {
        let place = Arc::new(AtomicI64::new(position));
        let mut places = self.lock();
        // Those that are gone are forgotten before the list would take more room: seldom, and it never grows for them.
        if places.len() == places.capacity() {
            places.retain(|place| place.strong_count() > 0);
        }
        places.push(Arc::downgrade(&place));
        place
    }

    /// The position of the follower that is furthest behind. `None` without a follower.
    pub(crate) fn slowest(&self) -> Option<Position> {
        self.lock().iter().filter_map(Weak::upgrade).map(|place| place.load(Relaxed)).min()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<AtomicI64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_is_the_one_furthest_behind_of_those_that_still_follow() {
        let places = Places::default();
        assert_eq!(places.slowest(), None);
        let (slow, fast) = (places.begin(3), places.begin(9));

        assert_eq!(places.slowest(), Some(3));
        slow.store(20, Relaxed);
        assert_eq!(places.slowest(), Some(9));
        drop(fast);
        assert_eq!(places.slowest(), Some(20));
    }

    #[test]
    fn followers_that_are_gone_take_no_room() {
        let places = Places::default();
        let stays = places.begin(7);

        for position in 0..10_000 {
            drop(places.begin(position));
        }

        assert_eq!((places.slowest(), places.lock().capacity() < 100), (Some(7), true));
        drop(stays);
    }
}
