//! Moments on the wire.

use prost_types::Timestamp as WireTimestamp;
use sir0_kernel::Timestamp;

/// The first and the last moment that RFC 3339 can write with four digits of a year since 1970.
const WRITABLE: [i64; 2] = [0, 253_402_300_799_999_999];

/// A moment as on the wire.
#[must_use]
pub fn wire_time(at: Timestamp) -> WireTimestamp {
    WireTimestamp { seconds: at.seconds(), nanos: at.subsec_nanos() }
}

/// A moment from the wire: from 1970 to 9999. Nanoseconds are cut to microseconds.
pub fn moment(WireTimestamp { seconds, nanos }: &WireTimestamp) -> Result<Timestamp, &'static str> {
    let [first, last] = WRITABLE;
    let micros = seconds.checked_mul(1_000_000);
    let micros = micros.and_then(|micros| micros.checked_add(i64::from(*nanos) / 1_000));
    let micros = micros.filter(|micros| (first..=last).contains(micros));
    micros.map(Timestamp::from_micros).ok_or("must be a moment from 1970 to 9999")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_comes_back_as_it_was_and_none_is_before_1970_or_after_9999() {
        for micros in [0, 1, 1_800_000_000_123_456, WRITABLE[1]] {
            let at = Timestamp::from_micros(micros);
            assert_eq!(moment(&wire_time(at)), Ok(at));
        }
        for (seconds, nanos) in [(-1, 0), (0, -1_000), (253_402_300_800, 0), (i64::MAX, i32::MAX)] {
            assert!(moment(&WireTimestamp { seconds, nanos }).is_err(), "{seconds} {nanos}");
        }
    }
}
