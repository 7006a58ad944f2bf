//! Following a topic: which service has it, and where its stream begins.

use std::{future, pin::Pin};

use futures::{FutureExt, Stream, StreamExt, stream};
use sir0_host::{HEARTBEAT, Said, Topic, Topics};
use tokio::time::timeout;
use tonic::Status;

use super::{
    Door,
    message::{BadMessage, Refusal},
};

pub(super) type Watch = Pin<Box<dyn Stream<Item = Heard> + Send>>;

/// A message of a stream. Its end is a message too: a stream map forgets a stream that ended without telling anyone.
pub(super) enum Heard {
    Update(Result<Said, Status>),
    End,
}

impl Door {
    /// The topic of this name, and the service that has it.
    pub(super) fn topic(&self, name: &str) -> Result<(Topic, &dyn Topics), BadMessage> {
        let mut found = self.topics.iter().filter_map(|of| Some((of.parse(name)?, &**of)));
        match found.next() {
            Some((Ok(topic), of)) => Ok((topic, of)),
            Some((Err(bad), _)) => Err(BadMessage::BadTopic(bad)),
            None => {
                let known: Vec<_> = self.topics.iter().map(|of| of.spelling()).collect();
                Err(BadMessage::UnknownTopic(known.join("; ")))
            }
        }
    }

    /// Opens a stream. If the stream says at once where it begins, the answer has that token too.
    pub(super) async fn watch(
        &self,
        topic: &Topic,
        resume: Option<String>,
    ) -> Result<(Watch, Option<String>), Refusal> {
        let (_, of) = self.topic(topic.as_str())?;
        let asked = of.follow(topic, resume.unwrap_or_default());
        match timeout(self.options.patience, asked).await {
            Ok(Ok(updates)) => {
                let updates = updates.map(Heard::Update);
                let mut watch = updates.chain(stream::once(future::ready(Heard::End))).boxed();
                Ok(match watch.next().now_or_never().flatten() {
                    Some(Heard::Update(Ok(said))) if said.event == Some(HEARTBEAT) => {
                        (watch, Some(said.resume_token))
                    }
                    Some(first) => (stream::once(future::ready(first)).chain(watch).boxed(), None),
                    None => (watch, None),
                })
            }
            Ok(Err(status)) => Err(Refusal::of_service(topic, &status)),
            Err(_) => Err(Refusal::no_answer(topic)),
        }
    }
}
