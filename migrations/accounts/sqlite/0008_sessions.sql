-- A session tells the program and the device that it belongs to, and how the person proved who they are.
ALTER TABLE sessions ADD COLUMN client_id TEXT NOT NULL DEFAULT 'sir0';
ALTER TABLE sessions ADD COLUMN device_name TEXT; -- by the client's own word
ALTER TABLE sessions ADD COLUMN address TEXT; -- of the latest sign-in or refresh
ALTER TABLE sessions ADD COLUMN methods TEXT NOT NULL DEFAULT 'pwd'; -- in the words of RFC 8176, blanks between
ALTER TABLE sessions ADD COLUMN seen_at INTEGER; -- the latest sign-in or refresh; NULL is the sign-in

-- A session that is refreshed has a family of refresh tokens, of which two are known: the latest, and the one before it,
-- whose answer may have been lost. `expires_at` moves with each refresh, up to `last_at`. NULL in all of them: the session
-- has one access token, which lasts as long as it does.
ALTER TABLE sessions ADD COLUMN family_hash BLOB; -- SHA-256 of what all tokens of the family share
ALTER TABLE sessions ADD COLUMN refresh_hash BLOB; -- SHA-256 of the secret of the latest token
ALTER TABLE sessions ADD COLUMN refreshed_hash BLOB; -- of the one before it
ALTER TABLE sessions ADD COLUMN refreshed_at INTEGER; -- when the latest one took its place
ALTER TABLE sessions ADD COLUMN token_expires_at INTEGER; -- of the latest access token
ALTER TABLE sessions ADD COLUMN last_at INTEGER; -- from here on no refresh helps

-- The ended ones whose tokens may be good still: few, while most sessions go on.
CREATE INDEX sessions_ended ON sessions (session_id) WHERE ended_at IS NOT NULL;

-- The approval of one action, by someone who just proved who they are. Used once: it is deleted with the change.
CREATE TABLE confirmations (
    token_hash BLOB NOT NULL PRIMARY KEY, -- SHA-256
    session_id TEXT NOT NULL, -- whose approval it is
    action     TEXT NOT NULL, -- what it approves, and to what
    expires_at INTEGER NOT NULL
);

CREATE INDEX confirmations_by_expiry ON confirmations (expires_at);
