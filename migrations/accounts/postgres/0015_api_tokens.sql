-- What a machine shows in the place of its owner. It opens what its scopes name. Revoking it deletes it.
CREATE TABLE api_tokens (
    token_id   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_id    BIGINT NOT NULL REFERENCES users (user_id),
    name       TEXT NOT NULL,
    scopes     TEXT NOT NULL, -- blanks between
    studio_id  TEXT COLLATE "C" REFERENCES studios (studio_id), -- whose things it is for; NULL: all that its owner may
    token_hash BYTEA NOT NULL UNIQUE, -- SHA-256
    session_id TEXT COLLATE "C", -- that its latest access token belongs to; NULL: there was none
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    used_at    TIMESTAMPTZ, -- when an access token was last got with it
    address    TEXT -- where from
);

CREATE INDEX api_tokens_of_user ON api_tokens (user_id, token_id);
CREATE INDEX api_tokens_by_expiry ON api_tokens (expires_at);

-- The access tokens of an API token belong to a session of their own, which ends as any other does. NULL: the session of a person.
ALTER TABLE sessions ADD COLUMN api_token_id TEXT COLLATE "C";
