//! One open socket, from the handshake to the last word. One task reads, asks and sends: while a frame waits for the
//! client, no stream is polled, so a slow client holds one frame and a place in the table, never a queue.

use std::{convert::Infallible, future, sync::Arc};

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use serde::Serialize;
use sir0_host::{GOING_AWAY, Topic};
use sir0_kernel::Held;
use sir0_rpc::request_id;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, sleep_until, timeout};
use tokio_stream::StreamMap;
use tungstenite::error::{Error as Fault, ProtocolError};

use super::{
    BURST, Door, MAX_TOPICS, PACE,
    following::{Heard, Watch},
    message::{Answer, BadMessage, Command, Refusal, Update, to_json},
};
use crate::{body::LOOK_AGAIN, pace::Pace};

/// Why a socket ends.
enum End {
    /// The client closed, or vanished.
    Left,
    /// The client did not accept a frame in time.
    TooSlow,
    /// Nothing came from the client, not even an answer to a ping.
    Silent,
    /// The server stops.
    Stopping,
    /// The client sent something that the library cannot read past.
    Unreadable(BadMessage),
}

impl End {
    /// The close frame that the server sends. `None` when the client left first.
    fn close_frame(&self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Left => return None,
            Self::TooSlow => {
                (close_code::POLICY, "read too slowly, resume with the last resumeToken")
            }
            Self::Silent => (close_code::POLICY, "nothing was heard, not even a pong"),
            Self::Stopping => (close_code::AWAY, "going away, resume with the last resumeToken"),
            Self::Unreadable(BadMessage::TooLarge) => (close_code::SIZE, "message too large"),
            Self::Unreadable(BadMessage::NotUtf8) => (close_code::INVALID, "text is not UTF-8"),
            Self::Unreadable(_) => (close_code::PROTOCOL, "the frames break RFC 6455"),
        };
        Some(CloseFrame { code, reason: Utf8Bytes::from_static(reason) })
    }
}

impl From<axum::Error> for End {
    fn from(error: axum::Error) -> Self {
        // This works as long as axum uses the same version. The test on oversized messages would tell.
        match error.into_inner().downcast_ref::<Fault>() {
            Some(Fault::Capacity(_)) => Self::Unreadable(BadMessage::TooLarge),
            Some(Fault::Utf8(_)) => Self::Unreadable(BadMessage::NotUtf8),
            Some(Fault::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => Self::Left,
            Some(Fault::Protocol(_)) => Self::Unreadable(BadMessage::BadFrame),
            _ => Self::Left,
        }
    }
}

/// One open socket.
pub(super) struct Session {
    socket: WebSocket,
    door: Arc<Door>,
    watched: StreamMap<Topic, Watch>,
    last_heard: Instant,
    /// How fast the client may talk.
    pace: Pace,
}

impl Session {
    pub(super) fn new(socket: WebSocket, door: Arc<Door>) -> Self {
        Self {
            socket,
            door,
            watched: StreamMap::new(),
            last_heard: Instant::now(),
            pace: Pace::new(BURST, PACE, Instant::now()),
        }
    }

    /// Serves the client until one of the two ends it.
    pub(super) async fn run(mut self: Box<Self>) {
        let _counted = Counted::new();
        let Err(end) = self.talk().await;
        // The streams go first: nothing is read for a client that is about to be told goodbye.
        self.watched.clear();
        Box::pin(self.close(end)).await;
    }

    async fn talk(&mut self) -> Result<Infallible, End> {
        let stopping = self.door.stopping.clone();
        let options = self.door.options.clone();
        let mut pings = interval_at(Instant::now() + options.ping_every, options.ping_every);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let silent_at = self.last_heard + options.silence;
            let Self { socket, pace, watched, .. } = &mut *self;
            let heard = async {
                pace.opens().await;
                socket.recv().await
            };
            // The order counts: what the client said counts before its silence does.
            tokio::select! {
                biased;
                () = stopping.cancelled() => return Err(Box::pin(self.go_away()).await),
                message = heard => self.hear(message).await?,
                () = sleep_until(silent_at) => return Err(End::Silent),
                _ = pings.tick() => self.send(Message::Ping(Bytes::new())).await?,
                Some((topic, heard)) = watched.next() => self.pass_on(topic, heard).await?,
            }
        }
    }

    async fn hear(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        self.last_heard = Instant::now();
        self.pace.take(1, self.last_heard);
        match message.ok_or(End::Left)?? {
            Message::Text(text) => match Command::parse(&text) {
                // Boxed, because a socket is long open, and asks for something once or twice.
                Ok(command) => Box::pin(self.follow(command)).await,
                Err(bad) => self.say(&Refusal::from(bad)).await,
            },
            Message::Binary(_) => self.say(&Refusal::from(BadMessage::NotText)).await,
            Message::Ping(_) | Message::Pong(_) => Ok(()),
            Message::Close(_) => Err(End::Left),
        }
    }

    async fn follow(&mut self, command: Command) -> Result<(), End> {
        let (Command::Subscribe { topic, .. } | Command::Unsubscribe { topic }) = &command;
        let topic = match self.door.topic(topic) {
            Ok((topic, _)) => topic,
            Err(bad) => return self.say(&Refusal::from(bad)).await,
        };
        match command {
            Command::Subscribe { resume, .. } => self.subscribe(topic, resume).await,
            Command::Unsubscribe { .. } => self.unsubscribe(topic).await,
        }
    }

