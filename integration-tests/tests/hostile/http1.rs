//! HTTP/1 byte by byte: no client between the test and the wire that could tidy up what is sent.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::stage::{QUICK, SMALL};

const LONG: Duration = Duration::from_secs(20);

/// What came back.
#[derive(Debug)]
pub(crate) struct RawAnswer {
    /// 0 when the connection was closed without a word.
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    pub(crate) took: Duration,
}

impl RawAnswer {
    fn read(bytes: &[u8], took: Duration) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
        let (head, body) = bytes.split_at(end);
        let head = String::from_utf8_lossy(head).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Self { status, head, body: body.get(4..).unwrap_or_default().to_vec(), took }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines
            .into_iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Refused as the contract says: the status, the one error body, quickly, briefly, and with nothing of our insides.
    pub(crate) fn is_refused(&self, status: u16, what: &str) {
        let json = self.json();
        let body = String::from_utf8_lossy(&self.body[..self.body.len().min(500)]);
        assert_eq!(self.status, status, "{what}: {body}");
        assert!(self.took < QUICK, "{what} took {:?}", self.took);
        assert!(json["error"].as_str().is_some_and(|it| !it.is_empty()), "{what}: {body}");
        assert!(json["details"].as_str().is_some_and(|it| !it.is_empty()), "{what}: {body}");
        assert!(self.body.len() < SMALL, "{what} was answered with {} bytes", self.body.len());
        for inside in ["sqlx", "SQLITE", "panicked", ".rs:", "stack", "serde"] {
            assert!(!body.contains(inside), "{what} shows our insides: {body}");
        }
    }
}

/// Whether these bytes are a whole answer.
fn is_whole(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    match length.and_then(|length| length.trim().parse::<usize>().ok()) {
        Some(length) => bytes.len() >= end + 4 + length,
        None if head.contains("transfer-encoding: chunked") => bytes.ends_with(b"0\r\n\r\n"),
        None => false,
    }
}

/// Sends these bytes on a separate connection and reads one answer, or what came until the connection was closed.
pub(crate) async fn sends(address: SocketAddr, request: &[u8]) -> RawAnswer {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let begun = Instant::now();
    let (mut reader, mut writer) = stream.split();
    let mut read = Vec::new();
    let writing = async {
        // A server that refuses half-way does not read the rest.
        let _ = writer.write_all(request).await;
    };
    let reading = async {
        let mut chunk = vec![0; 64 * 1024];
        while !is_whole(&read) {
            match reader.read(&mut chunk).await {
                Ok(count) if count > 0 => read.extend_from_slice(&chunk[..count]),
                _closed => break,
            }
        }
    };
    let both = async {
        tokio::pin!(writing);
        tokio::pin!(reading);
        let mut written = false;
        loop {
            tokio::select! {
                () = &mut writing, if !written => written = true,
                () = &mut reading => return,
            }
        }
    };
    timeout(LONG, both).await.expect("an answer in time");
    RawAnswer::read(&read, begun.elapsed())
}

/// A request by its parts, exactly as they are.
pub(crate) fn request(
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Vec<u8> {
    let mut request = format!("{method} {target} HTTP/1.1\r\nHost: sir0\r\n").into_bytes();
    for (name, value) in headers {
        request.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    request.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    request.extend_from_slice(body);
    request
}

/// Asks with a token and a body that claims to be JSON.
pub(crate) async fn asks(
    address: SocketAddr,
    method: &str,
    target: &str,
    token: &str,
    body: &[u8],
) -> RawAnswer {
    let authorization = format!("Bearer {token}");
    let mut headers = vec![("Content-Type", "application/json")];
    if !token.is_empty() {
        headers.push(("Authorization", &authorization));
    }
    sends(address, &request(method, target, &headers, body)).await
}

/// How long it takes until the other side closes, whatever it says first.
pub(crate) async fn is_closed_within(stream: &mut TcpStream, patience: Duration) -> Duration {
    let begun = Instant::now();
    let closed = async {
        let mut chunk = vec![0; 4096];
        while matches!(stream.read(&mut chunk).await, Ok(count) if count > 0) {}
    };
    timeout(patience, closed).await.expect("closed in time");
    begun.elapsed()
}
