//! Lists that can be followed over the WebSocket, a message at a time.

use std::{fmt, pin::Pin, sync::Arc};

use futures::Stream;
use serde_json::value::RawValue;
use tonic::Status;

/// The event of a message that says only that the stream is alive, or where it begins.
pub const HEARTBEAT: &str = "heartbeat";
/// The event of the last message before the process stops.
pub const GOING_AWAY: &str = "going_away";

/// The messages of a topic. The end of the stream is an accident, unless it went away.
pub type Updates = Pin<Box<dyn Stream<Item = Result<Said, Status>> + Send>>;

/// The topics of a service.
#[tonic::async_trait]
pub trait Topics: Send + Sync {
    /// Reads the name of a topic. `None` when it belongs to no topic of this service.
    fn parse(&self, name: &str) -> Option<Result<Topic, BadTopic>>;

    /// How its topics are written, for the refusal of unknown ones.
    fn spelling(&self) -> &'static str;

    /// Begins to follow a topic, or goes on behind this token.
    async fn follow(&self, topic: &Topic, resume_token: String) -> Result<Updates, Status>;
}

/// A topic in its one spelling: answers and updates repeat it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Topic(Arc<str>);

impl Topic {
    /// A topic that is written like this.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name that looks like a topic and is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadTopic {
    /// The fault, in a few words.
    pub title: &'static str,
    /// What would be right.
    pub details: &'static str,
}

/// One thing that a subscriber hears.
#[derive(Debug)]
pub struct Said {
    /// What happened, such as `changed`. `None` for what this version does not know; its token counts all the same.
    pub event: Option<&'static str>,
    /// The name of what it is about, and the thing in JSON.
    pub about: Option<(&'static str, Box<RawValue>)>,
    /// Where to go on behind this message.
    pub resume_token: String,
}
