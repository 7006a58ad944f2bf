//! The request being answered: its id, so that a log line and an answer can be matched, and its client.

use std::{
    fmt,
    future::Future,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::HeaderName;

use sir0_kernel::{Client, Share};

tokio::task_local! {
    static CURRENT: (RequestId, Option<Share>);
}

/// The header that carries it, in requests and in answers.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// What the names of one process begin with.
static PROCESS: LazyLock<String> = LazyLock::new(|| {
    let mut random = [0; 9];
    aws_lc_rs::rand::fill(&mut random).expect("the system has random bytes");
    BASE64_URL_SAFE_NO_PAD.encode(random)
});

/// Prepares the names of requests, and the random numbers of the process: for the first one AWS-LC gathers the jitter of
/// the processor's clock, which takes 25 ms.
pub fn prepare() {
    LazyLock::force(&PROCESS);
}

/// Names one request: what its sender called it, or a fresh name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    const MAX_LEN: usize = 64;

    /// A name no other request of this or another process has.
    #[must_use]
    pub fn fresh() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        // By hand: this is made for every request, and formatting costs several times as much.
        let mut id = String::with_capacity(PROCESS.len() + 21);
        id.push_str(&PROCESS);
        id.push('-');
        push_number(&mut id, COUNT.fetch_add(1, Ordering::Relaxed));
        Self(id)
    }

    /// The name its sender gave, if it is one that can stand in a log line.
    #[must_use]
    pub fn given(text: &str) -> Option<Self> {
        let is_plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let good = (1..=Self::MAX_LEN).contains(&text.len()) && text.bytes().all(is_plain);
        good.then(|| Self(text.to_owned()))
    }

    /// As in the header.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn push_number(text: &mut String, number: u64) {
    if number >= 10 {
        push_number(text, number / 10);
    }
    text.push(char::from(b'0' + u8::try_from(number % 10).expect("a digit")));
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The request being answered by this task; outside of any, a fresh name.
#[must_use]
pub fn current() -> RequestId {
    CURRENT.try_with(|(id, _)| id.clone()).unwrap_or_else(|_| RequestId::fresh())
}

/// The request being answered by this task, if there is one.
#[must_use]
pub fn if_any() -> Option<RequestId> {
    CURRENT.try_with(|(id, _)| id.clone()).ok()
}

/// The client of the request that this task works for. `None` outside of a request, and for one that this process made
/// itself.
#[must_use]
pub fn client() -> Option<Client> {
    CURRENT.try_with(|(_, share)| share.as_ref().map(Share::client)).ok().flatten()
}

/// The share that the memory of this request is held against. `None` where [`client`] is.
#[must_use]
pub fn share() -> Option<Share> {
    CURRENT.try_with(|(_, share)| share.clone()).ok().flatten()
}

/// Runs something as part of a request.
pub fn within<F: Future>(
    id: RequestId,
    share: Option<Share>,
    work: F,
) -> impl Future<Output = F::Output> {
    CURRENT.scope((id, share), work)
}

/// Carries the request being answered into work that goes on in another task.
pub fn carried_into<F: Future>(work: F) -> impl Future<Output = F::Output> {
    within(current(), share(), work)
}
