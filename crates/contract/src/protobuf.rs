//! The types of `google.protobuf` that the contract uses, in the JSON form that Google's mapping gives them. Those of
//! `pbjson-types` end a time in `+00:00` where the mapping ends it in `Z`, and have no setting for it.

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

/// `google.protobuf.Timestamp`: a moment in UTC.
///
/// In JSON it is RFC 3339 with `Z` and 0, 3, 6 or 9 digits behind the second: `2026-11-25T22:16:35.123Z`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct Timestamp {
    /// Whole seconds since 1970-01-01T00:00:00Z.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// Nanoseconds beyond them, less than a second.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

impl Timestamp {
    /// `None` outside of the years 1 to 9999, which the mapping does not write.
    fn to_rfc3339(self) -> Option<String> {
        let nanos = u32::try_from(self.nanos).ok().filter(|nanos| *nanos < 1_000_000_000)?;
        let time = DateTime::<Utc>::from_timestamp(self.seconds, nanos)?;
        let is_written = (1..=9999).contains(&time.year());
        is_written.then(|| time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }

    /// Takes any offset from UTC, as the mapping does.
    fn from_rfc3339(text: &str) -> Option<Self> {
        let time = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
        let nanos = i32::try_from(time.timestamp_subsec_nanos()).ok()?;
        Some(Self { seconds: time.timestamp(), nanos }).filter(|time| time.to_rfc3339().is_some())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.to_rfc3339();
        let text = text.ok_or_else(|| ser::Error::custom("a time that JSON cannot tell"))?;
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_rfc3339(&text).ok_or_else(|| de::Error::custom("must be a time of RFC 3339"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_ends_in_z_and_has_as_many_digits_as_it_needs() {
        for (seconds, nanos, expected) in [
            (0, 0, "1970-01-01T00:00:00Z"),
            (1_795_644_995, 120_000_000, "2026-11-25T22:16:35.120Z"),
            (1_795_644_995, 120_400_000, "2026-11-25T22:16:35.120400Z"),
            (1_795_644_995, 1, "2026-11-25T22:16:35.000000001Z"),
            (-1, 999_000_000, "1969-12-31T23:59:59.999Z"),
            (-62_135_596_800, 0, "0001-01-01T00:00:00Z"),
            (253_402_300_799, 999_999_999, "9999-12-31T23:59:59.999999999Z"),
        ] {
            let time = Timestamp { seconds, nanos };

            assert_eq!(time.to_rfc3339().as_deref(), Some(expected));
            assert_eq!(Timestamp::from_rfc3339(expected), Some(time));
        }
    }

    #[test]
    fn a_time_may_come_from_anywhere_and_what_is_none_is_refused() {
        let utc = Timestamp { seconds: 1_795_644_995, nanos: 0 };
        assert_eq!(Timestamp::from_rfc3339("2026-11-26T00:16:35+02:00"), Some(utc));

        for (seconds, nanos) in [
            (253_402_300_800, 0),
            (-62_135_596_801, 0),
            (i64::MAX, 0),
            (0, -1),
            (59, 1_000_000_000),
        ] {
            assert_eq!(Timestamp { seconds, nanos }.to_rfc3339(), None, "{seconds} {nanos}");
        }
        for text in ["", "2026-11-25", "2026-11-25T22:16:35", "yesterday"] {
            assert_eq!(Timestamp::from_rfc3339(text), None, "{text}");
        }
    }
}
