-- What calls with an idempotency key did. The row commits with the change, so a call that is sent again is answered as it
-- was before. Forgotten after a day.
CREATE TABLE idempotency_keys (
    key_hash BYTEA       NOT NULL PRIMARY KEY, -- SHA-256 of whose key it is, of which call, and the key
    user_id  BIGINT      NOT NULL, -- whose it is
    request  BYTEA       NOT NULL, -- an HMAC of what was asked
    answer   BYTEA,                -- the answer as protobuf; NULL if it held a secret
    made_at  TIMESTAMPTZ NOT NULL
);

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (made_at);
CREATE INDEX idempotency_keys_by_user ON idempotency_keys (user_id, made_at);
