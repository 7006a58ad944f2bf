-- Which game a request made. Whoever sends the request again gets that answer, also when the game was changed or removed
-- since. Forgotten after a day.
CREATE TABLE created_by_request (
    request_key TEXT        COLLATE "C" NOT NULL PRIMARY KEY, -- whose request it is, and what they call it
    game_id     BIGINT      NOT NULL,
    title       TEXT        NOT NULL, -- as it was kept then
    created_at  TIMESTAMPTZ NOT NULL
);

CREATE INDEX created_by_request_by_age ON created_by_request (created_at);
