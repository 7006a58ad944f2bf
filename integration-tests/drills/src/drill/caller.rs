//! A client as clients are: it asks again when it is told that this helps, and keeps in mind how that went.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::Method;
use reqwest::RequestBuilder;
use serde_json::Value;
use tokio::time::{Instant, sleep};
use tonic::{Code, Request, Status, transport::Channel};

use super::{dice::Dice, times::Times};

/// Beyond this an attempt does not take long, it hangs.
const LONG: Duration = Duration::from_secs(20);

/// How often a client asks again, and how long it waits before.
#[derive(Clone, Copy)]
pub(crate) struct Patience {
    retries: u32,
    /// At most; it doubles each time, and chance makes it shorter.
    pause: Duration,
}

impl Patience {
    /// Three times more.
    pub(crate) const NORMAL: Self = Self { retries: 3, pause: Duration::from_millis(200) };
    /// Once more.
    pub(crate) const ONCE: Self = Self { retries: 1, pause: Duration::from_millis(200) };
}

/// The reason of a refusal of a request while an earlier attempt is at work.
const STILL_RUNNING: &str = "STILL_RUNNING";

/// Why an attempt was in vain.
#[derive(Debug)]
pub(crate) enum Failure {
    /// `UNAVAILABLE`, 503, no connection, or an earlier attempt is at work: another attempt may help.
    Passing(String),
    /// Refused for this reason, or with this status.
    Refused(String),
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        match status.code() {
            Code::Unavailable => {
                Self::Passing(format!("{:?}: {}", status.code(), status.message()))
            }
            Code::Aborted if String::from_utf8_lossy(status.details()).contains(STILL_RUNNING) => {
                Self::Passing(STILL_RUNNING.to_owned())
            }
            code => Self::Refused(format!("{code:?}: {}", status.message())),
        }
    }
}

/// What an answer over REST says.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) json: Value,
}

impl Said {
    /// The answer, if it has this status.
    pub(crate) fn with(self, status: u16) -> Result<Value, Failure> {
        if self.status == status {
            return Ok(self.json);
        }
        let why = self.json["reason"].as_str().unwrap_or("without a reason");
        Err(Failure::Refused(format!("{} {why}", self.status)))
    }
}

/// Counts the calls of many clients.
#[derive(Clone, Default)]
pub(crate) struct Tally(Arc<Mutex<Totals>>);

/// How calls went.
#[derive(Clone, Default)]
pub(crate) struct Totals {
    pub(crate) calls: usize,
    pub(crate) attempts: usize,
    /// Attempts that were in vain.
    pub(crate) in_vain: usize,
    /// Calls that were in vain also after they were tried again, by what was said last.
    pub(crate) failed: BTreeMap<String, usize>,
    /// Answers that no client should get.
    pub(crate) wrong: Vec<String>,
    /// How long calls took, with all their attempts.
    pub(crate) times: Times,
    /// The call that took longest, and how long.
    pub(crate) slowest: (Duration, String),
    /// The longest that any client saw only errors.
    pub(crate) longest_blind: Duration,
}

