-- The next position is one more than the latest event's, which always stays. With AUTOINCREMENT the engine kept that number
-- in a second table, and wrote one page more with each change.
CREATE TABLE events_by_position (
    position     INTEGER PRIMARY KEY,
    kind         TEXT    NOT NULL,
    payload      TEXT    NOT NULL, -- JSON
    announced_at INTEGER NOT NULL  -- microseconds, UTC
);
INSERT INTO events_by_position (position, kind, payload, announced_at)
SELECT position, kind, payload, announced_at
  FROM events
 ORDER BY position;
DROP TABLE events;
ALTER TABLE events_by_position RENAME TO events;
