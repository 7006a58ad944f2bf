//! What all instances share: games in Redis. Redis may be slow, down, restarted empty or full of garbage. Then the
//! database answers.
//!
//! Each copy carries the position of the feed at which it was read, and a seal over its content, its game and its
//! position: what this platform did not write for this game is not taken for a copy of it.

use std::time::Duration;

use bytes::Bytes;
use sir0_feed::Position;
use sir0_kernel::GameId;
use sir0_redis::Redis;
use sir0_rpc::Seal;

use super::{Freshness, counts};
use crate::{
    domain::Game,
    stored::{FORM, StoredGame},
};

/// How long a copy lies in Redis. It bounds how long copies from after a backup survive when the database is restored
/// from it.
const LIFETIME: Duration = Duration::from_mins(10);

/// Games in Redis.
#[derive(Clone)]
pub(crate) struct SharedCache {
    redis: Redis,
    seal: Seal,
    freshness: Freshness,
}

impl SharedCache {
    pub(crate) const fn new(redis: Redis, seal: Seal, freshness: Freshness) -> Self {
        Self { redis, seal, freshness }
    }

    /// The game, if there is a copy that shows everything this process has heard.
    pub(crate) async fn game(&self, id: GameId) -> Option<Game> {
        let wrapped = self.redis.get(&key(id)).await?;
        let content = self.seal.unwrap(&purpose(id), &wrapped).ok()?;
        let (read_at, game) = content.split_first_chunk()?;
        let game: Game = serde_json::from_slice::<StoredGame>(game).ok()?.try_into().ok()?;
        if !self.freshness.is_fresh(&game, Position::from_be_bytes(*read_at)) {
            return None;
        }
        counts().redis.increment(1);
        Some(game)
    }

    /// Leaves a copy there, read from the database at this position or later.
    pub(crate) fn keep(&self, game: &Game, read_at: Position) {
        let stored = serde_json::to_vec(&StoredGame::from(game));
        let mut content = read_at.to_be_bytes().to_vec();
        content.extend(stored.expect("numbers and texts are always JSON"));
        let wrapped = self.seal.wrap(&purpose(game.id), &content);
        self.redis.put(key(game.id), Bytes::from(wrapped), LIFETIME);
    }
}

fn key(id: GameId) -> String {
    format!("sir0:storefront:game:{FORM}:{id}")
}

fn purpose(id: GameId) -> Vec<u8> {
    format!("cached game {id} in form {FORM}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::GameEvent;

    /// An instance of the storefront, as far as the shared cache can tell.
    fn instance(redis: &sir0_throwaway::Redis, key: u8) -> SharedCache {
        let config = sir0_redis::Config { url: Some(redis.url()), ..sir0_redis::Config::default() };
        let redis = Redis::open(&config).expect("a good address");
        SharedCache::new(redis, Seal::new(&[key; 32]), Freshness::since(10))
    }

    fn lanterns(revision: i32) -> Game {
        Game::example(7, revision)
    }

    /// Keeps the game and waits until another instance finds it, for it is put there in the background.
    async fn keeps(writer: &SharedCache, reader: &SharedCache, game: &Game, read_at: Position) {
        for _ in 0..1000 {
            writer.keep(game, read_at);
            tokio::time::sleep(Duration::from_millis(10)).await;
            if reader.game(game.id).await.as_ref() == Some(game) {
                return;
            }
        }
        panic!("the copy never arrived");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_copy_that_one_instance_left_is_found_by_another() {
        let redis = sir0_throwaway::Redis::start();
        let (writer, reader) = (instance(&redis, 1), instance(&redis, 1));

        keeps(&writer, &reader, &lanterns(3), 10).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_copy_from_before_a_change_that_was_heard_of_is_none() {
        let redis = sir0_throwaway::Redis::start();
        let (late, reader) = (instance(&redis, 1), instance(&redis, 1));
        keeps(&late, &reader, &lanterns(3), 10).await;

        // The reader hears of a change. The late instance read the game before it, and leaves its copy only now.
        reader.freshness.changed(&GameEvent::Added(lanterns(4)), 11);
        late.keep(&lanterns(3), 10);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(reader.game(lanterns(3).id).await, None);

        keeps(&late, &reader, &lanterns(4), 11).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_we_did_not_write_for_this_game_is_no_copy_of_it() {
        let redis = sir0_throwaway::Redis::start();
        let (writer, reader) = (instance(&redis, 1), instance(&redis, 1));
        keeps(&writer, &reader, &lanterns(3), 10).await;
        let id = lanterns(3).id;
        let other = GameId::parse(8).expect("a positive id");

        // The copy of one game under the name of another.
        redis.cli(&["COPY", &key(id), &key(other)]);
        assert_eq!(reader.game(other).await, None);
        // The copy of another platform that shares the Redis.
        assert_eq!(instance(&redis, 2).game(id).await, None);
        // Garbage: of any length, and of another type.
        for garbage in
            ["", "x", "garbage of more than twenty-four bytes, which is a seal and a place"]
        {
            redis.cli(&["SET", &key(id), garbage]);
            assert_eq!(reader.game(id).await, None);
        }
        redis.cli(&["DEL", &key(id)]);
        redis.cli(&["LPUSH", &key(id), "x"]);
        assert_eq!(reader.game(id).await, None);
        // One byte of a good copy turned over.
        redis.cli(&["DEL", &key(id)]);
        keeps(&writer, &reader, &lanterns(3), 10).await;
        redis.cli(&["SETRANGE", &key(id), "30", "\u{7}"]);
        assert_eq!(reader.game(id).await, None);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_redis_that_is_silent_or_gone_costs_little_and_comes_back() {
        let mut redis = sir0_throwaway::Redis::start();
        let (writer, reader) = (instance(&redis, 1), instance(&redis, 1));
        let id = lanterns(3).id;
        keeps(&writer, &reader, &lanterns(3), 10).await;

        redis.freeze();
        let asked = std::time::Instant::now();
        for _ in 0..100 {
            assert_eq!(reader.game(id).await, None);
        }
        assert!(asked.elapsed() < Duration::from_secs(1), "{:?} for 100 reads", asked.elapsed());
        redis.thaw();
        keeps(&writer, &reader, &lanterns(3), 10).await;

        redis.kill();
        assert_eq!(reader.game(id).await, None);
        redis.start_again();
        keeps(&writer, &reader, &lanterns(4), 10).await;
    }
}
