//! What is left of a limit, and how a client is told.

use std::time::Duration;

use http::{Extensions, HeaderMap, HeaderName, HeaderValue};
use tonic::{Response, Status, metadata::MetadataMap};

use super::Rate;
use crate::{Reason, Refusal};

/// What is left now, and the policy (draft-ietf-httpapi-ratelimit-headers).
pub const HEADERS: [HeaderName; 2] =
    [HeaderName::from_static("ratelimit"), HeaderName::from_static("ratelimit-policy")];

/// What a client has left of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub(super) policy: &'static str,
    pub(super) rate: Rate,
    pub(super) left: u32,
}

/// A client has nothing left of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many requests came from here lately, try again in {} s", self.wait().as_secs())]
pub struct Exceeded {
    pub(super) policy: &'static str,
    pub(super) rate: Rate,
    pub(super) wait: Duration,
}

impl Refusal for Exceeded {
    const DOMAIN: &'static str = "server";

    fn reason(&self) -> Reason {
        Reason::too_often(*self)
    }
}

crate::refuses!(Exceeded);

impl Standing {
    /// How many are left.
    #[must_use]
    pub const fn left(&self) -> u32 {
        self.left
    }

    /// The one of two limits that ends sooner.
    #[must_use]
    pub fn tighter(self, other: Self) -> Self {
        if other.left < self.left { other } else { self }
    }

    /// Tells the client.
    pub fn tell(&self, headers: &mut HeaderMap) {
        let used = self.rate.most.get().saturating_sub(self.left);
        let until_all_are_free = self.rate.interval() * used;
        tell(headers, self.policy, self.rate, self.left, until_all_are_free);
    }
}

impl Exceeded {
    /// When one is free again: whole seconds, at least one.
    #[must_use]
    pub fn wait(&self) -> Duration {
        Duration::from_secs(seconds(self.wait).max(1))
    }

    /// Tells the client.
    pub fn tell(&self, headers: &mut HeaderMap) {
        tell(headers, self.policy, self.rate, 0, self.wait());
    }
}

/// An answer or a refusal that tells what is left of a limit, if one applies. A refusal that tells of a limit already keeps
/// its word.
pub fn telling<T>(
    standing: Option<Standing>,
    answer: Result<T, impl Into<Status>>,
) -> Result<Response<T>, Status> {
    let mut headers = HeaderMap::new();
    if let Some(standing) = standing {
        standing.tell(&mut headers);
    }
    match answer {
        Ok(answer) => {
            let metadata = MetadataMap::from_headers(headers);
            Ok(Response::from_parts(metadata, answer, Extensions::default()))
        }
        Err(refusal) => {
            let mut status = refusal.into();
            for (name, value) in &headers {
                status.metadata_mut().as_mut().entry(name).or_insert_with(|| value.clone());
            }
            Err(status)
        }
    }
}

fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

fn tell(headers: &mut HeaderMap, policy: &str, rate: Rate, left: u32, until: Duration) {
    let now = format!("\"{policy}\";r={left};t={}", seconds(until));
    let always = format!("\"{policy}\";q={};w={}", rate.most, seconds(rate.window));
    for (name, value) in HEADERS.into_iter().zip([now, always]) {
        let value = HeaderValue::try_from(value).expect("a policy has a plain name");
        headers.insert(name, value);
    }
}
