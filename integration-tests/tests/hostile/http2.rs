//! gRPC frame by frame: over HTTP/2 and, for browsers, over HTTP/1.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{net::TcpStream, time::timeout};

use crate::{
    http1,
    stage::{QUICK, SMALL},
};

const LONG: Duration = Duration::from_secs(20);

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) http: u16,
    pub(crate) code: Option<i32>,
    pub(crate) message: String,
    /// Whether the status carries details: `ErrorInfo`, and what goes with it.
    pub(crate) has_details: bool,
    /// Which encodings of messages the server takes.
    pub(crate) accepts: Option<String>,
    pub(crate) headers_len: usize,
    pub(crate) took: Duration,
}

impl Ended {
    fn of(http: u16, headers: &HeaderMap, took: Duration) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let headers_len = headers.iter().map(|(name, value)| name.as_str().len() + value.len());
        Self {
            http,
            code: text("grpc-status").and_then(|code| code.parse().ok()),
            message: text("grpc-message").unwrap_or_default().to_owned(),
            has_details: headers.contains_key("grpc-status-details-bin"),
            accepts: text("grpc-accept-encoding").map(str::to_owned),
            headers_len: headers_len.sum(),
            took,
        }
    }

    /// Refused with this code, quickly, briefly, and with details for programs.
    pub(crate) fn is_refused(&self, code: i32, what: &str) {
        assert_eq!((self.http, self.code), (200, Some(code)), "{what}: {self:?}");
        assert!(self.took < QUICK, "{what} took {:?}", self.took);
        assert!(self.has_details, "{what}: {self:?}");
        // Clients refuse trailers above 8 KiB and then know nothing.
        assert!(self.headers_len < 8 * 1024, "{what}: {} bytes of trailers", self.headers_len);
    }
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// One message in its frame.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("a short message");
    [&[0], &length.to_be_bytes()[..], message].concat()
}

/// A connection.
#[derive(Clone)]
pub(crate) struct Http2 {
    sender: http2::SendRequest<Full<Bytes>>,
}

impl Http2 {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("it listens");
        stream.set_nodelay(true).expect("a socket");
        Self::over(stream).await
    }

    pub(crate) async fn over(stream: TcpStream) -> Self {
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .handshake(TokioIo::new(stream))
            .await
            .expect("it speaks HTTP/2");
        tokio::spawn(async {
            // How it ends is what the tests find out by themselves.
            let _ = connection.await;
        });
        Self { sender }
    }

    /// Asks without a body, and reads the whole answer.
    pub(crate) async fn asks(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Answered {
        let mut request = Request::builder().method(method).uri(format!("http://sir0{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::default()).expect("good parts");
        let mut sender = self.sender.clone();
        sender.ready().await.expect("an open connection");
        let answer = sender.send_request(request).await.expect("an answer");
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.expect("an unbroken answer").to_bytes();
        Answered { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Begins a call; what comes back is not read yet.
    pub(crate) async fn begins(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> hyper::Result<Response<Incoming>> {
        self.begins_by("POST", path, headers, body).await
    }

    /// As [`Self::begins`], with headers that need be no text.
    pub(crate) async fn begins_with(
        &self,
        path: &str,
        headers: &[(&str, &[u8])],
        body: Vec<u8>,
    ) -> hyper::Result<Response<Incoming>> {
        self.begins_by("POST", path, headers, body).await
    }

    async fn begins_by<V: AsRef<[u8]>>(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, V)],
        body: Vec<u8>,
    ) -> hyper::Result<Response<Incoming>> {
        let request = Request::builder().method(method).uri(format!("http://sir0{path}"));
        let mut request = request.header("te", "trailers");
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/grpc");
        }
        for (name, value) in headers {
            request = request.header(*name, value.as_ref());
        }
        let request = request.body(Full::new(body.into())).expect("good parts");
        let mut sender = self.sender.clone();
        sender.ready().await?;
        sender.send_request(request).await
    }

    /// Makes a call with these bytes as its body, and tells how it ended.
    pub(crate) async fn calls(&self, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Ended {
        self.calls_by("POST", path, headers, body).await
    }

    /// The same by any method.
    pub(crate) async fn calls_by(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Ended {
        let begun = Instant::now();
        let call = async {
            let response = match self.begins_by(method, path, headers, body).await {
                Ok(response) => response,
                Err(broken_off) => panic!("{path} broke the connection: {broken_off:?}"),
            };
            let (parts, body) = response.into_parts();
            let whole = body.collect().await.expect("an unbroken answer");
            let trailers = whole.trailers().cloned().unwrap_or_default();
            let ending =
                if parts.headers.contains_key("grpc-status") { &parts.headers } else { &trailers };
            Ended::of(parts.status.as_u16(), ending, begun.elapsed())
        };
        timeout(LONG, call).await.expect("an answer in time")
    }
}

/// Makes a call as a browser does.
pub(crate) async fn calls_from_browser(
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Ended {
    let mut all = vec![
        ("Content-Type", "application/grpc-web+proto"),
        ("Accept", "application/grpc-web+proto"),
    ];
    all.extend_from_slice(headers);
    let answer = http1::sends(address, &http1::request("POST", path, &all, body)).await;
    assert!(answer.body.len() < SMALL, "{} bytes", answer.body.len());
    let mut ending = HeaderMap::new();
    let chunks = dechunked(&answer);
    for text in [answer.head.as_str(), &String::from_utf8_lossy(&trailers_in(&chunks))] {
        for (name, value) in text.lines().filter_map(|line| line.split_once(':')) {
            if let (Ok(name), Ok(value)) =
                (name.trim().parse::<http::HeaderName>(), value.trim().parse())
            {
                ending.insert(name, value);
            }
        }
    }
    Ended::of(answer.status, &ending, answer.took)
}

fn dechunked(answer: &http1::RawAnswer) -> Vec<u8> {
    if answer.header("transfer-encoding") != Some("chunked") {
        return answer.body.clone();
    }
    let (mut rest, mut whole) = (&answer.body[..], Vec::new());
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = String::from_utf8_lossy(&rest[..end]);
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        if size == 0 {
            break;
        }
        whole.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
    whole
}

/// The frame behind the messages that stands for the trailers.
fn trailers_in(body: &[u8]) -> Vec<u8> {
    let mut rest = body;
    while let [flag, a, b, c, d, behind @ ..] = rest {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        let (content, next) = behind.split_at(length.min(behind.len()));
        if flag & 0x80 != 0 {
            return content.to_vec();
        }
        rest = next;
    }
    Vec::new()
}
