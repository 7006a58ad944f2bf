-- An account. The identity is never set by hand, so an id is never used twice.
CREATE TABLE users (
    user_id       BIGINT      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    username      TEXT        NOT NULL,
    username_key  TEXT        COLLATE "C" NOT NULL UNIQUE, -- the name as it is compared: NFKC, lower case
    email         TEXT        NOT NULL,
    email_key     TEXT        COLLATE "C" NOT NULL UNIQUE, -- the e-mail as it is compared
    password_hash TEXT        NOT NULL, -- scrypt, PHC string
    role          TEXT        NOT NULL CHECK (role IN ('player', 'publisher', 'admin')),
    created_at    TIMESTAMPTZ NOT NULL,
    updated_at    TIMESTAMPTZ NOT NULL
);

-- A sign-in, from its login to its end. The access token carries its id.
CREATE TABLE sessions (
    session_id TEXT        COLLATE "C" PRIMARY KEY,
    user_id    BIGINT      NOT NULL REFERENCES users (user_id),
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL, -- when it ends by itself
    ended_at   TIMESTAMPTZ           -- when it was ended early; set once
);

CREATE INDEX sessions_of_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
