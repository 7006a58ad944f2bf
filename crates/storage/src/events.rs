//! The table of events: a change and its event commit together, and positions follow commit order.
//!
//! Each service has the table in its own database. A reader of the table remembers a position and asks for the events
//! after it. Events are not pushed, because a pushed event could be lost.

use sir0_kernel::Timestamp;

/// A place in the order of commits. The first event has 1; 0 is before it.
pub type Position = i64;

/// How many events are kept at least. A reader that fell further behind starts over, unless they are young.
pub const KEPT: i64 = 100_000;

/// An event that a unit of work is about to record.
#[derive(Clone, Debug)]
pub struct Announcement {
    /// What happened, in the words of the service.
    pub kind: &'static str,
    /// The details, as JSON.
    pub payload: String,
    /// When the change began.
    pub at: Timestamp,
}

/// What came of giving positions to events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// The latest position. Whatever committed before the question has this one or an earlier one.
    pub head: Position,
    /// How many events got theirs now. On SQLite they have them when they commit, and this is 0.
    pub moved: i64,
}

/// One event as its service wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Its place.
    pub position: Position,
    /// What happened, in the words of the service.
    pub kind: String,
    /// The details, as JSON.
    pub payload: String,
    /// When the reported change began, by the clock of the process that made it.
    pub announced_at: Timestamp,
}

/// How far the kept events reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// A reader at this position or later has missed no event that is gone.
    pub resumable: Position,
    /// The latest position.
    pub head: Position,
}

/// The next events after a position.
pub const AFTER: &str = "
    SELECT position, kind, payload, announced_at
      FROM events
     WHERE position > $1
  ORDER BY position
     LIMIT $2";

/// The oldest and the latest position; both 0 before the first event. Two questions, because SQLite looks an extreme up
/// in the index only when it is the one that is asked for, and reads the whole table for two.
pub const BOUNDS: &str = "
    SELECT COALESCE((SELECT MIN(position) FROM events), 1) - 1,
           COALESCE((SELECT MAX(position) FROM events), 0)";

/// Forgets the oldest events, but not so many of the latest, and nothing from the first event on that is as young as a moment:
/// clocks differ, and what is left has no gap. The latest event always stays, because it shows the latest position. It goes
/// over so many positions at most, because others wait for it.
pub const PRUNE: &str = "
    DELETE FROM events
     WHERE position < (SELECT MAX(position) FROM events)
       AND position <= (SELECT MAX(position) FROM events) - $1
       AND position < (SELECT MIN(position) FROM events) + $3
       AND position < COALESCE(
               (SELECT position
                  FROM events
                 WHERE position <= (SELECT MAX(position) FROM events) - $1 AND announced_at >= $2
              ORDER BY position
                 LIMIT 1),
               (SELECT MAX(position) FROM events))";
