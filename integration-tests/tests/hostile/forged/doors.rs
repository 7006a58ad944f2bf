//! The doors that take a token: gRPC, gRPC-Web and REST, over connections that stay open.

use http_body_util::BodyExt;
use reqwest::Client;
use serde_json::Value;
use sir0_testkit::{LONG, Person};
use tokio::time::timeout;
use tonic::Code;

use super::requests::{Asked, Rest};
use crate::http2::{Http2, framed};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Door {
    Grpc,
    GrpcWeb,
    Rest,
}

pub(super) const DOORS: [Door; 3] = [Door::Grpc, Door::GrpcWeb, Door::Rest];

/// How a door answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answered {
    /// gRPC, in either form.
    Code(i32),
    /// REST, with the reason in the body.
    Status(u16, Option<String>),
}

impl Answered {
    /// What a caller hears who is not signed in.
    pub(super) fn says_to_sign_in(&self) -> bool {
        match self {
            Self::Code(code) => *code == Code::Unauthenticated as i32,
            Self::Status(status, reason) => {
                *status == 401 && reason.as_deref() == Some("SIGN_IN_REQUIRED")
            }
        }
    }

    /// As above, for any reason.
    pub(super) fn is_unauthenticated(&self) -> bool {
        matches!(self, Self::Status(401, _)) || self.says_to_sign_in()
    }
}

/// The connections of one client.
#[derive(Clone)]
pub(super) struct Connections {
    http2: Http2,
    http1: Client,
    origin: String,
}

/// Headers beside those that each request has.
pub(super) type Headers<'a> = &'a [(&'a str, &'a [u8])];

impl Connections {
    pub(super) async fn of(person: &Person) -> Self {
        Self {
            http2: Http2::open(person.address()).await,
            http1: Client::builder().no_proxy().http1_only().build().expect("a plain client"),
            origin: format!("http://{}", person.address()),
        }
    }

    /// Makes the call at this door, in every form that it has there, and tells how each was answered.
    pub(super) async fn asks(
        &self,
        door: Door,
        asked: &Asked,
        token: Option<&str>,
    ) -> Vec<Answered> {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let headers: Vec<_> =
            bearer.iter().map(|bearer| ("authorization", bearer.as_bytes())).collect();
        self.asks_with(door, asked, &headers, "").await
    }

    /// As [`Self::asks`], with these headers, and this behind the paths of REST.
    pub(super) async fn asks_with(
        &self,
        door: Door,
        asked: &Asked,
        headers: Headers<'_>,
        query: &str,
    ) -> Vec<Answered> {
        let asking = async {
            match door {
                Door::Grpc => vec![self.over_grpc(asked, headers).await],
                Door::GrpcWeb => vec![self.over_grpc_web(asked, headers).await],
                Door::Rest => {
                    let mut answers = Vec::new();
                    for mut rest in asked.over_rest() {
                        rest.path.push_str(query);
                        answers.push(self.over_rest(rest, asked.call.streaming, headers).await);
                    }
                    answers
                }
            }
        };
        timeout(LONG, asking).await.expect("an answer in time")
    }

    async fn over_grpc(&self, asked: &Asked, headers: Headers<'_>) -> Answered {
        let message = framed(&asked.bytes());
        let begun = self.http2.begins_with(asked.call.path, headers, message).await;
        let (head, body) = begun.expect("an answer").into_parts();
        if let Some(code) = code_in(&head.headers) {
            return code;
        }
        if asked.call.streaming {
            return Answered::Code(0);
        }
        let whole = body.collect().await.expect("an unbroken answer");
        code_in(whole.trailers().expect("a status behind the message")).expect("a status")
    }

    async fn over_grpc_web(&self, asked: &Asked, headers: Headers<'_>) -> Answered {
        let mut request = self
            .http1
            .post(format!("{}{}", self.origin, asked.call.path))
            .header("content-type", "application/grpc-web+proto")
            .header("x-grpc-web", "1")
            .body(framed(&asked.bytes()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "gRPC-Web tells failures in its own way");
        if let Some(code) = code_in(answer.headers()) {
            return code;
        }
        if asked.call.streaming {
            return Answered::Code(0);
        }
        let body = answer.bytes().await.expect("a whole body");
        let body = String::from_utf8_lossy(&body).into_owned();
        let (_, code) = body.rsplit_once("grpc-status:").expect("a status behind the message");
        let digits: String = code.trim_start().chars().take_while(char::is_ascii_digit).collect();
        Answered::Code(digits.parse().expect("a number"))
    }

    async fn over_rest(&self, rest: Rest, streaming: bool, headers: Headers<'_>) -> Answered {
        let mut request = self.http1.request(rest.method, format!("{}{}", self.origin, rest.path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = rest.body {
            request = request.header("content-type", "application/json").body(body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        if streaming && status == 200 {
            return Answered::Status(status, None);
        }
        let body = answer.bytes().await.expect("a whole body");
        let json: Value = serde_json::from_slice(&body).unwrap_or_default();
        Answered::Status(status, json["reason"].as_str().map(str::to_owned))
    }
}

fn code_in(headers: &http::HeaderMap) -> Option<Answered> {
    let code = headers.get("grpc-status")?.to_str().ok()?.parse().ok()?;
    Some(Answered::Code(code))
}
