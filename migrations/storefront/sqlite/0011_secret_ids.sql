-- When everyone saw a product first: its place among the newest. Microseconds, UTC; 0 for what nobody saw.
ALTER TABLE games ADD COLUMN listed INTEGER NOT NULL DEFAULT 0;

UPDATE games
   SET listed = COALESCE(released_at, created_at)
 WHERE state <> 'draft';

CREATE INDEX games_by_listing ON games (listed, game_id);
CREATE INDEX games_by_genre_fold_and_listing ON games (genre_fold, listed, game_id);
CREATE INDEX games_by_studio_and_age ON games (studio_id, created_at, game_id);

-- Gives the ids of products that are public when they are made. Drafts take theirs by chance from above: an id that
-- nobody sees must leave no gap. The table has no rows.
CREATE TABLE game_ids (
    game_id INTEGER PRIMARY KEY AUTOINCREMENT
);

INSERT INTO sqlite_sequence (name, seq)
SELECT 'game_ids', COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'games'), 0);

-- A version that was gone back to says nothing of listings, and gives ids by the table itself.
CREATE TRIGGER games_listed_by_older_version AFTER INSERT ON games
    WHEN new.listed = 0 AND new.state IN ('announced', 'released') BEGIN
    UPDATE games SET listed = new.updated_at WHERE game_id = new.game_id;
    UPDATE sqlite_sequence SET seq = MAX(seq, new.game_id) WHERE name = 'game_ids' AND new.game_id < 1073741824;
END;

CREATE TRIGGER games_published_by_older_version AFTER UPDATE OF state ON games
    WHEN new.listed = 0 AND new.state IN ('announced', 'released') BEGIN
    UPDATE games SET listed = new.updated_at WHERE game_id = new.game_id;
END;

-- The indexes of before stay as long as an older version may run beside this one.

-- What is due first, of what was not tried yet and of what waits.
CREATE INDEX schedules_by_moment ON schedules ((CASE WHEN announce_at < release_at OR release_at IS NULL THEN announce_at ELSE release_at END)) WHERE retry_at IS NULL;
CREATE INDEX schedules_by_retry ON schedules (retry_at) WHERE retry_at IS NOT NULL;
