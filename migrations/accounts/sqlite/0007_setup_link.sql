-- The one link that makes the first administrator. Another one takes its place; whoever uses it deletes it in the same
-- transaction.
CREATE TABLE setup_link (
    only_row   INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    token_hash BLOB    NOT NULL, -- SHA-256 of the secret in the link
    expires_at INTEGER NOT NULL  -- microseconds, UTC
);

-- Whether there is an administrator is asked by anyone who opens the first page.
CREATE INDEX users_admin ON users (user_id) WHERE role = 'admin';
