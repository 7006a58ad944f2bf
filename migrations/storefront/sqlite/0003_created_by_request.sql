-- Which game a request made. Whoever sends the request again gets that answer, also when the game was changed or removed
-- since. Forgotten after a day.
CREATE TABLE created_by_request (
    request_key TEXT    NOT NULL PRIMARY KEY, -- whose request it is, and what they call it
    game_id     INTEGER NOT NULL,
    title       TEXT    NOT NULL, -- as it was kept then
    created_at  INTEGER NOT NULL  -- microseconds, UTC
);

CREATE INDEX created_by_request_by_age ON created_by_request (created_at);
