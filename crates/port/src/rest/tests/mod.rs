//! The door in front of the sample contract, which has all that a contract may hold, and in front of our own.

mod bounds;
mod files;
mod kept;
mod platform;
mod shapes;
mod streams;

use std::sync::Arc;

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sir0_sample_contract::{CALLS, Echo, SampleServiceDispatch};
use tokio::net::TcpListener;

use super::*;

/// A door that listens, for as long as the test runs.
struct Open(String);

/// Opens a door to the sample contract.
async fn sample() -> Open {
    sample_within(Limits::default()).await
}

async fn sample_within(limits: Limits) -> Open {
    opened_within(Arc::new(SampleServiceDispatch(Arc::new(Echo))), limits).await
}

/// Opens a door to the sample contract, which this answers.
async fn opened(by: Arc<dyn Dispatch>) -> Open {
    opened_within(by, Limits::default()).await
}

async fn opened_within(by: Arc<dyn Dispatch>, limits: Limits) -> Open {
    let calls = CALLS.iter().map(|call| (call, Some(Arc::clone(&by))));
    open(RestDoor::new(calls, limits).expect("no two calls share a path")).await
}

async fn open(door: RestDoor) -> Open {
    let door = Arc::new(door);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        loop {
            let (connection, _) = listener.accept().await.expect("it listens");
            let door = Arc::clone(&door);
            let answer = service_fn(move |request| {
                let door = Arc::clone(&door);
                async move { Ok::<_, std::convert::Infallible>(door.answer(request).await.response) }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(connection), answer));
        }
    });
    Open(format!("http://{address}"))
}

impl Open {
    fn request(&self, method: &str, target: &str) -> RequestBuilder {
        let method = method.parse().expect("a method");
        reqwest::Client::new().request(method, format!("{}{target}", self.0))
    }

    /// Makes a call, with a body unless it is `null`.
    async fn asks(&self, method: &str, target: &str, body: Value) -> (u16, Value) {
        let mut request = self.request(method, target);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a whole answer");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// All that is wrong with a request, a line each.
    async fn faults(&self, method: &str, target: &str, body: Value) -> Vec<String> {
        let (_, answer) = self.asks(method, target, body).await;
        let text = |fault: &Value, name: &str| fault[name].as_str().unwrap_or_default().to_owned();
        let fields = answer["fields"].as_array().cloned().unwrap_or_default();
        let lines = fields.iter().map(|it| [text(it, "field"), text(it, "description")].join(" "));
        lines.collect()
    }
}
