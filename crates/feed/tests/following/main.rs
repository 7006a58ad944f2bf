//! What followers are promised: every event once, in order, or a word that some are gone.

mod doorbell;
mod place;
mod stories;
mod watching;

use std::time::Duration;

use sir0_feed::{Config, Event, Feed, Follower, Next, Unreadable};
use tokio::time::timeout;

/// Long enough for two busy cores; only a failing test waits for it.
const LONG: Duration = Duration::from_secs(10);
/// How long a test listens before it believes that nothing comes.
const A_WHILE: Duration = Duration::from_millis(100);

/// Never polls within a test, so an event that is heard was rung for.
const RUNG_FOR: Config = Config {
    poll: Duration::from_hours(1),
    window: 1024,
    window_bytes: 8 << 20,
    keep: 100_000,
    keep_for: Duration::ZERO,
};
const POLLED: Config = Config { poll: Duration::from_millis(20), ..RUNG_FOR };

/// An event that is just a number.
#[derive(Debug, PartialEq, Eq)]
struct Noted(u32);

impl Event for Noted {
    fn read(kind: &str, payload: &str) -> Result<Self, Unreadable> {
        match kind {
            "noted" => Ok(Self(serde_json::from_str(payload)?)),
            _ => Err(Unreadable::Kind),
        }
    }
}

/// The next event; `None` when events were lost.
async fn hears(follower: &mut Follower<Noted>) -> Option<u32> {
    loop {
        let heard = timeout(LONG, follower.next()).await.expect("in time").expect("a table");
        match heard {
            Next::Event(event) => return Some(event.0),
            Next::Unread => {}
            Next::Lost => return None,
        }
    }
}

async fn hears_all(follower: &mut Follower<Noted>, count: usize) -> Vec<Option<u32>> {
    let mut heard = Vec::new();
    for _ in 0..count {
        heard.push(hears(follower).await);
    }
    heard
}

async fn hears_nothing(follower: &mut Follower<Noted>) {
    if let Ok(heard) = timeout(A_WHILE, follower.next()).await {
        panic!("expected silence, heard {heard:?}");
    }
}

async fn is_at(feed: &Feed<Noted>, position: i64) {
    let reached = async {
        while feed.head() < position {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(LONG, reached).await.expect("the feed reads on");
}