    async fn subscribe(&mut self, topic: Topic, resume: Option<String>) -> Result<(), End> {
        let subscribed = self.watched.contains_key(&topic);
        if subscribed && resume.is_none() {
            return self.say(&Answer::subscribed(&topic, None)).await;
        }
        if !subscribed && self.watched.len() >= MAX_TOPICS {
            return self.say(&Refusal::from(BadMessage::TooManyTopics)).await;
        }
        match self.door.watch(&topic, resume).await {
            Ok((watch, begins_at)) => {
                // Answer first, listen second: no change overtakes the answer.
                self.say(&Answer::subscribed(&topic, begins_at)).await?;
                self.watched.insert(topic, watch);
                Ok(())
            }
            // A subscription that stood before goes on unchanged.
            Err(refusal) => self.say(&refusal).await,
        }
    }

    async fn unsubscribe(&mut self, topic: Topic) -> Result<(), End> {
        self.watched.remove(&topic);
        self.say(&Answer::unsubscribed(&topic)).await
    }

    async fn pass_on(&mut self, topic: Topic, heard: Heard) -> Result<(), End> {
        match heard {
            Heard::Update(Ok(heard)) => {
                if let Some(update) = Update::new(&topic, &heard) {
                    self.say(&update).await?;
                }
                if heard.event == Some(GOING_AWAY) {
                    self.watched.remove(&topic);
                }
                Ok(())
            }
            Heard::Update(Err(status)) => {
                self.watched.remove(&topic);
                self.say(&Refusal::of_service(&topic, &status)).await
            }
            Heard::End if self.door.stopping.is_cancelled() => Ok(()),
            Heard::End => self.say(&Refusal::ended(&topic)).await,
        }
    }

    /// Passes on what the streams still have to say, up to their own goodbye.
    async fn go_away(&mut self) -> End {
        let farewell = self.door.options.farewell;
        let last_words = async {
            while let Some((topic, heard)) = self.watched.next().await {
                self.pass_on(topic, heard).await?;
            }
            Ok(())
        };
        match timeout(farewell, last_words).await {
            Ok(Err(end)) => end,
            Ok(Ok(())) | Err(_) => End::Stopping,
        }
    }

    async fn say(&mut self, frame: &impl Serialize) -> Result<(), End> {
        self.send(Message::Text(to_json(frame).into())).await
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        let bytes = match &message {
            Message::Text(text) => text.len(),
            _ => 0,
        };
        let sending = async {
            let _held = room_for(bytes).await;
            // Pongs that a client asked for and did not read may fill the library's buffer, and a full buffer
            // refuses a frame at once instead of waiting for the client.
            self.socket.flush().await?;
            self.socket.send(message).await
        };
        match timeout(self.door.options.patience, sending).await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(End::TooSlow),
        }
    }

    async fn close(&mut self, end: End) {
        let farewell = self.door.options.farewell;
        // A client that does not take the last words in time goes without them.
        let _ = timeout(farewell, self.last_words(end)).await;
    }

    async fn last_words(&mut self, end: End) -> Result<(), axum::Error> {
        if let Some(frame) = end.close_frame() {
            tracing::debug!(code = frame.code, "a WebSocket closes: {}", frame.reason.as_str());
            self.socket.flush().await?;
            if let End::Unreadable(bad) = end {
                let refusal = Refusal::from(bad).to_json();
                self.socket.send(Message::Text(refusal.into())).await?;
                self.socket.send(Message::Close(Some(frame))).await?;
                // The library reads no further, and dropping a connection with unread input resets it, which may
                // take the words just sent with it: let the client hear them first.
                return future::pending().await;
            }
            self.socket.send(Message::Close(Some(frame))).await?;
        }
        // Reading on finishes the closing handshake, whichever side began it.
        while self.socket.recv().await.transpose()?.is_some() {}
        Ok(())
    }
}

/// Holds what is about to be sent, once the client has room for it.
async fn room_for(bytes: usize) -> Option<Held> {
    let share = request_id::share().filter(|_| bytes > 0)?;
    loop {
        if let Ok(held) = share.hold_next(bytes) {
            return Some(held);
        }
        sleep(LOOK_AGAIN).await;
    }
}

/// Keeps the gauge of open sockets, also when a session ends in a panic.
struct Counted;

impl Counted {
    fn new() -> Self {
        metrics::gauge!("sir0_websockets_open").increment(1.0);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        metrics::gauge!("sir0_websockets_open").decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size of what a function makes of this.
    fn size_of_made<T, M>(_make: impl FnOnce(T) -> M) -> usize {
        size_of::<M>()
    }

    /// A socket is idle for hours, and there are thousands. What it does once, or now and then, is boxed; in its future,
    /// every socket would keep the room for it.
    #[test]
    fn a_socket_that_waits_takes_no_room_for_what_it_does_seldom() {
        let waiting = size_of_made(Session::run);

        assert!(waiting <= 1792, "{waiting} bytes");
        assert!(size_of::<Session>() <= 512, "{} bytes", size_of::<Session>());
    }
}
