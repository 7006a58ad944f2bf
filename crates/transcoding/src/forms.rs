//! Times, durations and field masks as JSON writes them.

use chrono::{DateTime, Datelike, SecondsFormat, Utc};

/// Seconds and nanoseconds beyond them, as `Timestamp` and `Duration` hold them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Split {
    pub(crate) seconds: i64,
    pub(crate) nanos: i32,
}

/// The longest duration, about 10,000 years.
const MOST_SECONDS: i64 = 315_576_000_000;
const BILLION: i32 = 1_000_000_000;

/// `2026-11-25T22:16:35.123Z`, with 0, 3, 6 or 9 digits behind the second. `None` outside of the years 1 to 9999, which
/// the mapping does not write.
pub(crate) fn timestamp(at: Split) -> Option<String> {
    let nanos = u32::try_from(at.nanos).ok().filter(|_| at.nanos < BILLION)?;
    let time = DateTime::<Utc>::from_timestamp(at.seconds, nanos)?;
    let is_written = (1..=9999).contains(&time.year());
    is_written.then(|| time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// Takes any offset from UTC.
pub(crate) fn read_timestamp(text: &str) -> Option<Split> {
    let time = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    let nanos = i32::try_from(time.timestamp_subsec_nanos()).ok()?;
    let split = Split { seconds: time.timestamp(), nanos };
    timestamp(split).map(|_| split)
}

/// `-1.500s`, with 0, 3, 6 or 9 digits behind the second. `None` for what is no duration.
pub(crate) fn duration(Split { seconds, nanos }: Split) -> Option<String> {
    let agree = seconds == 0 || nanos == 0 || (seconds < 0) == (nanos < 0);
    if !agree || nanos.abs() >= BILLION || seconds.abs() > MOST_SECONDS {
        return None;
    }
    let sign = if seconds < 0 || nanos < 0 { "-" } else { "" };
    let (seconds, nanos) = (seconds.unsigned_abs(), nanos.unsigned_abs());
    Some(match nanos {
        0 => format!("{sign}{seconds}s"),
        _ if nanos % 1_000_000 == 0 => format!("{sign}{seconds}.{:03}s", nanos / 1_000_000),
        _ if nanos % 1_000 == 0 => format!("{sign}{seconds}.{:06}s", nanos / 1_000),
        _ => format!("{sign}{seconds}.{nanos:09}s"),
    })
}

/// Takes up to nine digits behind the second.
pub(crate) fn read_duration(text: &str) -> Option<Split> {
    let number = text.strip_suffix('s')?;
    let (is_negative, number) = match number.strip_prefix('-') {
        Some(number) => (true, number),
        None => (false, number),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !are_digits(whole) || !are_digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let seconds = whole.parse::<i64>().ok().filter(|seconds| *seconds <= MOST_SECONDS)?;
    let nanos: i32 = format!("{fraction:0<9}").parse().ok()?;
    let sign = if is_negative { -1 } else { 1 };
    let split = Split { seconds: seconds * i64::from(sign), nanos: nanos * sign };
    duration(split).map(|_| split)
}

/// `title,priceRange.most`, of paths as they stand in the file. `None` for a path that would not come back as it was.
pub(crate) fn field_mask<'p>(paths: impl Iterator<Item = &'p str>) -> Option<String> {
    let paths: Option<Vec<_>> = paths.map(camel_of).collect();
    Some(paths?.join(","))
}

/// The paths as they stand in the file.
pub(crate) fn read_field_mask(text: &str) -> Option<Vec<String>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    text.split(',').map(snake_of).collect()
}

fn camel_of(path: &str) -> Option<String> {
    let mut camel = String::with_capacity(path.len());
    let mut characters = path.chars();
    while let Some(character) = characters.next() {
        match character {
            '_' => {
                camel
                    .push(characters.next().filter(char::is_ascii_lowercase)?.to_ascii_uppercase());
            }
            'A'..='Z' => return None,
            other => camel.push(other),
        }
    }
    Some(camel)
}

fn snake_of(path: &str) -> Option<String> {
    let mut snake = String::with_capacity(path.len() + 4);
    for character in path.chars() {
        match character {
            'A'..='Z' => {
                snake.push('_');
                snake.push(character.to_ascii_lowercase());
            }
            'a'..='z' | '0'..='9' | '.' => snake.push(character),
            _ => return None,
        }
    }
    let is_path = snake.split('.').all(|part| !part.is_empty());
    is_path.then_some(snake)
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
            let time = Split { seconds, nanos };

            assert_eq!(timestamp(time).as_deref(), Some(expected));
            assert_eq!(read_timestamp(expected), Some(time));
        }
    }

    #[test]
    fn a_time_may_come_from_anywhere_and_what_is_none_is_refused() {
        let utc = Split { seconds: 1_795_644_995, nanos: 0 };
        assert_eq!(read_timestamp("2026-11-26T00:16:35+02:00"), Some(utc));

        for (seconds, nanos) in
            [(253_402_300_800, 0), (-62_135_596_801, 0), (i64::MAX, 0), (0, -1), (59, BILLION)]
        {
            assert_eq!(timestamp(Split { seconds, nanos }), None, "{seconds} {nanos}");
        }
        for text in ["", "2026-11-25", "2026-11-25T22:16:35", "yesterday"] {
            assert_eq!(read_timestamp(text), None, "{text}");
        }
    }

    #[test]
    fn a_duration_is_seconds_with_an_s_and_keeps_its_sign() {
        for (seconds, nanos, expected) in [
            (0, 0, "0s"),
            (3, 0, "3s"),
            (1, 500_000_000, "1.500s"),
            (0, -500_000, "-0.000500s"),
            (-3, -1, "-3.000000001s"),
            (MOST_SECONDS, 999_999_999, "315576000000.999999999s"),
        ] {
            let length = Split { seconds, nanos };

            assert_eq!(duration(length).as_deref(), Some(expected));
            assert_eq!(read_duration(expected), Some(length));
        }
        assert_eq!(read_duration("1.5s"), Some(Split { seconds: 1, nanos: 500_000_000 }));
        for text in
            ["", "s", "1", "1.s", ".5s", "1.0000000001s", "315576000001s", "+1s", "1 s", "--1s"]
        {
            assert_eq!(read_duration(text), None, "{text}");
        }
        for (seconds, nanos) in [(1, -1), (-1, 1), (0, BILLION), (i64::MIN + 1, 0)] {
            assert_eq!(duration(Split { seconds, nanos }), None, "{seconds} {nanos}");
        }
    }

    #[test]
    fn a_field_mask_has_its_paths_in_camel_case() {
        let paths = ["title", "price_range.most_of_all"];
        assert_eq!(field_mask(paths.into_iter()).as_deref(), Some("title,priceRange.mostOfAll"));
        assert_eq!(
            read_field_mask("title,priceRange.mostOfAll").as_deref(),
            Some(&paths.map(str::to_owned)[..])
        );
        assert_eq!(read_field_mask(""), Some(Vec::new()));
        for text in [",", "a,", "a..b", "a_b", "a b", "*"] {
            assert_eq!(read_field_mask(text), None, "{text}");
        }
        for path in ["Title", "a__b", "a_", "a_1"] {
            assert_eq!(field_mask([path].into_iter()), None, "{path}");
        }
    }
}
