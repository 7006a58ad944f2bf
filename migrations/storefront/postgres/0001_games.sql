-- A game as the store shows it. The identity is never set by hand, so an id is never used twice, also not after its
-- game was removed.
CREATE TABLE games (
    game_id     BIGINT      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title       TEXT        NOT NULL,
    title_key   TEXT        COLLATE "C" NOT NULL, -- the title as it is sorted: NFKC, lower case, its beginning
    genre       TEXT        NOT NULL,
    genre_key   TEXT        COLLATE "C" NOT NULL, -- the genre as it is compared
    price_minor BIGINT      NOT NULL CHECK (price_minor BETWEEN 0 AND 99999999), -- in the smallest unit
    description TEXT        NOT NULL,
    words       TEXT        NOT NULL, -- what a search looks through: the words of title and description, made alike
    revision    INTEGER     NOT NULL DEFAULT 1, -- grows by one with every change
    created_at  TIMESTAMPTZ NOT NULL,
    updated_at  TIMESTAMPTZ NOT NULL
);

-- One index for each order of the list, with and without a genre.
CREATE INDEX games_by_title ON games (title_key, game_id);
CREATE INDEX games_by_price ON games (price_minor, game_id);
CREATE INDEX games_by_genre ON games (genre_key, game_id);
CREATE INDEX games_by_genre_and_title ON games (genre_key, title_key, game_id);
CREATE INDEX games_by_genre_and_price ON games (genre_key, price_minor, game_id);

-- The index of the words. They come cut and folded, so that every engine finds the same; here they are only looked up,
-- without a dictionary or a parser that would have opinions of its own.
CREATE INDEX games_words ON games USING gin (array_to_tsvector(string_to_array(words, ' ')));
