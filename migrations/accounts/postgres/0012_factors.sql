-- How many second factors guard an account. It stands beside the password, so that one statement begins a session for
-- what was proved. Who changes the factors of an account changes it in the same transaction.
ALTER TABLE users ADD COLUMN factors INTEGER NOT NULL DEFAULT 0;

-- A second factor of an account.
CREATE TABLE factors (
    factor_id    TEXT COLLATE "C" PRIMARY KEY,
    user_id      BIGINT NOT NULL REFERENCES users (user_id),
    kind         TEXT NOT NULL CHECK (kind IN ('totp')),
    name         TEXT NOT NULL,
    secret       BYTEA NOT NULL, -- sealed; the key that opens it is not in this database
    created_at   TIMESTAMPTZ NOT NULL,
    confirmed_at TIMESTAMPTZ, -- when a code of it was shown first; NULL guards nothing
    used_step    BIGINT -- the latest step whose code was taken: none of it or before is good (RFC 6238, 5.2)
);

CREATE INDEX factors_of_user ON factors (user_id);

-- What opens an account without its factor, once each. A code that is used is deleted.
CREATE TABLE recovery_codes (
    user_id   BIGINT NOT NULL REFERENCES users (user_id),
    code_hash BYTEA NOT NULL, -- SHA-256 of 120 random bits
    PRIMARY KEY (user_id, code_hash)
);

-- Devices that are not asked for a code.
CREATE TABLE trusted_devices (
    device_id  TEXT COLLATE "C" PRIMARY KEY,
    user_id    BIGINT NOT NULL REFERENCES users (user_id),
    token_hash BYTEA NOT NULL UNIQUE, -- SHA-256 of 128 random bits
    name       TEXT,
    address    TEXT, -- of the latest sign-in
    created_at TIMESTAMPTZ NOT NULL,
    seen_at    TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL
);

CREATE INDEX trusted_devices_of_user ON trusted_devices (user_id);
CREATE INDEX trusted_devices_by_expiry ON trusted_devices (expires_at);

-- A sign-in whose password was right, and that waits for a code. Deleted by the code that is right.
CREATE TABLE challenges (
    challenge_hash BYTEA NOT NULL PRIMARY KEY, -- SHA-256 of 128 random bits
    user_id        BIGINT NOT NULL REFERENCES users (user_id),
    password_hash  TEXT NOT NULL, -- that was proved; with another one the challenge is worth nothing
    client_id      TEXT NOT NULL,
    device_name    TEXT,
    is_refreshable INTEGER NOT NULL, -- 1 for a session with refresh tokens, else 0
    attempts       INTEGER NOT NULL DEFAULT 0, -- codes that were tried, counted before they are judged
    expires_at     TIMESTAMPTZ NOT NULL
);

CREATE INDEX challenges_of_user ON challenges (user_id);
CREATE INDEX challenges_by_expiry ON challenges (expires_at);

-- How many factors guarded the account when the session began. A version from before this does not write it, and may run
-- beside this one: it begins no session of an account that a factor guards. Sessions of before the first factor, which
-- `sir0 copy` writes, stay.
ALTER TABLE sessions ADD COLUMN factors INTEGER;

CREATE FUNCTION begin_no_session_without_factor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM factors
                WHERE user_id = NEW.user_id AND confirmed_at <= NEW.created_at) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER sessions_without_factor BEFORE INSERT ON sessions
   FOR EACH ROW WHEN (NEW.ended_at IS NULL AND NEW.factors IS NULL)
       EXECUTE FUNCTION begin_no_session_without_factor();
