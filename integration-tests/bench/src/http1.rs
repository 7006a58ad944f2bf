//! Single HTTP/1.1 requests and kept-alive connections, on hyper.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, body::Incoming, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: Bytes,
}

/// One connection, kept alive.
pub(crate) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    host: String,
    /// What stands in `Authorization`.
    authorization: Option<String>,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Ends with the sender; what goes wrong on the way, the request reports.
        tokio::spawn(connection);
        Ok(Self { sender, host: address.to_string(), authorization: None })
    }

    /// Connects, and shows these credentials with every request.
    pub(crate) async fn open_as(address: SocketAddr, authorization: &str) -> Result<Self> {
        let connection = Self::open(address).await?;
        Ok(Self { authorization: Some(authorization.to_owned()), ..connection })
    }

    /// Asks and reads the answer to its end.
    pub(crate) async fn send(&mut self, method: Method, path: &str, body: Bytes) -> Result<Answer> {
        let mut request =
            Request::builder().method(method).uri(path).header(header::HOST, &self.host);
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        self.sender.ready().await?;
        let answer = self.sender.send_request(request.body(Full::new(body))?).await?;
        let (head, body) = answer.into_parts();
        let content_type = head.headers.get(header::CONTENT_TYPE).map(header::HeaderValue::to_str);
        Ok(Answer {
            status: head.status.as_u16(),
            content_type: content_type.transpose()?.unwrap_or_default().to_owned(),
            body: body.collect().await?.to_bytes(),
        })
    }
}

/// An answer that does not end, and the connection it comes on.
pub(crate) struct Endless {
    _connection: Connection,
    _rest: Incoming,
}

/// Asks for server-sent events on a separate connection, and waits for the first bytes.
pub(crate) async fn events(address: SocketAddr, path: &str) -> Result<Endless> {
    let mut connection = Connection::open(address).await?;
    let request = Request::get(path)
        .header(header::HOST, &connection.host)
        .header(header::ACCEPT, "text/event-stream")
        .body(Full::new(Bytes::new()))?;
    let answer = connection.sender.send_request(request).await?;
    ensure!(answer.status() == 200, "GET {path} answered {}", answer.status());
    let mut rest = answer.into_body();
    rest.frame().await.context("the events ended before they began")??;
    Ok(Endless { _connection: connection, _rest: rest })
}

/// Asks once, on a separate connection.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Result<Answer> {
    Connection::open(address).await?.send(Method::GET, path, Bytes::new()).await
}

/// Sends JSON once, on a separate connection.
pub(crate) async fn post(
    address: SocketAddr,
    path: &str,
    body: &serde_json::Value,
) -> Result<Answer> {
    let mut connection = Connection::open(address).await?;
    let answer = connection.send(Method::POST, path, body.to_string().into()).await;
    answer.with_context(|| format!("POST {path} got no answer"))
}
