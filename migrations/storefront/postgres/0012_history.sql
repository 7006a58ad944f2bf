-- What was changed of a product: by whom, when, and from what to what. Kept for good.
CREATE TABLE game_changes (
    change_id  BIGINT      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    game_id    BIGINT      NOT NULL,
    revision   INTEGER     NOT NULL, -- that the product had then
    changed_at TIMESTAMPTZ NOT NULL,
    user_id    BIGINT,      -- NULL: a schedule made the change
    fields     TEXT        NOT NULL  -- JSON
);

CREATE INDEX game_changes_by_game ON game_changes (game_id, change_id);
