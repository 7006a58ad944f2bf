//! REST as curl speaks it.

use http::{HeaderMap, Method};
use reqwest::{Client, RequestBuilder, Response, header};
use serde_json::Value;

use crate::{EventStream, LONG, address::Address, promised};

/// A REST client with a token, or without.
#[derive(Clone)]
pub struct Rest {
    client: Client,
    origin: String,
    token: Option<String>,
    address: Address,
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as JSON. `null` when it is not JSON.
    pub json: Value,
    /// The body.
    pub text: String,
}

impl Rest {
    pub(crate) fn new(address: Address, token: Option<&str>) -> Self {
        let origin = format!("http://{}", address.now());
        Self { client: plain_client(), origin, token: token.map(str::to_owned), address }
    }

    /// A request that can still be given headers and a body.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.origin));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    /// Adds, or asks for something to be done.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.changes(self.request(Method::POST, path).json(body)).await
    }

    /// Changes.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.changes(self.request(Method::PUT, path).json(body)).await
    }

    /// Removes.
    pub async fn delete(&self, path: &str) -> Answer {
        self.changes(self.request(Method::DELETE, path)).await
    }

    /// Sends these bytes as a JSON body, whether they are JSON or not.
    pub async fn sends(&self, method: Method, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        let request = self.request(method, path).header(header::CONTENT_TYPE, "application/json");
        self.changes(request.body(body.into())).await
    }

    /// Sends a request that may change something, and waits until every instance has heard of the change.
    pub async fn changes(&self, request: RequestBuilder) -> Answer {
        let answer = answer(request).await;
        self.address.settles().await;
        answer
    }

    /// Opens a stream in this content type, with these headers.
    pub async fn stream(&self, path: &str, accept: &str, headers: &[(&str, &str)]) -> EventStream {
        let mut request = self.request(Method::GET, path).header(header::ACCEPT, accept);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = sent(request).await;
        assert_eq!(response.status().as_u16(), 200, "{path} opens a stream");
        EventStream::new(response)
    }
}

/// A client that goes through no proxy of the system.
pub(crate) fn plain_client() -> Client {
    Client::builder().no_proxy().http1_only().build().expect("a plain client")
}

async fn sent(request: RequestBuilder) -> Response {
    let response = tokio::time::timeout(LONG, request.send()).await;
    response.expect("an answer in time").expect("an answer")
}

/// Sends a request and reads the whole answer.
pub(crate) async fn answer(request: RequestBuilder) -> Answer {
    let (client, request) = request.build_split();
    let request = request.expect("a request");
    let (method, path) = (request.method().clone(), request.url().path().to_owned());
    let response = sent(RequestBuilder::from_parts(client, request)).await;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.expect("a whole body");
    let json = serde_json::from_str(&text).unwrap_or_default();
    let answer = Answer { status, headers, json, text };
    promised::must_be_documented(&method, &path, &answer);
    answer
}

impl Answer {
    /// Sends a request made by hand and reads the whole answer.
    pub async fn to(request: RequestBuilder) -> Self {
        answer(request).await
    }

    /// The header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
