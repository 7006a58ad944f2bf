//! The moment until which a caller waits, so that calls to other services on its behalf wait no longer.

use std::{future::Future, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;

/// The header that carries it: `grpc-timeout`.
pub const HEADER: &str = "grpc-timeout";

tokio::task_local! {
    static CURRENT: Instant;
}

/// A `grpc-timeout` that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the grpc-timeout header is malformed")]
pub struct Malformed;

/// Runs the work of a call whose caller waits until then.
pub fn within<F: Future>(until: Instant, work: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(until, work)
}

/// The moment until which the caller waits for this task, if there is a caller that set one.
#[must_use]
pub fn current() -> Option<Instant> {
    CURRENT.try_with(|until| *until).ok()
}

/// How long the caller waits: at most eight digits and a unit (gRPC over HTTP/2, "Timeout").
pub fn read(headers: &HeaderMap) -> Result<Option<Duration>, Malformed> {
    const NAME: HeaderName = HeaderName::from_static(HEADER);
    let Some(value) = headers.get(NAME) else { return Ok(None) };
    let value = value.to_str().map_err(|_not_text| Malformed)?;
    let (digits, unit) = value.split_at_checked(value.len().saturating_sub(1)).ok_or(Malformed)?;
    if !(1..=8).contains(&digits.len()) || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(Malformed);
    }
    let count: u64 = digits.parse().map_err(|_too_large| Malformed)?;
    let wait = match unit {
        "H" => Duration::from_secs(count * 3600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return Err(Malformed),
    };
    Ok(Some(wait))
}

/// The wait as the header carries it, in the finest unit that eight digits can hold. It never becomes longer.
pub(crate) fn write(wait: Duration) -> HeaderValue {
    const LIMIT: u128 = 100_000_000;
    let text = match (wait.as_micros(), wait.as_millis(), wait.as_secs()) {
        (micros, _, _) if micros < LIMIT => format!("{micros}u"),
        (_, millis, _) if millis < LIMIT => format!("{millis}m"),
        (_, _, seconds) => format!("{}S", seconds.min(99_999_999)),
    };
    text.parse().expect("digits and a letter")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeout(value: &'static str) -> Result<Option<Duration>, Malformed> {
        read(&HeaderMap::from_iter([(
            HEADER.parse().expect("a name"),
            HeaderValue::from_static(value),
        )]))
    }

    #[test]
    fn a_deadline_is_read_or_refused() {
        assert_eq!(read(&HeaderMap::new()), Ok(None));
        assert_eq!(timeout("15S"), Ok(Some(Duration::from_secs(15))));
        assert_eq!(timeout("99999999H"), Ok(Some(Duration::from_hours(99_999_999))));
        for malformed in ["", "S", "abc", "1", "-1S", "123456789S", "1 S", "1x", "1.5S"] {
            assert!(timeout(malformed).is_err(), "{malformed}");
        }
    }

    #[test]
    fn what_is_written_is_never_longer_and_hardly_shorter() {
        for wait in [
            Duration::ZERO,
            Duration::from_nanos(1_999),
            Duration::from_millis(1_234),
            Duration::from_secs(100),
            Duration::from_hours(100),
            Duration::from_hours(24 * 365 * 2),
        ] {
            let headers = HeaderMap::from_iter([(HEADER.parse().expect("a name"), write(wait))]);
            let read = read(&headers).expect("well-formed").expect("there");

            let lost = wait.abs_diff(read);
            assert!(read <= wait && lost <= Duration::from_secs(1), "{wait:?} as {read:?}");
        }
    }
}
