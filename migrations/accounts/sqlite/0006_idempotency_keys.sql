-- What calls with an idempotency key did. The row commits with the change, so a call that is sent again is answered as it
-- was before. Forgotten after a day.
CREATE TABLE idempotency_keys (
    key_hash BLOB    NOT NULL PRIMARY KEY, -- SHA-256 of whose key it is, of which call, and the key
    user_id  INTEGER NOT NULL, -- whose it is
    request  BLOB    NOT NULL, -- an HMAC of what was asked
    answer   BLOB,             -- the answer as protobuf; NULL if it held a secret
    made_at  INTEGER NOT NULL  -- microseconds, UTC
) WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (made_at);
CREATE INDEX idempotency_keys_by_user ON idempotency_keys (user_id, made_at);
