-- What a product is found by, from its page: tags, platforms, languages, titles in other languages. JSON; NULL: nothing.
ALTER TABLE games ADD COLUMN traits TEXT;

-- The page of each product that has one.
CREATE TABLE game_pages (
    game_id BIGINT PRIMARY KEY,
    page    TEXT NOT NULL -- JSON
);
