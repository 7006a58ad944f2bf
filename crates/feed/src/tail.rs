//! The latest events, decoded once for all followers.

use std::{collections::VecDeque, sync::Arc};

use sir0_storage::Position;

/// An event with its place.
pub(crate) type Placed<E> = (Position, Arc<E>);

/// A window that ends at the latest event read.
#[derive(Debug)]
pub(crate) struct Tail<E> {
    /// Whoever stands here or later finds everything inside.
    complete_after: Position,
    events: VecDeque<Placed<E>>,
    capacity: usize,
}

impl<E> Tail<E> {
    pub(crate) fn starting_at(head: Position, capacity: usize) -> Self {
        Self { complete_after: head, events: VecDeque::with_capacity(capacity), capacity }
    }

    pub(crate) fn push(&mut self, position: Position, event: Arc<E>) {
        if self.events.len() == self.capacity
            && let Some((dropped, _)) = self.events.pop_front()
        {
            self.complete_after = dropped;
        }
        self.events.push_back((position, event));
    }

    /// The event after a position; `None` when the window does not reach back that far or nothing came yet.
    pub(crate) fn after(&self, position: Position) -> Option<Placed<E>> {
        if position < self.complete_after {
            return None;
        }
        let next = self.events.partition_point(|(placed, _)| *placed <= position);
        self.events.get(next).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_answers_only_for_what_it_holds_completely() {
        let mut tail = Tail::starting_at(10, 2);
        for position in [11, 12, 13] {
            tail.push(position, Arc::new(position));
        }

        assert!(tail.after(10).is_none(), "11 left the window");
        assert_eq!(tail.after(11), Some((12, Arc::new(12))));
        assert_eq!(tail.after(12), Some((13, Arc::new(13))));
        assert_eq!(tail.after(13), None);
    }
}
