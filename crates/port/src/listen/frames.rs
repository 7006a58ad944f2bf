//! Counting the frames of an HTTP/2 connection. hyper and h2 let a client send as many frames of most kinds as it
//! likes. Each costs work here, and costs the client nothing. So each frame takes from the credit of the connection.
//! The connection earns credit by being used: by requests, by the bytes that are sent to it, and slowly by time.

use std::ops::ControlFlow;

use tokio::time::Instant;

use super::activity::{Activity, Seen};

const HEAD: usize = 9;

/// The most credit of a connection. A frame that clients send as they need takes 1.
const MOST: i64 = 4_000;
/// The credit that each request brings: for its headers, its body in small pieces, the windows it opens, a ping.
const PER_REQUEST: i64 = 8;
/// This many bytes sent bring 1. Opening the window by one byte each time has to cost more than it brings.
const BYTES_SENT: i64 = 32;
/// The credit that each second brings.
const PER_SECOND: i64 = 200;

/// The most credit of a connection for resets. Each reset takes 1.
const MOST_RESETS: i64 = 2_000;
/// The credit for resets that each second brings. 256 calls at a time that each give up after a second take less.
const RESETS_PER_SECOND: i64 = 300;

/// The credit that a rare frame takes: settings, and answers to our own frames, which are few.
const RARE: i64 = 100;
/// A frame of a body that brings this much takes nothing.
const SUBSTANTIAL: usize = 64;

mod kind {
    pub(super) const DATA: u8 = 0;
    pub(super) const RST_STREAM: u8 = 3;
    pub(super) const SETTINGS: u8 = 4;
    pub(super) const PUSH_PROMISE: u8 = 5;
    pub(super) const PING: u8 = 6;
    pub(super) const GOAWAY: u8 = 7;
}

/// The flag that makes a `PING` the answer to another.
const ACK: u8 = 1;

/// The connection sent more than it may.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Flood {
    /// How much of what was read comes before the frame that is one too many. `None` if that frame began in an earlier
    /// read.
    pub(super) before: Option<usize>,
}

/// The frames of one connection, read as they come.
pub(super) struct Frames {
    /// The head of a frame, as far as it came.
    head: [u8; HEAD],
    came: usize,
    /// How much of the content of the frame is still to come.
    content: usize,
    left: i64,
    resets_left: i64,
    /// What the connection was used for when its credit last ran out.
    paid: Seen,
    paid_at: Instant,
}

impl Frames {
    pub(super) fn new() -> Self {
        Self {
            head: [0; HEAD],
            came: 0,
            content: 0,
            left: MOST,
            resets_left: MOST_RESETS,
            paid: Seen::default(),
            paid_at: Instant::now(),
        }
    }

    /// How much of the content of a frame that began is still to come.
    pub(super) const fn content(&self) -> usize {
        self.content
    }

    /// Counts the frames in what was read.
    pub(super) fn read(&mut self, bytes: &[u8], activity: &Activity) -> Result<(), Flood> {
        let mut rest = bytes;
        loop {
            let content = self.content.min(rest.len());
            self.content -= content;
            rest = &rest[content..];
            let before = (self.came == 0).then_some(bytes.len() - rest.len());
            let head = if self.came == 0
                && let Some((head, after)) = rest.split_first_chunk::<HEAD>()
            {
                rest = after;
                *head
            } else {
                let came = rest.len().min(HEAD - self.came);
                self.head[self.came..self.came + came].copy_from_slice(&rest[..came]);
                self.came += came;
                rest = &rest[came..];
                if self.came < HEAD {
                    return Ok(());
                }
                self.came = 0;
                self.head
            };
            if self.count(head, activity).is_break() {
                return Err(Flood { before });
            }
        }
    }

    fn count(&mut self, head: [u8; HEAD], activity: &Activity) -> ControlFlow<()> {
        let [a, b, c, kind, flags, ..] = head;
        self.content = u32::from_be_bytes([0, a, b, c]) as usize;
        match kind {
            kind::DATA if self.content >= SUBSTANTIAL => return ControlFlow::Continue(()),
            kind::RST_STREAM => {
                self.left -= 1;
                self.resets_left -= 1;
            }
            kind::SETTINGS | kind::PUSH_PROMISE | kind::GOAWAY => self.left -= RARE,
            kind::PING if flags & ACK != 0 => self.left -= RARE,
            _ => self.left -= 1,
        }
        if self.left < 0 || self.resets_left < 0 {
            self.earn(&activity.seen(), Instant::now());
        }
        if self.left < 0 || self.resets_left < 0 {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    /// Adds the credit that the connection earned since it last ran out. A connection in real use runs out once in
    /// thousands of frames.
    fn earn(&mut self, seen: &Seen, now: Instant) {
        let since = |now: usize, then: usize| {
            i64::try_from(now.wrapping_sub(then)).unwrap_or(MOST * BYTES_SENT)
        };
        let millis = now.duration_since(self.paid_at).as_millis();
        let millis = i64::try_from(millis).unwrap_or(MOST * 1_000).min(MOST * 1_000);
        let used = since(seen.begun, self.paid.begun).min(MOST) * PER_REQUEST
            + since(seen.sent, self.paid.sent) / BYTES_SENT;
        self.left = MOST.min(self.left + used + PER_SECOND * millis / 1_000);
        let answered = since(seen.answered, self.paid.answered);
        self.resets_left =
            MOST_RESETS.min(self.resets_left + answered + RESETS_PER_SECOND * millis / 1_000);
        (self.paid, self.paid_at) = (*seen, now);
    }
}

#[cfg(test)]
mod tests;
