-- The studio that has a game. NULL for a game of the platform: those from before studios, those that administrators add for
-- it, and those that a version from before adds while it is replaced.
ALTER TABLE games ADD COLUMN studio_id TEXT COLLATE "C";

CREATE INDEX games_by_studio ON games (studio_id, game_id);
