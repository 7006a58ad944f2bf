-- The title as it is sorted, in the root order of CLDR; the genre as it is compared, in NFKC_Casefold; and with them the
-- words, which are cut by other rules from here on. They are of one version of the rules and of one revision of the game.
ALTER TABLE games ADD COLUMN title_sort BLOB NOT NULL DEFAULT x'';
ALTER TABLE games ADD COLUMN genre_fold TEXT NOT NULL DEFAULT '';
ALTER TABLE games ADD COLUMN keys_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE games ADD COLUMN keys_revision INTEGER NOT NULL DEFAULT 0;

-- Until they are made, in the background, the key of before counts.
UPDATE games SET genre_fold = genre_key;

-- The games whose keys are to be made: few, once all are.
CREATE INDEX games_to_key ON games (game_id) WHERE keys_version <> 1 OR keys_revision <> revision;

-- No older version uses this file beside this one.
DROP INDEX games_without_title_words;
DROP INDEX games_by_title;
DROP INDEX games_by_genre;
DROP INDEX games_by_genre_and_title;
DROP INDEX games_by_genre_and_price;
CREATE INDEX games_by_title_sort ON games (title_sort, game_id);
CREATE INDEX games_by_genre_fold ON games (genre_fold, game_id);
CREATE INDEX games_by_genre_fold_and_title ON games (genre_fold, title_sort, game_id);
CREATE INDEX games_by_genre_fold_and_price ON games (genre_fold, price_minor, game_id);

-- The index takes the words as they come. Its tokenizer for Unicode would cut them again at the vowel signs of Hindi.
DROP TABLE games_words;
CREATE VIRTUAL TABLE games_words USING fts5 (
    words,
    content = 'games', content_rowid = 'game_id',
    tokenize = 'ascii'
);
INSERT INTO games_words (games_words) VALUES ('rebuild');

-- A change of anything else leaves the index of words as it is, also if the statement sets the words that it finds.
DROP TRIGGER games_words_changed;
CREATE TRIGGER games_words_changed AFTER UPDATE OF words ON games WHEN new.words <> old.words BEGIN
    INSERT INTO games_words (games_words, rowid, words)
    VALUES ('delete', old.game_id, old.words);
    INSERT INTO games_words (rowid, words)
    VALUES (new.game_id, new.words);
END;
