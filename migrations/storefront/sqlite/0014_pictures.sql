-- What a product is shown by in lists, and which screenshots it has in which order. JSON; NULL: nothing.
ALTER TABLE games ADD COLUMN pictures TEXT;

-- Each picture of a product, in all of its widths.
CREATE TABLE game_pictures (
    picture_id TEXT    PRIMARY KEY,
    game_id    INTEGER NOT NULL,
    picture    TEXT    NOT NULL, -- JSON
    added_at   INTEGER NOT NULL, -- microseconds, UTC
    user_id    INTEGER NOT NULL
);

CREATE INDEX game_pictures_by_game ON game_pictures (game_id);

-- In which files a picture lies. Equal pictures share them.
CREATE TABLE picture_files (
    picture_id TEXT NOT NULL,
    name       TEXT NOT NULL,
    PRIMARY KEY (picture_id, name)
);

CREATE INDEX picture_files_by_name ON picture_files (name);

-- The files that may lie in the folder or the bucket: noted before each is written, forgotten after it was taken away.
CREATE TABLE media_files (
    name       TEXT    PRIMARY KEY,
    touched_at INTEGER NOT NULL, -- microseconds, UTC
    taken_at   INTEGER -- NULL: it is not being taken away
);

CREATE INDEX media_files_by_age ON media_files (touched_at);

-- Which folder or bucket has them: the word that is written in it.
CREATE TABLE media_shelf (
    shelf INTEGER PRIMARY KEY CHECK (shelf = 1),
    mark  TEXT    NOT NULL
);
