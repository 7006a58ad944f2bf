//! A gRPC connection of a person: every call carries the access token, and every instance hears of a change before the
//! next call is made.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::{HeaderValue, Request, Response};
use tonic::{
    body::Body,
    transport::{Channel, Error},
};
use tower::Service;

use crate::address::Address;

/// A gRPC connection of a person.
#[derive(Clone)]
pub struct Bearer {
    channel: Channel,
    token: Option<HeaderValue>,
    address: Address,
}

impl Bearer {
    pub(crate) fn new(channel: Channel, token: Option<&str>, address: Address) -> Self {
        let token = token.map(|token| {
            format!("Bearer {token}").parse().expect("a token is text that headers can hold")
        });
        Self { channel, token, address }
    }
}

impl Service<Request<Body>> for Bearer {
    type Response = Response<Body>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.channel.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if let Some(token) = &self.token {
            request.headers_mut().insert(http::header::AUTHORIZATION, token.clone());
        }
        let is_change = !only_reads(request.uri().path());
        let (answer, address) = (self.channel.call(request), self.address.clone());
        Box::pin(async move {
            let answer = answer.await;
            if is_change {
                address.settles().await;
            }
            answer
        })
    }
}

fn only_reads(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    ["Get", "List", "Watch", "Login"].into_iter().any(|verb| name.starts_with(verb))
}
