//! What a stranger may take before the port refuses. Every limit is itself bounded, so that a slip of the pen neither
//! opens the door wide nor shuts it.

use std::{fmt, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use sir0_rpc::rates::{Limiter, Rate};
use sir0_settings::{Kind, Setting};

use crate::Proxies;

/// The settings of [`Limits`].
pub const SETTINGS: &[Setting] = &[
    Setting::new(
        "limits.body_bytes",
        "SIR0_LIMITS_BODY_BYTES",
        Kind::Number,
        "the largest body of a request, in bytes",
    ),
    Setting::new(
        "limits.header_bytes",
        "SIR0_LIMITS_HEADER_BYTES",
        Kind::Number,
        "the largest headers of a request, in bytes",
    ),
    Setting::new(
        "limits.json_depth",
        "SIR0_LIMITS_JSON_DEPTH",
        Kind::Number,
        "how deep a JSON body may be nested",
    ),
    Setting::new(
        "limits.streams_per_connection",
        "SIR0_LIMITS_STREAMS_PER_CONNECTION",
        Kind::Number,
        "calls at a time on one connection",
    ),
    Setting::new(
        "limits.connections",
        "SIR0_LIMITS_CONNECTIONS",
        Kind::Number,
        "connections at a time",
    ),
    Setting::new(
        "limits.waiting_bytes",
        "SIR0_LIMITS_WAITING_BYTES",
        Kind::Number,
        "bytes that may wait for clients, a quarter of them for one",
    ),
    Setting::new(
        "limits.requests_per_address",
        "SIR0_LIMITS_REQUESTS_PER_ADDRESS",
        Kind::Number,
        "requests that an address may make in a minute, 0 for no limit",
    ),
    Setting::new(
        "limits.calls_per_account",
        "SIR0_LIMITS_CALLS_PER_ACCOUNT",
        Kind::Number,
        "calls that an account may make in a minute, 0 for no limit",
    ),
    Setting::new(
        "limits.proxies",
        "SIR0_LIMITS_PROXIES",
        Kind::Networks,
        "proxies that are believed about the address of a client",
    ),
    Setting::new(
        "limits.header_timeout",
        "SIR0_LIMITS_HEADER_TIMEOUT",
        Kind::Duration,
        "how long headers may take to arrive",
    ),
    Setting::new(
        "limits.keep_alive_timeout",
        "SIR0_LIMITS_KEEP_ALIVE_TIMEOUT",
        Kind::Duration,
        "how long an HTTP/1 connection may rest between two requests",
    ),
    Setting::new(
        "limits.idle_timeout",
        "SIR0_LIMITS_IDLE_TIMEOUT",
        Kind::Duration,
        "how long an HTTP/2 connection may stay open without a call",
    ),
    Setting::new(
        "limits.body_timeout",
        "SIR0_LIMITS_BODY_TIMEOUT",
        Kind::Duration,
        "how long a body may take to arrive",
    ),
    Setting::new(
        "limits.linger",
        "SIR0_LIMITS_LINGER",
        Kind::Duration,
        "how long the port stays open when stopping, for a proxy to notice",
    ),
    Setting::new(
        "limits.drain",
        "SIR0_LIMITS_DRAIN",
        Kind::Duration,
        "how long calls may take to end when stopping, after that",
    ),
];

/// What a stranger may take before the port refuses.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The body of a request, in bytes.
    #[serde(deserialize_with = "number::<1_024, 1_073_741_824, _, _>")]
    pub body_bytes: usize,
    /// The headers of a request together, in bytes. HTTP/1 cannot work with fewer than 8192.
    #[serde(deserialize_with = "number::<8_192, 1_048_576, _, _>")]
    pub header_bytes: usize,
    /// How many objects and arrays of a JSON body may stand inside each other. Decoders recurse: beyond 128 the
    /// stack could end before the body does.
    #[serde(deserialize_with = "number::<2, 128, _, _>")]
    pub json_depth: usize,
    /// How many calls a connection may have open at a time.
    #[serde(deserialize_with = "number::<1, 100_000, _, _>")]
    pub streams_per_connection: u32,
    /// How many connections may be open at a time.
    #[serde(deserialize_with = "number::<1, 1_000_000, _, _>")]
    pub connections: usize,
    /// How many bytes may wait for clients: answers they do not read, bodies they have sent half of. One client alone
    /// gets a quarter.
    #[serde(deserialize_with = "number::<1_048_576, 1_099_511_627_776, _, _>")]
    pub waiting_bytes: usize,
    /// How many requests an address may make in a minute, and at once. 0 for no limit.
    pub requests_per_address: u32,
    /// How many calls an account may make in a minute, and at once, where it has to be signed in. 0 for no limit.
    pub calls_per_account: u32,
    /// The proxies before this port whose word about the address of a client is believed.
    pub proxies: Proxies,
    /// How long the headers of a request may take to arrive, from their first byte on; and how long a new connection
    /// may say nothing.
    #[serde(serialize_with = "humantime_serde::serialize", deserialize_with = "wait::<1, _>")]
    pub header_timeout: Duration,
    /// How long an HTTP/1 connection may rest between two requests. It has to be longer than connection pools keep a
    /// connection, or a request meets the end of its connection.
    #[serde(serialize_with = "humantime_serde::serialize", deserialize_with = "wait::<1, _>")]
    pub keep_alive_timeout: Duration,
    /// How long an HTTP/2 connection may stay open without a call.
    #[serde(serialize_with = "humantime_serde::serialize", deserialize_with = "wait::<1, _>")]
    pub idle_timeout: Duration,
    /// How long the body of a request may take to arrive.
    #[serde(serialize_with = "humantime_serde::serialize", deserialize_with = "wait::<1, _>")]
    pub body_timeout: Duration,
    /// How long the port stays open once the program was asked to stop and its health says so: a proxy has to notice
    /// before connections are refused. `0s` where no proxy looks.
    #[serde(serialize_with = "humantime_serde::serialize", deserialize_with = "wait::<0, _>")]
    pub linger: Duration,
    /// How long calls may take to end once the port is closed. `0s` cuts them off.
    #[serde(serialize_with = "humantime_serde::serialize", deserialize_with = "wait::<0, _>")]
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1024 * 1024,
            header_bytes: 32 * 1024,
            json_depth: 32,
            streams_per_connection: 100,
            connections: 10_000,
            waiting_bytes: 32 * 1024 * 1024,
            requests_per_address: 6_000,
            calls_per_account: 6_000,
            proxies: Proxies::default(),
            header_timeout: Duration::from_secs(15),
            keep_alive_timeout: Duration::from_secs(75),
            idle_timeout: Duration::from_mins(5),
            body_timeout: Duration::from_secs(30),
            linger: Duration::ZERO,
            drain: Duration::from_secs(10),
        }
    }
}

