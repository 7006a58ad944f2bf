-- When everyone saw a product first: its place among the newest. Microseconds, UTC; 0 for what nobody saw.
ALTER TABLE games ADD COLUMN listed BIGINT NOT NULL DEFAULT 0;

UPDATE games
   SET listed = EXTRACT(EPOCH FROM COALESCE(released_at, created_at)) * 1000000
 WHERE state <> 'draft';

-- An older version says nothing of it.
CREATE FUNCTION list_for_older_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.listed := EXTRACT(EPOCH FROM NEW.updated_at) * 1000000;
    RETURN NEW;
END
$$;

CREATE TRIGGER games_listed_by_older_version BEFORE INSERT OR UPDATE ON games
   FOR EACH ROW WHEN (NEW.listed = 0 AND NEW.state IN ('announced', 'released'))
       EXECUTE FUNCTION list_for_older_version();

CREATE INDEX games_by_listing ON games (listed, game_id);
CREATE INDEX games_by_genre_fold_and_listing ON games (genre_fold, listed, game_id);
CREATE INDEX games_by_studio_and_age ON games (studio_id, created_at, game_id);

-- Gives the ids of products that are public when they are made. Drafts take theirs by chance from above: an id that
-- nobody sees must leave no gap. The table has no rows.
CREATE TABLE game_ids (
    game_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY
);

SELECT setval('game_ids_game_id_seq', last) FROM pg_sequence_last_value('games_game_id_seq') AS last WHERE last IS NOT NULL;

ALTER TABLE games ALTER COLUMN game_id DROP IDENTITY;
ALTER TABLE games ALTER COLUMN game_id SET DEFAULT nextval('game_ids_game_id_seq');

-- The indexes of before stay as long as an older version may run beside this one.

-- What is due first, of what was not tried yet and of what waits.
CREATE INDEX schedules_by_moment ON schedules ((CASE WHEN announce_at < release_at OR release_at IS NULL THEN announce_at ELSE release_at END)) WHERE retry_at IS NULL;
CREATE INDEX schedules_by_retry ON schedules (retry_at) WHERE retry_at IS NOT NULL;

-- What the lists ask about kinds and states has no statistics yet.
ANALYZE games;
