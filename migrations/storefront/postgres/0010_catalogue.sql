-- A row is a product of the store: a game, or something else that a studio offers. Products that an older version added are
-- games that everyone sees.
ALTER TABLE games ADD COLUMN kind TEXT COLLATE "C" NOT NULL DEFAULT 'game'
    CHECK (kind IN ('game', 'dlc', 'demo', 'soundtrack', 'software', 'bundle'));
-- Who sees it: a draft and what was withdrawn only its studio. Nothing goes back to a draft.
ALTER TABLE games ADD COLUMN state TEXT COLLATE "C" NOT NULL DEFAULT 'released'
    CHECK (state IN ('draft', 'announced', 'released', 'withdrawn'));
ALTER TABLE games ADD COLUMN release_day TEXT COLLATE "C"; -- as its studio tells everyone, such as 2027-03-01
-- When it was released first. NULL for a product that an older version added: then it is when it was added.
ALTER TABLE games ADD COLUMN released_at TIMESTAMPTZ;
ALTER TABLE games ADD COLUMN base_id BIGINT; -- the product that it belongs to
ALTER TABLE games ADD COLUMN bundled TEXT NOT NULL DEFAULT '[]'; -- the products in a bundle: a JSON array of their ids

-- When a product becomes public by itself. It is no part of the product: only its studio knows of it.
CREATE TABLE schedules (
    game_id     BIGINT      PRIMARY KEY REFERENCES games (game_id) ON DELETE CASCADE,
    announce_at TIMESTAMPTZ,
    release_at  TIMESTAMPTZ,
    -- When it is tried again, if it waits for what it belongs to.
    retry_at    TIMESTAMPTZ,
    CHECK (announce_at IS NOT NULL OR release_at IS NOT NULL)
);

CREATE INDEX schedules_by_announcement ON schedules (announce_at) WHERE announce_at IS NOT NULL;
CREATE INDEX schedules_by_release ON schedules (release_at) WHERE release_at IS NOT NULL;
