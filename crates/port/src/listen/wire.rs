//! The bytes of one connection, on their way between the system and hyper. Here is done what neither hyper nor the
//! doors can do: frames are counted, a refusal of hyper's becomes one of ours, and a WebSocket is read at a pace.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::Version;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use super::{
    activity::Activity,
    backlog::{Backlog, Turn},
    farewell::Farewell,
    frames::Frames,
    target::Target,
    unanswered::Unanswered,
};
use crate::{linger::LingeringStream, pace::Pace};

const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How much is read over HTTP/2 at a time, beside the content of a frame that began. A hundred calls fit into one read,
/// and beginning them all takes a millisecond in which nothing else runs here. So a connection with so much to say lets
/// others go first in between.
const FRAMES_AT_A_TIME: usize = 512;

/// What a WebSocket may send at once, in bytes: many times the longest message.
const SOCKET_BURST: u32 = 512 * 1024;
/// What it may send each second from then on. Commands are short; frames without content would cost the most.
const SOCKET_PACE: u32 = 64 * 1024;

/// One connection.
pub(super) struct Wire {
    stream: LingeringStream,
    activity: Activity,
    spoken: Spoken,
    /// Bytes that told what the client speaks, and are not handed on yet.
    first: Vec<u8>,
    /// The rest of a refusal that takes the place of hyper's.
    refusing: Option<Vec<u8>>,
    backlog: Backlog,
    /// Set after the client sent much, until the others have had their turn.
    turn: Option<Turn>,
}

/// What the client speaks.
enum Spoken {
    /// This many bytes agree with the preface of HTTP/2.
    Perhaps2(usize),
    Http1(Target),
    Http2(Frames),
    Flood(Farewell),
    Socket(Socket),
}

/// The pace of a WebSocket.
struct Socket {
    pace: Pace,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Wire {
    pub(super) fn new(stream: LingeringStream, activity: Activity, backlog: Backlog) -> Self {
        let (spoken, first) = (Spoken::Perhaps2(0), Vec::new());
        Self { stream, activity, spoken, first, refusing: None, backlog, turn: None }
    }

    /// Finds out what the client speaks. The bytes that tell are read again.
    pub(super) fn poll_spoken(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Version>> {
        while let Spoken::Perhaps2(agreed) = self.spoken {
            let mut room = [0; PREFACE.len()];
            let mut came = ReadBuf::new(&mut room[agreed..]);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut came))?;
            if came.filled().is_empty() {
                // The stream ended. The next read finds that too, and HTTP/1 ends the connection.
                return Poll::Ready(Ok(Version::HTTP_11));
            }
            self.note(&mut came, 0)?;
            self.first.extend_from_slice(came.filled());
        }
        let is_http2 = matches!(self.spoken, Spoken::Http2(_));
        Poll::Ready(Ok(if is_http2 { Version::HTTP_2 } else { Version::HTTP_11 }))
    }

    /// Hands on the bytes that told what the client speaks.
    fn hand_on_first(&mut self, into: &mut ReadBuf<'_>) {
        let some = self.first.len().min(into.remaining());
        into.put_slice(&self.first[..some]);
        self.first.drain(..some);
        if self.first.is_empty() {
            self.first = Vec::new();
        }
    }

