-- What happened, in the order of commits.
CREATE TABLE events (
    position     BIGINT      PRIMARY KEY,
    kind         TEXT        NOT NULL,
    payload      TEXT        NOT NULL, -- JSON
    announced_at TIMESTAMPTZ NOT NULL
);

-- The position of the latest event. Whoever announces takes the next one from here and holds the row until its
-- transaction ends: so positions follow the order of commits, and none is left out.
CREATE TABLE feed_head (
    only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
    position BIGINT  NOT NULL
) WITH (fillfactor = 10); -- room to change the one row in place

INSERT INTO feed_head (only_one, position) VALUES (1, 0);

-- The key that seals page and resume tokens. In the database, so that they outlive a restart and a restored backup,
-- and open on any instance.
CREATE TABLE sealing_key (
    only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
    key      BYTEA   NOT NULL CHECK (length(key) = 32)
);

-- PostgreSQL's own random bytes come only as UUIDs, of 122 random bits each. Four of them, hashed, are more than 256.
INSERT INTO sealing_key (only_one, key)
SELECT 1, sha256(convert_to(string_agg(gen_random_uuid()::text, ''), 'UTF8'))
  FROM generate_series(1, 4);
