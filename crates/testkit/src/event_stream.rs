//! A stream over REST, line by line, as a browser or curl reads it.

use reqwest::Response;
use serde_json::Value;
use tokio::time::timeout;

use crate::LONG;

/// An open stream. It is closed when it is dropped.
pub struct EventStream {
    response: Response,
    read: Vec<u8>,
}

impl EventStream {
    pub(crate) const fn new(response: Response) -> Self {
        Self { response, read: Vec::new() }
    }

    /// The content type of the stream.
    #[must_use]
    pub fn content_type(&self) -> &str {
        self.response.headers()["content-type"].to_str().expect("text")
    }

    /// The next line, without its end; `None` when the stream is over.
    pub async fn next_line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let rest = self.read.split_off(end + 1);
                let mut line = std::mem::replace(&mut self.read, rest);
                line.pop();
                return Some(String::from_utf8(line).expect("UTF-8"));
            }
            let chunk = timeout(LONG, self.response.chunk()).await.expect("a line in time");
            self.read.extend_from_slice(&chunk.expect("an unbroken stream")?);
        }
    }

    /// The next object of a stream of JSON lines, past heartbeats; `None` when the stream is over.
    pub async fn next_json(&mut self) -> Option<Value> {
        loop {
            let line = self.next_line().await?;
            if line.is_empty() {
                continue;
            }
            let object: Value = serde_json::from_str(&line).expect("every line is JSON");
            if object.get("heartbeat").is_none() {
                return Some(object);
            }
        }
    }

    /// The next server-sent event, past heartbeats: its id, if it has one, and its object. `None` when the stream is
    /// over.
    pub async fn next_event(&mut self) -> Option<(Option<String>, Value)> {
        let (mut id, mut sent) = (None, None);
        loop {
            let line = self.next_line().await?;
            match line.split_once(": ") {
                Some(("id", text)) => id = Some(text.to_owned()),
                Some(("data", text)) => {
                    sent = Some(serde_json::from_str(text).expect("every event is JSON"));
                }
                _ if line.is_empty() && sent.is_some() => {
                    let event: Value = sent?;
                    if event.get("heartbeat").is_none() {
                        return Some((id, event));
                    }
                    (id, sent) = (None, None);
                }
                _ => {}
            }
        }
    }
}
