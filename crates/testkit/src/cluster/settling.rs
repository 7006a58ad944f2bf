//! Waits until every instance has heard of a change. A caller reads its change at the same instance at once. But behind
//! a proxy the next call may go to another instance, which hears of the change a moment later. A story is about the
//! state after that moment.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::time::sleep;

use crate::rest;

/// The latest position of a feed, once everything committed has one.
const HEAD: &str = "SELECT head FROM number_events()";
/// The time from reading an event to dropping what it outdates, and from accounts to the other services.
const A_MOMENT: Duration = Duration::from_millis(40);
/// An instance that has not heard by then is down, or hears of the change when it polls. The story will show it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Knows how far each feed is, and how far the instances have read.
#[derive(Clone)]
pub(crate) struct Settling(Arc<Inner>);

struct Inner {
    feeds: Vec<Feed>,
    /// How far each feed was when every instance had heard of it.
    settled: Mutex<BTreeMap<&'static str, i64>>,
}

/// A feed, and the instances that follow it.
pub(super) struct Feed {
    name: &'static str,
    database: PgPool,
    followers: Mutex<Vec<SocketAddr>>,
}

impl Feed {
    /// The feed of this name, in the database at this URL, which these instances read.
    pub(super) fn new(name: &'static str, database: &str, followers: Vec<SocketAddr>) -> Self {
        let database = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .connect_lazy(database)
            .expect("the URL of a database that was made");
        Self { name, database, followers: Mutex::new(followers) }
    }

    fn followers(&self) -> std::sync::MutexGuard<'_, Vec<SocketAddr>> {
        self.followers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None` when the database does not answer: it may be down on purpose.
    async fn head(&self) -> Option<i64> {
        sqlx::query_scalar(HEAD).fetch_one(&self.database).await.ok()
    }
}

impl Settling {
    pub(super) fn of(feeds: Vec<Feed>) -> Self {
        Self(Arc::new(Inner { feeds, settled: Mutex::default() }))
    }

    /// Records that a follower of the feed of this name has another address now.
    pub(super) fn moved(&self, feed: &str, from: SocketAddr, to: SocketAddr) {
        for feed in self.0.feeds.iter().filter(|it| it.name == feed) {
            feed.followers().iter_mut().filter(|it| **it == from).for_each(|it| *it = to);
        }
    }

    /// Returns when every instance has heard of all changes so far.
    pub(crate) async fn wait(&self) {
        let mut anything_new = false;
        for feed in &self.0.feeds {
            let Some(head) = feed.head().await else { continue };
            let known = self.settled().get(feed.name).copied();
            if known == Some(head) {
                continue;
            }
            anything_new = true;
            let begun = Instant::now();
            let followers = feed.followers().clone();
            for follower in followers {
                while has_read(follower, feed.name).await.is_some_and(|position| position < head)
                    && begun.elapsed() < PATIENCE
                {
                    sleep(Duration::from_millis(5)).await;
                }
            }
            self.settled().insert(feed.name, head);
        }
        if anything_new {
            sleep(A_MOMENT).await;
        }
    }

    fn settled(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, i64>> {
        self.0.settled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far an instance has read a feed; `None` when it is down.
async fn has_read(instance: SocketAddr, feed: &str) -> Option<i64> {
    let url = format!("http://{instance}/metrics");
    let page = rest::plain_client().get(url).send().await.ok()?.text().await.ok()?;
    let begins = format!("sir0_feed_position{{feed=\"{feed}\"}} ");
    let position = page.lines().find_map(|line| line.strip_prefix(&begins)?.parse().ok());
    Some(position.unwrap_or_default())
}
