-- The people who make games together. A studio is never removed, so an id that a game has always means the same one.
CREATE TABLE studios (
    studio_id  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL,
    founded_by BIGINT NOT NULL REFERENCES users (user_id),
    revision   BIGINT NOT NULL, -- grows by one with each change to the members
    created_at TIMESTAMPTZ NOT NULL
);

CREATE INDEX studios_of_founder ON studios (founded_by);

-- Who is in a studio. One of them is an owner; whoever changes them holds the row of the studio.
CREATE TABLE studio_members (
    studio_id TEXT COLLATE "C" NOT NULL REFERENCES studios (studio_id),
    user_id   BIGINT NOT NULL REFERENCES users (user_id),
    role      TEXT NOT NULL CHECK (role IN ('owner', 'editor', 'uploader', 'viewer')),
    joined_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (studio_id, user_id)
);

CREATE INDEX studios_of_member ON studio_members (user_id, studio_id);

-- An open invitation. Whoever uses it deletes it in the same transaction.
CREATE TABLE studio_invitations (
    invitation_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    studio_id     TEXT COLLATE "C" NOT NULL REFERENCES studios (studio_id),
    role          TEXT NOT NULL CHECK (role IN ('owner', 'editor', 'uploader', 'viewer')),
    secret_hash   BYTEA NOT NULL UNIQUE, -- SHA-256 of the secret in the link
    invited_by    BIGINT NOT NULL REFERENCES users (user_id),
    expires_at    TIMESTAMPTZ NOT NULL
);

CREATE INDEX invitations_of_studio ON studio_invitations (studio_id, invitation_id);
CREATE INDEX invitations_by_expiry ON studio_invitations (expires_at);
