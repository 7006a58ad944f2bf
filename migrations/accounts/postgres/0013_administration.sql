-- Since when nobody signs in to the account, because an administrator disabled it. NULL while it is enabled.
ALTER TABLE users ADD COLUMN disabled_at TIMESTAMPTZ;
-- Since when its password is not good any more: nobody signs in until a reset link set a new one. NULL while it is good.
ALTER TABLE users ADD COLUMN new_password_at TIMESTAMPTZ;

-- A version from before knows neither, and may run beside this one: it begins no session of such an account either. Sessions
-- of before, which `sir0 copy` writes, stay.
CREATE FUNCTION begin_no_session_of_disabled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM users
                WHERE user_id = NEW.user_id
                  AND (disabled_at <= NEW.created_at OR new_password_at <= NEW.created_at)) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER sessions_of_older_version BEFORE INSERT ON sessions
   FOR EACH ROW WHEN (NEW.ended_at IS NULL)
       EXECUTE FUNCTION begin_no_session_of_disabled();

-- The one link of an account that sets a new password. Another one takes its place; whoever uses it deletes it in the same
-- transaction.
CREATE TABLE resets (
    user_id     BIGINT      NOT NULL PRIMARY KEY REFERENCES users (user_id),
    secret_hash BYTEA       NOT NULL UNIQUE, -- SHA-256 of the secret in the link
    created_by  BIGINT      NULL, -- the administrator; NULL for the operator at the command line
    removes_factors INTEGER NOT NULL, -- 1 if the second factors go with the old password, else 0
    expires_at  TIMESTAMPTZ NOT NULL
);

CREATE INDEX resets_by_expiry ON resets (expires_at);
CREATE INDEX invitations_by_maker ON studio_invitations (invited_by);
