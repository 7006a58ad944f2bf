//! How a stream of messages is written over HTTP: a JSON array, a JSON object a line, or server-sent events.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use http::{HeaderMap, header};
use sir0_coding::weight;
use sir0_transcoding::{Field, Part, Shape, Unreadable, content_of, write_part};
use tonic::Status;

use super::answer::{Messages, broken};

/// The form of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// One JSON array, which ends with the stream.
    Array,
    /// One JSON value a line.
    Lines,
    /// Server-sent events, each with its resume token as its `id`: a browser sends it back as `Last-Event-ID`.
    Events,
}

impl Format {
    /// The form that a client likes best (RFC 9110, 12.5.1). Of several the first counts.
    pub(super) fn accepted(headers: &HeaderMap) -> Self {
        let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|it| it.to_str().ok());
        let mut best = (Self::Array, 0);
        for range in accepted.flat_map(|value| value.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let format = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
                "text/event-stream" => Self::Events,
                "application/x-ndjson" | "application/jsonl" => Self::Lines,
                "application/json" | "application/*" | "*/*" => Self::Array,
                _ => continue,
            };
            let weight = weight(parts);
            if weight > best.1 {
                best = (format, weight);
            }
        }
        best.0
    }

    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Array => "application/json",
            Self::Lines => "application/x-ndjson",
            Self::Events => "text/event-stream",
        }
    }
}

/// Messages in the form of their stream. After a failure nothing follows, so that an array without an end is known to
/// be cut off.
pub(super) struct Frames {
    messages: Messages,
    format: Format,
    part: Part,
    shape: &'static Shape,
    token: Option<&'static Field>,
    is_first: bool,
    is_over: bool,
}

impl Frames {
    pub(super) fn new(
        messages: Messages,
        format: Format,
        part: Part,
        shape: &'static Shape,
    ) -> Self {
        let token = shape.field("resume_token").filter(|_| format == Format::Events);
        Self { messages, format, part, shape, token, is_first: true, is_over: false }
    }

    fn frame(&mut self, message: &[u8]) -> Result<Bytes, Unreadable> {
        let mut frame = Vec::with_capacity(2 * message.len() + 64);
        let is_first = std::mem::take(&mut self.is_first);
        match self.format {
            Format::Array if is_first => frame.push(b'['),
            Format::Array => frame.push(b','),
            Format::Lines => {}
            Format::Events => {
                let token = self.token.map(|field| content_of(field, message)).transpose()?;
                if let Some(token) = token.flatten().filter(|token| !token.is_empty()) {
                    frame.extend_from_slice(b"id: ");
                    frame.extend_from_slice(token);
                    frame.push(b'\n');
                }
                frame.extend_from_slice(b"data: ");
            }
        }
        write_part(self.part, self.shape, message, &mut frame)?;
        match self.format {
            Format::Array => {}
            Format::Lines => frame.push(b'\n'),
            Format::Events => frame.extend_from_slice(b"\n\n"),
        }
        Ok(frame.into())
    }

    /// What follows the last message.
    fn end(&self) -> Option<Bytes> {
        let end = if self.is_first { "[]" } else { "]" };
        (self.format == Format::Array).then_some(Bytes::from_static(end.as_bytes()))
    }
}

impl Stream for Frames {
    type Item = Result<Bytes, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let next = ready!(self.messages.poll_next_unpin(context));
        let next = next.map(|message| self.frame(&message?).map_err(broken));
        self.is_over = !matches!(next, Some(Ok(_)));
        Poll::Ready(next.or_else(|| self.end().map(Ok)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_that_is_liked_best_is_sent() {
        for (accept, expected) in [
            ("", Format::Array),
            ("*/*", Format::Array),
            ("text/html", Format::Array),
            ("text/event-stream", Format::Events),
            ("Text/Event-Stream; charset=utf-8", Format::Events),
            ("application/x-ndjson", Format::Lines),
            ("application/jsonl;q=0.5, text/event-stream;q=0.25", Format::Lines),
            ("application/json;q=0.1, text/event-stream;q=1", Format::Events),
            ("text/event-stream;q=0.2, application/json;q=0.9", Format::Array),
            ("application/x-ndjson;q=0.8, text/event-stream;q=0.8", Format::Lines),
            ("text/event-stream;q=0", Format::Array),
            ("text/event-stream;q=1.001, application/x-ndjson;q=0.5", Format::Lines),
            ("text/event-stream;q=.5, application/x-ndjson;q=0.1", Format::Lines),
            ("text/event-stream;q=0.1234", Format::Array),
            ("text/event-stream;q=0.9;q=0.8, application/x-ndjson;q=0.5", Format::Lines),
        ] {
            let mut headers = HeaderMap::new();
            for value in accept.split(", ") {
                headers.append(header::ACCEPT, value.parse().unwrap());
            }
            assert_eq!(Format::accepted(&headers), expected, "{accept}");
        }
    }
}
