//! Calls to another service of the platform. Its instances are found again and again by its name. Each call goes to an
//! instance that works, stays within the time that its own caller gave, and is repeated only where that is safe.

pub mod deadline;
mod instances;
mod secret;

use std::{
    error::Error as _,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderMap, HeaderValue, Request, Response, request::Parts};
use http_body_util::{BodyExt, Full};
use tokio::time::{Instant, sleep, timeout_at};
use tonic::{Code, ConnectError, Status, body::Body};
use tower::{
    Service, ServiceExt,
    retry::budget::{Budget, TpsBudget},
};

pub use instances::InvalidAddress;
use instances::{Instance, Instances, Lookup};
pub use secret::{InvalidSecret, Secret};

use crate::{request_id, trace};

/// The longest time that a failed call waits before it is repeated.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// How patient a service is with another.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// How long a call may take when its own caller set no deadline.
    pub patience: Duration,
    /// How long connecting to an instance may take.
    pub connect_timeout: Duration,
    /// How often its instances are looked up, and those that failed are tried.
    pub look_every: Duration,
    /// How long a connection may be silent before a ping asks whether it is alive.
    pub ping_every: Duration,
    /// How long the answer to the ping may take.
    pub ping_timeout: Duration,
    /// How many calls of a hundred may be repeated, counted over ten seconds.
    pub repeated_percent: u8,
    /// How many calls a second may be repeated, however few calls there are.
    pub repeated_per_second: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(1),
            look_every: Duration::from_secs(2),
            ping_every: Duration::from_secs(5),
            ping_timeout: Duration::from_secs(3),
            repeated_percent: 20,
            repeated_per_second: 1,
        }
    }
}

/// Marks a call, in the extensions of its request. One that is not marked must not take effect twice: it is repeated
/// only when it certainly reached no instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Safe to repeat.
    Repeatable,
    /// A stream that goes on for as long as it is read: no deadline, and never repeated.
    Endless,
}

/// Another service, however many instances it has. Generated clients take it as their channel. Cheap to clone; it ends
/// with its last clone.
#[derive(Clone)]
pub struct Peer(Arc<Inner>);

struct Inner {
    name: String,
    instances: Instances,
    budget: TpsBudget,
    config: Config,
}

impl Peer {
    /// The service at this address, such as `http://accounts:8080`. It connects at the first call. `at` has to be
    /// called within a runtime.
    pub fn at(address: &str, config: Config) -> Result<Self, InvalidAddress> {
        let (name, lookup) = instances::by_name(address)?;
        Ok(Self::found_by(name, lookup, config))
    }

    fn found_by(name: String, lookup: Lookup, config: Config) -> Self {
        const COUNTED_OVER: Duration = Duration::from_secs(10);
        let share = f32::from(config.repeated_percent) / 100.0;
        let budget = TpsBudget::new(COUNTED_OVER, config.repeated_per_second, share);
        let instances = Instances::follow(&name, lookup, config);
        Self(Arc::new(Inner { name, instances, budget, config }))
    }

    async fn ask(self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let retry = request.extensions().get::<Retry>().copied();
        let (parts, body) = request.into_parts();
        if retry == Some(Retry::Endless) {
            let instance = self.0.instances.pick(None).await.ok_or_else(|| self.out_of_reach())?;
            let sent = self.send(&instance, parts, body, None).await;
            return sent.map_err(|failed| self.status(&failed, retry));
        }

        let until = self.until(&parts.headers)?;
        let answered = timeout_at(until, async {
            let message = body.collect().await?.to_bytes();
            self.ask_twice(retry, until, || (parts.clone(), Full::new(message.clone()))).await
        });
        answered.await.unwrap_or_else(|_elapsed| Err(too_late()))
    }

    /// Asks one instance. After a failure it asks another one, if that is safe and the budget allows.
    async fn ask_twice(
        &self,
        retry: Option<Retry>,
        until: Instant,
        request: impl Fn() -> (Parts, Full<bytes::Bytes>),
    ) -> Result<Response<Body>, Status> {
        self.0.budget.deposit();
        let first = self.0.instances.pick(None).await.ok_or_else(|| self.out_of_reach())?;
        let (parts, body) = request();
        let answered = self.send(&first, parts, Body::new(body), Some(until)).await;

        let wait = match &answered {
            Err(Failed::NeverSent(_)) => Duration::ZERO,
            Err(Failed::Broken(_)) if retry == Some(Retry::Repeatable) => jittered(LONGEST_PAUSE),
            Ok(response)
                if retry == Some(Retry::Repeatable)
                    && code_so_far(response) == Code::Unavailable =>
            {
                jittered(LONGEST_PAUSE)
            }
            _ => return answered.map_err(|failed| self.status(&failed, retry)),
        };
        if !self.0.budget.withdraw() {
            self.count_repeat("over_budget");
            return answered.map_err(|failed| self.status(&failed, retry));
        }
        self.count_repeat("sent");
        sleep(wait).await;
        let second = self.0.instances.pick(Some(&first)).await.unwrap_or(first);
        let (parts, body) = request();
        let answered = self.send(&second, parts, Body::new(body), Some(until)).await;
        answered.map_err(|failed| self.status(&failed, retry))
    }

