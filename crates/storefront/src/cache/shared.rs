//! What all instances share: games in Redis. It may be slow, down, restarted empty or full of garbage: then the database
//! answers.
//!
//! Each copy carries the position of the feed at which it was read, and a seal over its content, its game and its
//! position: what we did not write for this game is no copy of it.

use std::time::Duration;

use bytes::Bytes;
use sir0_feed::Position;
use sir0_kernel::GameId;
use sir0_redis::Redis;
use sir0_rpc::Seal;

use super::{Freshness, counts};
use crate::{domain::Game, events::StoredGame};

/// How long a copy lies there. Bounds what a database restored to an earlier state could meet of its former future.
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
        if !self.freshness.is_fresh(id, Position::from_be_bytes(*read_at)) {
            return None;
        }
        let game = serde_json::from_slice::<StoredGame>(game).ok()?.try_into().ok()?;
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
    format!("sir0:storefront:game:{id}")
}

fn purpose(id: GameId) -> Vec<u8> {
    format!("cached game {id}").into_bytes()
}
