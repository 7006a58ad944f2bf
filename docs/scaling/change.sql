-- One change of a game as the storefront makes it: change it at the revision that was read, and announce it, in one
-- statement. For `pgbench`, on a store with the demo catalogue: it leaves other prices, and events of them. They have
-- positions once a process serves the store, or `SELECT number_events()` is called.
\set game random(1, 60)
  WITH changed AS (
       UPDATE games
          SET price_minor = (price_minor + 1) % 10000, revision = revision + 1, keys_revision = revision + 1,
              updated_at = now()
        WHERE game_id = :game
    RETURNING game_id, title, genre, price_minor, description, revision
  ), announced AS (
       INSERT INTO outbox (kind, payload, announced_at)
       SELECT 'changed', json_build_object('game_id', game_id, 'title', title, 'genre', genre, 'price_minor', price_minor, 'description', description, 'revision', revision, 'genre_before', genre), now()
         FROM changed
  )
SELECT revision FROM changed;
