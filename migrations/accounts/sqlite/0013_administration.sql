-- Since when nobody signs in to the account, because an administrator disabled it. NULL while it is enabled.
ALTER TABLE users ADD COLUMN disabled_at INTEGER; -- microseconds, UTC
-- Since when its password is not good any more: nobody signs in until a reset link set a new one. NULL while it is good.
ALTER TABLE users ADD COLUMN new_password_at INTEGER;

-- A version from before knows neither, and may run beside this one: it begins no session of such an account either. Sessions
-- of before, which `sir0 copy` writes, stay.
CREATE TRIGGER sessions_of_older_version BEFORE INSERT ON sessions
  WHEN new.ended_at IS NULL
   AND EXISTS (SELECT 1 FROM users
                WHERE user_id = new.user_id
                  AND (disabled_at <= new.created_at OR new_password_at <= new.created_at)) BEGIN
    SELECT RAISE(IGNORE);
END;

-- The one link of an account that sets a new password. Another one takes its place; whoever uses it deletes it in the same
-- transaction.
CREATE TABLE resets (
    user_id     INTEGER NOT NULL PRIMARY KEY REFERENCES users (user_id),
    secret_hash BLOB    NOT NULL UNIQUE, -- SHA-256 of the secret in the link
    created_by  INTEGER NULL, -- the administrator; NULL for the operator at the command line
    removes_factors INTEGER NOT NULL, -- 1 if the second factors go with the old password, else 0
    expires_at  INTEGER NOT NULL -- microseconds, UTC
);

CREATE INDEX resets_by_expiry ON resets (expires_at);
CREATE INDEX invitations_by_maker ON studio_invitations (invited_by);
