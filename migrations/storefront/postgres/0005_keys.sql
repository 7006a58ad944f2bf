-- The title as it is sorted, in the root order of CLDR; the genre as it is compared, in NFKC_Casefold; and with them the
-- words, which are cut by other rules from here on. They are of one version of the rules and of one revision of the game.
ALTER TABLE games ADD COLUMN title_sort BYTEA NOT NULL DEFAULT '';
ALTER TABLE games ADD COLUMN genre_fold TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE games ADD COLUMN keys_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE games ADD COLUMN keys_revision INTEGER NOT NULL DEFAULT 0;

-- An older version writes a revision without them, and may run beside this one. Until they are made, in the background,
-- its own key of the genre counts.
CREATE FUNCTION keep_genre_of_older_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.genre_fold := NEW.genre_key;
    RETURN NEW;
END
$$;

CREATE TRIGGER games_genre_of_older_version BEFORE INSERT OR UPDATE ON games
   FOR EACH ROW WHEN (NEW.keys_revision <> NEW.revision)
       EXECUTE FUNCTION keep_genre_of_older_version();

-- Every row at once, and its indexes with it: an UPDATE takes twice as long and leaves as many rows to be cleaned.
ALTER TABLE games ALTER COLUMN genre_fold TYPE TEXT COLLATE "C" USING genre_key;

-- The games whose keys are to be made: few, once all are.
CREATE INDEX games_to_key ON games (game_id) WHERE keys_version <> 1 OR keys_revision <> revision;

-- The indexes of before stay as long as an older version may run beside this one.
CREATE INDEX games_by_title_sort ON games (title_sort, game_id);
CREATE INDEX games_by_genre_fold ON games (genre_fold, game_id);
CREATE INDEX games_by_genre_fold_and_title ON games (genre_fold, title_sort, game_id);
CREATE INDEX games_by_genre_fold_and_price ON games (genre_fold, price_minor, game_id);
