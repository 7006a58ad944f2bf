-- How many second factors guard an account. It stands beside the password, so that one statement begins a session for
-- what was proved. Who changes the factors of an account changes it in the same transaction.
ALTER TABLE users ADD COLUMN factors INTEGER NOT NULL DEFAULT 0;

-- A second factor of an account.
CREATE TABLE factors (
    factor_id    TEXT PRIMARY KEY,
    user_id      INTEGER NOT NULL REFERENCES users (user_id),
    kind         TEXT NOT NULL CHECK (kind IN ('totp')),
    name         TEXT NOT NULL,
    secret       BLOB NOT NULL, -- sealed; the key that opens it is not in this database
    created_at   INTEGER NOT NULL,
    confirmed_at INTEGER, -- when a code of it was shown first; NULL guards nothing
    used_step    INTEGER -- the latest step whose code was taken: none of it or before is good (RFC 6238, 5.2)
);

CREATE INDEX factors_of_user ON factors (user_id);

-- What opens an account without its factor, once each. A code that is used is deleted.
CREATE TABLE recovery_codes (
    user_id   INTEGER NOT NULL REFERENCES users (user_id),
    code_hash BLOB NOT NULL, -- SHA-256 of 120 random bits
    PRIMARY KEY (user_id, code_hash)
);

-- Devices that are not asked for a code.
CREATE TABLE trusted_devices (
    device_id  TEXT PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users (user_id),
    token_hash BLOB NOT NULL UNIQUE, -- SHA-256 of 128 random bits
    name       TEXT,
    address    TEXT, -- of the latest sign-in
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);

CREATE INDEX trusted_devices_of_user ON trusted_devices (user_id);
CREATE INDEX trusted_devices_by_expiry ON trusted_devices (expires_at);

-- A sign-in whose password was right, and that waits for a code. Deleted by the code that is right.
CREATE TABLE challenges (
    challenge_hash BLOB NOT NULL PRIMARY KEY, -- SHA-256 of 128 random bits
    user_id        INTEGER NOT NULL REFERENCES users (user_id),
    password_hash  TEXT NOT NULL, -- that was proved; with another one the challenge is worth nothing
    client_id      TEXT NOT NULL,
    device_name    TEXT,
    is_refreshable INTEGER NOT NULL, -- 1 for a session with refresh tokens, else 0
    attempts       INTEGER NOT NULL DEFAULT 0, -- codes that were tried, counted before they are judged
    expires_at     INTEGER NOT NULL
);

CREATE INDEX challenges_of_user ON challenges (user_id);
CREATE INDEX challenges_by_expiry ON challenges (expires_at);

-- How many factors guarded the account when the session began. A version from before this does not write it, and may run
-- beside this one: it begins no session of an account that a factor guards. Sessions of before the first factor, which
-- `sir0 copy` writes, stay.
ALTER TABLE sessions ADD COLUMN factors INTEGER;

CREATE TRIGGER sessions_without_factor BEFORE INSERT ON sessions
  WHEN new.ended_at IS NULL AND new.factors IS NULL
   AND EXISTS (SELECT 1 FROM factors
                WHERE user_id = new.user_id AND confirmed_at <= new.created_at) BEGIN
    SELECT RAISE(IGNORE);
END;
