//! The access log: one line for each request, for operators who want it. A refused request also gets a line at level
//! `debug`. Switched off, the log costs two comparisons a request.

use std::time::Instant;

use http::{Method, Request, Response};
use hyper::body::Incoming;
use sir0_rpc::{Client, request_id::RequestId};
use sir0_telemetry::logs::ACCESS;
use tonic::Code;

use crate::{
    grpc,
    outcome::Outcome,
    pages::{Pages, SOCKET},
};

/// Whether each request is written down.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AccessLog {
    pub(crate) is_on: bool,
}

impl AccessLog {
    /// Notes the client and the request, if a line will be written about them.
    pub(crate) fn begin(
        self,
        id: &RequestId,
        client: Client,
        request: &Request<Incoming>,
        pages: &Pages,
    ) -> Option<Box<Visit>> {
        if !self.is_on && !tracing::enabled!(tracing::Level::DEBUG) {
            return None;
        }
        Some(Box::new(Visit {
            is_written: self.is_on,
            id: id.clone(),
            client,
            door: door_of(request, pages),
            method: method(request.method()),
            path: harmless(request.uri().path()),
            began: Instant::now(),
            status: 0,
            // The outcome of a request that gets no answer.
            outcome: Outcome { call: None, code: Code::Cancelled },
            bytes: 0,
        }))
    }
}

/// A request, until its answer is over. Its line is written then.
#[derive(Debug)]
pub(crate) struct Visit {
    is_written: bool,
    id: RequestId,
    client: Client,
    door: &'static str,
    method: String,
    path: String,
    began: Instant,
    status: u16,
    outcome: Outcome,
    bytes: u64,
}

impl Visit {
    /// Notes what is answered. The answer has still to be sent.
    pub(crate) fn answered<B>(&mut self, response: &Response<B>, outcome: Outcome) {
        self.status = response.status().as_u16();
        self.outcome = outcome;
        if outcome.is_refusal() {
            let Self { id, door, method, path, .. } = self;
            tracing::debug!(request = %id, door, method, path, code = outcome.name(), "refused");
        }
    }

    /// Whether the visit needs to hear of the bytes that are sent.
    pub(crate) const fn goes_on(&self) -> bool {
        self.is_written
    }

    /// Notes that these bytes are sent.
    pub(crate) const fn sent(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    /// Notes the end of an answer that began well.
    pub(crate) const fn ended(&mut self, code: Code) {
        if matches!(self.outcome.code, Code::Ok) {
            self.outcome.code = code;
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if !self.is_written {
            return;
        }
        let Self { id, client, door, method, path, status, outcome, bytes, began, .. } = self;
        let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(
            target: ACCESS,
            {
                request = %id,
                client = %client.address(),
                door,
                method,
                path,
                status,
                code = outcome.name(),
                milliseconds,
                bytes,
            },
            "answered"
        );
    }
}

fn door_of(request: &Request<Incoming>, pages: &Pages) -> &'static str {
    match grpc::door_of(request.headers()) {
        Some(door) => door.name(),
        None if request.uri().path() == SOCKET => "ws",
        None if pages.know(request.uri().path()) => "page",
        None => "rest",
    }
}

fn method(method: &Method) -> String {
    const LONGEST: usize = 16;
    method.as_str().chars().take(LONGEST).collect()
}

/// A path without what may be a secret or a person: every part that is not a plain word is left out. A client may put a
/// token or an e-mail into a path by mistake. Such a part is longer or odder than any word of ours.
fn harmless(path: &str) -> String {
    const LONGEST_PART: usize = 40;
    const PARTS: usize = 8;
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    let mut said = String::new();
    for (nth, part) in path.split('/').skip(1).enumerate() {
        said.push('/');
        if nth >= PARTS {
            said.push('…');
            break;
        }
        let is_word = part.len() <= LONGEST_PART && part.bytes().all(is_plain);
        said.push_str(if is_word { part } else { "…" });
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_ours_is_told_as_it_is() {
        for path in [
            "/",
            "/api/games/7",
            "/api/games:watch",
            "/sir0.storefront.v1.GamesService/GetGame",
            "/sir0.accounts.internal.v1.TrustService/WatchEndedSessions",
            "/.well-known/jwks.json",
        ] {
            assert_eq!(harmless(path), path);
        }
    }

    #[test]
    fn what_has_no_business_in_a_path_is_left_out_of_the_line() {
        for (path, said) in [
            ("/api/users/ada@example.com", "/api/users/…"),
            ("/api/users/ada%40example.com", "/api/users/…"),
            (
                "/api/users/logout/eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.e30.c2ln",
                "/api/users/logout/…",
            ),
            ("/a b\"\n", "/…"),
            ("/1/2/3/4/5/6/7/8/9/10", "/1/2/3/4/5/6/7/8/…"),
            ("*", ""),
        ] {
            assert_eq!(harmless(path), said);
        }
    }
}
