//! A day of the calendar.

use std::{fmt, str::FromStr};

use chrono::{NaiveDate, NaiveTime};

use crate::Timestamp;

/// A day of the Gregorian calendar, from the year 0 to 9999, written as RFC 3339 writes a `full-date`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: u16,
    month: u8,
    of_month: u8,
}

/// Why a text is no day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a day of the calendar, written as `1990-02-28`")]
pub struct InvalidDay;

impl Day {
    /// The year.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The moment at which it begins in UTC.
    #[must_use]
    pub fn begins(self) -> Timestamp {
        let (year, month, of_month) = (self.year.into(), self.month.into(), self.of_month.into());
        let day = NaiveDate::from_ymd_opt(year, month, of_month).expect("a day of the calendar");
        Timestamp::from_micros(day.and_time(NaiveTime::MIN).and_utc().timestamp_micros())
    }
}

impl FromStr for Day {
    type Err = InvalidDay;

    fn from_str(text: &str) -> Result<Self, InvalidDay> {
        let bytes = text.as_bytes();
        let is_written = bytes.len() == 10
            && bytes.iter().enumerate().all(|(at, byte)| match at {
                4 | 7 => *byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !is_written {
            return Err(InvalidDay);
        }
        let (year, month, of_month) = (text[..4].parse(), text[5..7].parse(), text[8..].parse());
        let (Ok(year), Ok(month), Ok(of_month)) = (year, month, of_month) else {
            return Err(InvalidDay);
        };
        let exists = (1..=days_of(year, month)).contains(&of_month);
        if exists { Ok(Self { year, month, of_month }) } else { Err(InvalidDay) }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, of_month } = self;
        write!(f, "{year:04}-{month:02}-{of_month:02}")
    }
}

/// How many days this month has: 0 if there is no such month.
const fn days_of(year: u16, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_of_utc() {
        for (day, micros) in [
            ("1970-01-01", 0),
            ("1969-12-31", -86_400_000_000),
            ("2000-02-29", 951_782_400_000_000),
            ("2026-11-28", 1_795_824_000_000_000),
            ("9999-12-31", 253_402_214_400_000_000),
            ("0000-01-01", -62_167_219_200_000_000),
        ] {
            let day: Day = day.parse().expect("a day");
            assert_eq!(day.begins(), Timestamp::from_micros(micros), "{day}");
        }
    }

    #[test]
    fn a_day_of_the_calendar_is_written_as_it_was_read() {
        for text in ["1990-02-28", "2000-02-29", "2024-02-29", "0000-01-01", "9999-12-31"] {
            assert_eq!(text.parse::<Day>().map(|day| day.to_string()), Ok(text.to_owned()));
        }
        let day = |text: &str| text.parse::<Day>().expect("a day");
        assert!(day("2026-12-01") < day("2027-01-01"));
    }

    #[test]
    fn what_no_calendar_has_is_no_day() {
        for text in [
            "",
            "1990",
            "1990-2-28",
            "1900-02-29",
            "2023-02-29",
            "2023-04-31",
            "2023-13-01",
            "2023-00-10",
            "2023-01-00",
            "2023-01-32",
            "+990-01-01",
            "1990-02-28 ",
            "1990/02/28",
            "１990-02-28",
            "1990-02-2é",
        ] {
            assert_eq!(text.parse::<Day>(), Err(InvalidDay), "{text:?}");
        }
    }
}
