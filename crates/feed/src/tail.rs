//! The latest events, decoded once for all followers.

use std::{collections::VecDeque, sync::Arc};

use sir0_storage::Position;

/// An event with its place. `None` when this version cannot read it.
pub(crate) type Placed<E> = (Position, Option<Arc<E>>);

/// How much a window holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
    pub(crate) events: usize,
    /// How many bytes their rows take. The latest event is held however large it is.
    pub(crate) bytes: usize,
}

/// A window that ends at the latest event read.
#[derive(Debug)]
pub(crate) struct Tail<E> {
    /// Every event after this position is inside.
    complete_after: Position,
    /// Each with the bytes that its row took.
    events: VecDeque<(Placed<E>, usize)>,
    bytes: usize,
    capacity: Capacity,
}

impl<E> Tail<E> {
    pub(crate) const fn starting_at(head: Position, capacity: Capacity) -> Self {
        Self { complete_after: head, events: VecDeque::new(), bytes: 0, capacity }
    }

    pub(crate) fn push(&mut self, position: Position, event: Option<Arc<E>>, bytes: usize) {
        self.events.push_back(((position, event), bytes));
        self.bytes += bytes;
        while self.events.len() > 1 && self.is_too_large() {
            let Some(((position, _), bytes)) = self.events.pop_front() else { break };
            self.complete_after = position;
            self.bytes -= bytes;
        }
    }

    fn is_too_large(&self) -> bool {
        self.events.len() > self.capacity.events || self.bytes > self.capacity.bytes
    }

    /// The event after a position; `None` when the window does not reach back that far or nothing came yet.
    pub(crate) fn after(&self, position: Position) -> Option<Placed<E>> {
        if position < self.complete_after {
            return None;
        }
        let next = self.events.partition_point(|((placed, _), _)| *placed <= position);
        self.events.get(next).map(|(placed, _)| placed.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_answers_only_for_what_it_holds_completely() {
        let mut tail = Tail::starting_at(10, Capacity { events: 2, bytes: 1_000 });
        for position in [11, 12, 13] {
            tail.push(position, Some(Arc::new(position)), 1);
        }

        assert!(tail.after(10).is_none(), "11 left the window");
        assert_eq!(tail.after(11), Some((12, Some(Arc::new(12)))));
        assert_eq!(tail.after(12), Some((13, Some(Arc::new(13)))));
        assert_eq!(tail.after(13), None);
    }

    #[test]
    fn a_window_holds_as_many_bytes_as_it_may_and_the_latest_event_always() {
        let mut tail = Tail::starting_at(0, Capacity { events: 100, bytes: 10 });
        for position in 1..=5 {
            tail.push(position, Some(Arc::new(position)), 4);
        }
        assert!(tail.after(2).is_none(), "three of them take too much");
        assert_eq!(tail.after(3), Some((4, Some(Arc::new(4)))));

        tail.push(6, Some(Arc::new(6)), 1_000);

        assert!(tail.after(4).is_none());
        assert_eq!(tail.after(5), Some((6, Some(Arc::new(6)))));
    }
}