impl Tally {
    /// What it counted so far.
    pub(crate) fn totals(&self) -> Totals {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes an answer that no client should get.
    pub(crate) fn is_wrong(&self, what: String) {
        self.change(|totals| totals.wrong.push(what));
    }

    fn change(&self, change: impl FnOnce(&mut Totals)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Totals {
    /// How many calls were in vain also after they were tried again.
    pub(crate) fn failures(&self) -> usize {
        self.failed.values().sum()
    }
}

/// How a call ended.
pub(crate) struct Outcome<A> {
    /// `None` when the call was in vain also after it was tried again: whether it was done is unknown.
    pub(crate) answer: Option<Result<A, String>>,
    /// Whether an attempt before the last one was in vain, which may have been done all the same.
    pub(crate) is_repeat: bool,
}

/// A connection for gRPC and one for REST, with a token or without.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) channel: Channel,
    rest: reqwest::Client,
    origin: String,
    token: Option<String>,
}

impl Line {
    /// A request over gRPC.
    pub(crate) fn rpc<Q>(&self, message: Q) -> Request<Q> {
        let mut request = Request::new(message);
        request.set_timeout(LONG);
        bearing(request, self.token.as_deref())
    }

    /// A request over REST.
    pub(crate) fn rest(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.rest.request(method, format!("{}{path}", self.origin));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

/// One client with a separate line.
pub(crate) struct Caller {
    pub(crate) line: Line,
    pub(crate) dice: Dice,
    patience: Patience,
    tally: Tally,
    failing_since: Option<Instant>,
}

impl Caller {
    /// A client of the server at this address.
    pub(crate) fn of(address: SocketAddr, patience: Patience, tally: Tally) -> Self {
        let line = Line {
            channel: channel(address),
            rest: rest(),
            origin: format!("http://{address}"),
            token: None,
        };
        Self { line, dice: Dice::new(), patience, tally, failing_since: None }
    }

    /// The same with this token.
    pub(crate) fn with_token(mut self, token: &str) -> Self {
        self.line.token = Some(token.to_owned());
        self
    }

    /// Makes an attempt, and others when the first ones are in vain.
    pub(crate) async fn calls<A, F>(
        &mut self,
        name: &str,
        attempt: impl Fn(Line) -> F,
    ) -> Outcome<A>
    where
        F: Future<Output = Result<A, Failure>>,
    {
        let begun = Instant::now();
        let (mut tried, mut answer, mut last) = (0, None, String::new());
        while tried <= self.patience.retries {
            if tried > 0 {
                let pause = self.patience.pause * 2_u32.pow(tried - 1);
                sleep(pause / 2 + self.dice.shorter_than(pause / 2)).await;
            }
            tried += 1;
            let started = Instant::now();
            match attempt(self.line.clone()).await {
                Ok(heard) => answer = Some(Ok(heard)),
                Err(Failure::Refused(why)) => answer = Some(Err(why)),
                Err(Failure::Passing(why)) => last = why,
            }
            if answer.is_some() {
                self.failing_since = None;
                break;
            }
            let since = *self.failing_since.get_or_insert(started);
            self.tally.change(|totals| {
                totals.in_vain += 1;
                totals.longest_blind = totals.longest_blind.max(since.elapsed());
            });
        }
        self.tally.change(|totals| {
            totals.calls += 1;
            totals.attempts += usize::try_from(tried).expect("a few");
            let took = begun.elapsed();
            if took > totals.slowest.0 {
                totals.slowest = (took, format!("{name}, {tried} attempts {last}"));
            }
            totals.times.add(took);
            if answer.is_none() {
                *totals.failed.entry(format!("{name}: {last}")).or_default() += 1;
            }
        });
        Outcome { answer, is_repeat: tried > 1 }
    }

    /// As [`Self::calls`], where a refusal is wrong.
    pub(crate) async fn succeeds<A, F>(
        &mut self,
        name: &str,
        attempt: impl Fn(Line) -> F,
    ) -> Option<A>
    where
        F: Future<Output = Result<A, Failure>>,
    {
        match self.calls(name, attempt).await.answer? {
            Ok(answer) => Some(answer),
            Err(why) => {
                self.tally.is_wrong(format!("{name}: {why}"));
                None
            }
        }
    }

    /// Notes an answer that no client should get.
    pub(crate) fn is_wrong(&self, what: String) {
        self.tally.is_wrong(what);
    }

    /// Waits for a moment of this length at most.
    pub(crate) async fn rests(&mut self, at_most: Duration) {
        let moment = self.dice.shorter_than(at_most);
        sleep(moment).await;
    }
}

/// Sends a request over REST.
pub(crate) async fn asks(request: RequestBuilder) -> Result<Said, Failure> {
    let passing = |error: reqwest::Error| Failure::Passing(format!("no whole answer: {error:#}"));
    let response = request.send().await.map_err(passing)?;
    let status = response.status().as_u16();
    let text = response.text().await.map_err(passing)?;
    let json: Value = serde_json::from_str(&text).unwrap_or_default();
    // An attempt before this one, whose answer was lost, is at work on another instance.
    if status == 409 && json["reason"] == STILL_RUNNING {
        return Err(Failure::Passing(STILL_RUNNING.to_owned()));
    }
    if status == 503 {
        return Err(Failure::Passing(format!("503 {}", json["details"])));
    }
    Ok(Said { status, json })
}

/// A separate client for REST.
pub(crate) fn rest() -> reqwest::Client {
    let client = reqwest::Client::builder().no_proxy().http1_only().timeout(LONG).build();
    client.expect("a plain client")
}

/// A gRPC connection that is opened with the first call.
pub(crate) fn channel(address: SocketAddr) -> Channel {
    let endpoint = Channel::from_shared(format!("http://{address}"));
    endpoint.expect("an address is a URI").connect_lazy()
}

/// The request with a token on it.
pub(crate) fn bearing<Q>(mut request: Request<Q>, token: Option<&str>) -> Request<Q> {
    if let Some(token) = token {
        let bearer = format!("Bearer {token}").parse().expect("a token is text headers can hold");
        request.metadata_mut().insert("authorization", bearer);
    }
    request
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn caller(patience: Patience) -> (Caller, Tally) {
        let tally = Tally::default();
        (Caller::of(([127, 0, 0, 1], 9).into(), patience, tally.clone()), tally)
    }

    #[tokio::test]
    async fn a_call_that_succeeds_when_it_is_repeated_did_not_fail() {
        let (mut caller, tally) = caller(Patience::NORMAL);
        let attempts = &AtomicU32::new(0);

        let outcome = caller
            .calls("Read", |_line: Line| async move {
                match attempts.fetch_add(1, Ordering::SeqCst) {
                    0 => Err(Failure::Passing("down".to_owned())),
                    _ => Ok(7),
                }
            })
            .await;

        let totals = tally.totals();
        assert!(matches!(outcome.answer, Some(Ok(7))) && outcome.is_repeat);
        assert_eq!(
            (totals.calls, totals.attempts, totals.in_vain, totals.failures()),
            (1, 2, 1, 0)
        );
    }

    #[tokio::test]
    async fn a_call_that_is_always_in_vain_failed_once_and_a_refusal_is_not_repeated() {
        let (mut caller, tally) = caller(Patience::ONCE);

        let down = |_line: Line| async move { Err::<(), _>(Failure::Passing("down".to_owned())) };
        let refused = |_line: Line| async move { Err::<(), _>(Failure::Refused("no".to_owned())) };
        let vain = caller.calls("Read", down).await;
        let answered = caller.calls("Read", refused).await;

        let totals = tally.totals();
        assert!(vain.answer.is_none() && vain.is_repeat);
        assert!(matches!(answered.answer, Some(Err(_))) && !answered.is_repeat);
        assert_eq!((totals.attempts, totals.failures()), (3, 1));
        assert!(totals.longest_blind >= Duration::from_millis(100));
    }
}