    async fn send(
        &self,
        instance: &Instance,
        mut parts: Parts,
        body: Body,
        until: Option<Instant>,
    ) -> Result<Response<Body>, Failed> {
        carry_onward(&mut parts.headers, until);
        let mut trace = trace::outgoing(&mut parts.headers, parts.uri.path(), &self.0.name);
        let asking = instance.channel().oneshot(Request::from_parts(parts, body));
        let answered = trace.around(asking).await;
        trace.ended(answered.as_ref().map_or(Code::Unavailable, code_so_far));
        instance.worked(answered.is_ok());
        if answered.is_err() {
            self.0.instances.look_again();
        }
        answered.map_err(|error| {
            if was_never_sent(&error) { Failed::NeverSent(error) } else { Failed::Broken(error) }
        })
    }

    /// The latest end of this call: no later than its caller waits, and no later than its own deadline.
    fn until(&self, headers: &HeaderMap) -> Result<Instant, Status> {
        let now = Instant::now();
        let own = deadline::read(headers)
            .map_err(|malformed| Status::unknown(format!("asking {}: {malformed}", self.0.name)))?;
        // A deadline further off than the clock reaches counts as none.
        let own = own.and_then(|wait| now.checked_add(wait));
        let until = own.into_iter().chain(deadline::current()).min();
        let until = until.unwrap_or(now + self.0.config.patience);
        if until <= now { Err(too_late()) } else { Ok(until) }
    }

    fn status(&self, failed: &Failed, retry: Option<Retry>) -> Status {
        let name = &self.0.name;
        let (Failed::NeverSent(cause) | Failed::Broken(cause)) = failed;
        tracing::debug!(error = cause as &dyn std::error::Error, peer = %name, "{name} did not answer");
        match failed {
            Failed::Broken(_) if retry.is_none() => {
                Status::unknown(format!("{name} broke off, what was asked of it may have happened"))
            }
            Failed::Broken(_) | Failed::NeverSent(_) => self.out_of_reach(),
        }
    }

    fn out_of_reach(&self) -> Status {
        Status::unavailable(format!("{} is out of reach", self.0.name))
    }

    fn count_repeat(&self, outcome: &'static str) {
        let peer = self.0.name.clone();
        metrics::counter!("sir0_peer_repeats_total", "peer" => peer, "outcome" => outcome)
            .increment(1);
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Peer").field(&self.0.name).finish()
    }
}

impl Service<Request<Body>> for Peer {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.clone().ask(request))
    }
}

/// Why no answer came.
enum Failed {
    /// The call reached no instance.
    NeverSent(tonic::transport::Error),
    /// The call may have taken effect.
    Broken(tonic::transport::Error),
}

fn was_never_sent(error: &tonic::transport::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<ConnectError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The code in the headers, for a call that was refused before anything was sent. Any other call is good so far.
fn code_so_far(response: &Response<Body>) -> Code {
    let status = response.headers().get("grpc-status");
    status.map_or(Code::Ok, |code| Code::from_bytes(code.as_bytes()))
}

fn too_late() -> Status {
    Status::deadline_exceeded("the deadline of the call passed")
}

/// Passes on what a caller's request gives to the requests that are made for it.
fn carry_onward(headers: &mut HeaderMap, until: Option<Instant>) {
    if let Some(until) = until {
        let left = until.saturating_duration_since(Instant::now());
        headers.insert(deadline::HEADER, deadline::write(left));
    }
    if let Ok(id) = HeaderValue::from_str(request_id::current().as_str()) {
        headers.insert(request_id::HEADER, id);
    }
}

/// A random time between half of this and the whole, so that callers who failed together do not come back together.
#[must_use]
pub fn jittered(longest: Duration) -> Duration {
    let mut random = [0; 2];
    // Without random bytes all callers wait equally long. That is worse, but no reason to fail.
    let _ = aws_lc_rs::rand::fill(&mut random);
    longest / 2 + longest / 2 * u32::from(u16::from_be_bytes(random)) / u32::from(u16::MAX)
}

#[cfg(test)]
mod tests;
