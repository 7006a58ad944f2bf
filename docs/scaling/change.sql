-- One change of a game as the storefront makes it: lock the game, change it, announce, commit. For `pgbench`, on a store
-- with the demo catalogue that no process serves: it leaves other prices, and events of them.
\set game random(1, 60)
BEGIN;
SELECT revision FROM games WHERE game_id = :game FOR UPDATE;
UPDATE games SET price_minor = (price_minor + 1) % 10000, revision = revision + 1, keys_revision = revision + 1, updated_at = now() WHERE game_id = :game;
  WITH next AS (UPDATE feed_head SET position = position + 1 RETURNING position)
INSERT INTO events (position, kind, payload, announced_at)
SELECT position, 'changed', json_build_object('game_id', game_id, 'title', title, 'genre', genre, 'price_minor', price_minor, 'description', description, 'revision', revision, 'genre_before', genre), now()
  FROM next, games
 WHERE game_id = :game;
COMMIT;
