-- The title as it is sorted, in the root order of CLDR; the genre as it is compared, in NFKC_Casefold; and with them the
-- words, which are cut by other rules from here on. They are of one version of the rules and of one revision of the game.
-- An older version writes a revision without them: until they are made anew, in the background, its own keys count.
ALTER TABLE games ADD COLUMN title_sort BYTEA NOT NULL DEFAULT '';
ALTER TABLE games ADD COLUMN genre_fold TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE games ADD COLUMN keys_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE games ADD COLUMN keys_revision INTEGER NOT NULL DEFAULT 0;

-- The games whose keys are to be made: few, once all are.
CREATE INDEX games_to_key ON games (game_id) WHERE keys_version <> 1 OR keys_revision <> revision;

-- The indexes of before stay as long as an older version may run beside this one.
CREATE INDEX games_by_title_sort ON games (title_sort, game_id);
CREATE INDEX games_by_genre_fold ON games (
    (CASE WHEN keys_revision = revision THEN genre_fold ELSE genre_key END), game_id
);
CREATE INDEX games_by_genre_fold_and_title ON games (
    (CASE WHEN keys_revision = revision THEN genre_fold ELSE genre_key END), title_sort, game_id
);
CREATE INDEX games_by_genre_fold_and_price ON games (
    (CASE WHEN keys_revision = revision THEN genre_fold ELSE genre_key END), price_minor, game_id
);