impl Limits {
    /// Counts the requests of each address.
    pub(crate) fn requests_per_address(&self) -> Option<Limiter> {
        Rate::a_minute(self.requests_per_address).map(|rate| Limiter::new("requests", rate))
    }

    /// Counts the calls of each account.
    #[must_use]
    pub fn calls_per_account(&self) -> Option<Limiter> {
        Rate::a_minute(self.calls_per_account).map(|rate| Limiter::new("calls", rate))
    }
}

fn number<'de, const LEAST: u64, const MOST: u64, N, D>(deserializer: D) -> Result<N, D::Error>
where
    N: Deserialize<'de> + Copy + TryInto<u64> + fmt::Display,
    D: Deserializer<'de>,
{
    let number = N::deserialize(deserializer)?;
    if number.try_into().is_ok_and(|number| (LEAST..=MOST).contains(&number)) {
        Ok(number)
    } else {
        Err(D::Error::custom(format_args!("{number} is not between {LEAST} and {MOST}")))
    }
}

/// The longest wait: a deadline further off could overflow the clock it is added to.
const LONGEST: Duration = Duration::from_hours(24);

fn wait<'de, const LEAST_MILLIS: u64, D>(deserializer: D) -> Result<Duration, D::Error>
where
    D: Deserializer<'de>,
{
    let wait: Duration = humantime_serde::deserialize(deserializer)?;
    if wait < Duration::from_millis(LEAST_MILLIS) || wait > LONGEST {
        return Err(D::Error::custom(format_args!("is not between {LEAST_MILLIS}ms and 1 day")));
    }
    Ok(wait)
}
