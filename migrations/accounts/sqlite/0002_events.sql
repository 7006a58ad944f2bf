-- What happened, in the order of commits: one writer at a time makes the row ids follow it.
CREATE TABLE events (
    position     INTEGER PRIMARY KEY AUTOINCREMENT,
    kind         TEXT    NOT NULL,
    payload      TEXT    NOT NULL, -- JSON
    announced_at INTEGER NOT NULL  -- microseconds, UTC
);

-- The key that seals page and resume tokens. In the database, so that they outlive a restart and a restored backup,
-- and open on any instance.
CREATE TABLE sealing_key (
    only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
    key      BLOB    NOT NULL CHECK (length(key) = 32)
);

INSERT INTO sealing_key (only_one, key) VALUES (1, randomblob(32));