    /// Reads this much at most. After a read of all of it, the next read comes after everyone else's turn.
    fn poll_read_at_most(
        &mut self,
        most: usize,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(turn) = &self.turn {
            ready!(turn.poll());
            self.turn = None;
        }
        let room = most.min(into.remaining());
        let mut some = ReadBuf::new(into.initialize_unfilled_to(room));
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut some))?;
        let came = some.filled().len();
        into.advance(came);
        if came == most {
            self.turn = Some(Turn::waits(&self.backlog, context));
        }
        Poll::Ready(Ok(()))
    }

    /// Takes note of what was read. Of a flood, only the bytes before it are passed on, and then h2 is made to say
    /// goodbye.
    fn note(&mut self, into: &mut ReadBuf<'_>, before: usize) -> io::Result<()> {
        let mut came = &into.filled()[before..];
        if let Spoken::Perhaps2(agreed) = &mut self.spoken {
            let next = came.len().min(PREFACE.len() - *agreed);
            if came[..next] != PREFACE[*agreed..*agreed + next] {
                self.activity.received(*agreed);
                self.spoken = Spoken::Http1(Target::default());
            } else if *agreed + next < PREFACE.len() {
                *agreed += next;
            } else {
                came = &came[next..];
                self.spoken = Spoken::Http2(Frames::new());
            }
        }
        match &mut self.spoken {
            Spoken::Http1(target) => {
                self.activity.received(came.len());
                target.read(came, self.activity.begun());
            }
            Spoken::Http2(frames) => {
                let Err(flood) = frames.read(came, &self.activity) else { return Ok(()) };
                let unread = came.len();
                self.activity.flooded();
                metrics::counter!(super::FLOODS).increment(1);
                tracing::debug!("a connection sent more frames than any use explains, it ends");
                // Half of the frame has been read already: nothing that h2 understands can follow it.
                let before_it = flood.before.ok_or(io::ErrorKind::ConnectionAborted)?;
                let mut farewell = Farewell::default();
                into.set_filled(into.filled().len() - unread + before_it);
                farewell.read(into)?;
                self.spoken = Spoken::Flood(farewell);
            }
            Spoken::Perhaps2(_) | Spoken::Flood(_) | Spoken::Socket(_) => {}
        }
        Ok(())
    }

    /// Writes a refusal of ours in place of hyper's, if hyper wrote one.
    fn poll_refuse(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Option<Poll<io::Result<usize>>> {
        let Spoken::Http1(target) = &self.spoken else { return None };
        if self.activity.is_answering() {
            return None;
        }
        let found = Unanswered::at_the_end_of(bytes)?;
        if found.before > 0 {
            return Some(Pin::new(&mut self.stream).poll_write(context, &bytes[..found.before]));
        }
        let ours = self.refusing.get_or_insert_with(|| found.to_bytes(target.is_endless()));
        while !ours.is_empty() {
            match Pin::new(&mut self.stream).poll_write(context, ours) {
                Poll::Ready(Ok(0)) => return Some(Poll::Ready(Ok(0))),
                Poll::Ready(Ok(written)) => drop(ours.drain(..written)),
                other => return Some(other),
            }
        }
        self.refusing = None;
        Some(Poll::Ready(Ok(bytes.len())))
    }

    fn sent(&self, polled: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(written)) = polled {
            self.activity.sent(written);
        }
        polled
    }
}

impl Socket {
    fn new() -> Self {
        Self { pace: Pace::new(SOCKET_BURST, SOCKET_PACE, Instant::now()), waiting: None }
    }

    fn poll_read(
        &mut self,
        stream: &mut LingeringStream,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.waiting.is_none() {
            let opens = self.pace.opens_at(Instant::now());
            self.waiting = opens.map(|at| Box::pin(sleep_until(at)));
        }
        if let Some(waiting) = &mut self.waiting {
            ready!(waiting.as_mut().poll(context));
            self.waiting = None;
        }
        let before = into.filled().len();
        ready!(Pin::new(stream).poll_read(context, into))?;
        let came = into.filled().len() - before;
        self.pace.take(u32::try_from(came).unwrap_or(u32::MAX), Instant::now());
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match &mut this.spoken {
            Spoken::Flood(farewell) => return Poll::Ready(farewell.read(into)),
            Spoken::Http1(_) if this.activity.is_upgraded() => {
                this.spoken = Spoken::Socket(Socket::new());
            }
            _ => {}
        }
        if let Spoken::Socket(socket) = &mut this.spoken {
            return socket.poll_read(&mut this.stream, context, into);
        }
        let has_first = !this.first.is_empty();
        if has_first {
            this.hand_on_first(into);
        }
        let before = into.filled().len();
        let polled = match &this.spoken {
            Spoken::Http2(_) if has_first => return Poll::Ready(Ok(())),
            Spoken::Http2(frames) => {
                let most = frames.content() + FRAMES_AT_A_TIME;
                this.poll_read_at_most(most, context, into)
            }
            // What follows the first bytes is read with them: hyper makes more room after each read that ends within a
            // head.
            _ => Pin::new(&mut this.stream).poll_read(context, into),
        };
        match polled {
            Poll::Pending if has_first => Poll::Ready(Ok(())),
            Poll::Pending => Poll::Pending,
            Poll::Ready(read) => Poll::Ready(read.and_then(|()| this.note(into, before))),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = match this.poll_refuse(context, from) {
            Some(polled) => polled,
            None => Pin::new(&mut this.stream).poll_write(context, from),
        };
        this.sent(polled)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        // hyper writes a head without a body as one piece.
        let refused = match from {
            [head] => this.poll_refuse(context, head),
            _ => None,
        };
        let polled = match refused {
            Some(polled) => polled,
            None => Pin::new(&mut this.stream).poll_write_vectored(context, from),
        };
        this.sent(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests;
