-- Pictures that the store began with have no uploader. SQLite makes a column nullable by a new table only.
CREATE TABLE pictures_of_games (
    picture_id TEXT    PRIMARY KEY,
    game_id    INTEGER NOT NULL,
    picture    TEXT    NOT NULL, -- JSON
    added_at   INTEGER NOT NULL, -- microseconds, UTC
    user_id    INTEGER -- NULL: the store began with it
);

INSERT INTO pictures_of_games SELECT picture_id, game_id, picture, added_at, user_id FROM game_pictures;

DROP TABLE game_pictures;

ALTER TABLE pictures_of_games RENAME TO game_pictures;

CREATE INDEX game_pictures_by_game ON game_pictures (game_id);
