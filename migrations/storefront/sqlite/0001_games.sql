-- A game as the store shows it. AUTOINCREMENT: an id is never used twice, also not after its game was removed.
CREATE TABLE games (
    game_id     INTEGER PRIMARY KEY AUTOINCREMENT,
    title       TEXT    NOT NULL,
    title_key   TEXT    NOT NULL, -- the title as it is sorted: NFKC, lower case, its beginning
    genre       TEXT    NOT NULL,
    genre_key   TEXT    NOT NULL, -- the genre as it is compared
    price_minor INTEGER NOT NULL CHECK (price_minor BETWEEN 0 AND 99999999), -- in the smallest unit
    description TEXT    NOT NULL,
    words       TEXT    NOT NULL, -- what a search looks through: the words of title and description, made alike
    revision    INTEGER NOT NULL DEFAULT 1, -- grows by one with every change
    created_at  INTEGER NOT NULL, -- microseconds, UTC
    updated_at  INTEGER NOT NULL
);

-- One index for each order of the list, with and without a genre.
CREATE INDEX games_by_title ON games (title_key, game_id);
CREATE INDEX games_by_price ON games (price_minor, game_id);
CREATE INDEX games_by_genre ON games (genre_key, game_id);
CREATE INDEX games_by_genre_and_title ON games (genre_key, title_key, game_id);
CREATE INDEX games_by_genre_and_price ON games (genre_key, price_minor, game_id);

-- The index of the words. They come cut and folded, so that every engine finds the same; here they are only looked up.
-- Kept beside the games by the triggers below.
CREATE VIRTUAL TABLE games_words USING fts5 (
    words,
    content = 'games', content_rowid = 'game_id',
    tokenize = 'unicode61 remove_diacritics 0'
);

CREATE TRIGGER games_words_added AFTER INSERT ON games BEGIN
    INSERT INTO games_words (rowid, words)
    VALUES (new.game_id, new.words);
END;

CREATE TRIGGER games_words_changed AFTER UPDATE OF words ON games BEGIN
    INSERT INTO games_words (games_words, rowid, words)
    VALUES ('delete', old.game_id, old.words);
    INSERT INTO games_words (rowid, words)
    VALUES (new.game_id, new.words);
END;

CREATE TRIGGER games_words_removed AFTER DELETE ON games BEGIN
    INSERT INTO games_words (games_words, rowid, words)
    VALUES ('delete', old.game_id, old.words);
END;
