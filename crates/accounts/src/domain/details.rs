//! What a person may add to their profile. Every field may be missing: nothing here is needed to play.

use std::str::FromStr;

use sir0_kernel::{Country, Day, InvalidDay, Language, Timestamp};

/// What someone tells of themselves. Only the owner of the account and administrators see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Details {
    pub(crate) country: Option<Country>,
    pub(crate) language: Option<Language>,
    pub(crate) birth_date: Option<BirthDate>,
    /// The terms that were accepted last, and when.
    pub(crate) terms: Option<(TermsVersion, Timestamp)>,
}

/// What becomes of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Field<T> {
    #[default]
    Keeps,
    IsCleared,
    Becomes(T),
}

impl<T: FromStr> Field<T> {
    /// Nothing keeps what is there, and an empty text clears it.
    pub(crate) fn parse(text: Option<&str>) -> Result<Self, T::Err> {
        match text {
            None => Ok(Self::Keeps),
            Some("") => Ok(Self::IsCleared),
            Some(text) => text.parse().map(Self::Becomes),
        }
    }
}

impl<T: PartialEq> Field<T> {
    /// Whether the field is another one afterwards.
    fn changes(self, field: &mut Option<T>) -> bool {
        let new = match self {
            Self::Keeps => return false,
            Self::IsCleared => None,
            Self::Becomes(new) => Some(new),
        };
        let is_another = *field != new;
        *field = new;
        is_another
    }
}

/// A change to what someone tells of themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DetailsChange {
    pub(crate) country: Field<Country>,
    pub(crate) language: Field<Language>,
    pub(crate) birth_date: Field<BirthDate>,
    /// The terms that are accepted. What was accepted cannot be taken back.
    pub(crate) terms: Option<TermsVersion>,
}

impl Details {
    /// Applies the change at this moment, and names the fields that changed. Accepting the same terms again keeps
    /// when they were accepted first.
    pub(crate) fn change(&mut self, change: DetailsChange, at: Timestamp) -> Vec<&'static str> {
        let DetailsChange { country, language, birth_date, terms } = change;
        let mut changed = Vec::new();
        if country.changes(&mut self.country) {
            changed.push("country");
        }
        if language.changes(&mut self.language) {
            changed.push("language");
        }
        if birth_date.changes(&mut self.birth_date) {
            changed.push("birth_date");
        }
        if let Some(accepted) = terms
            && self.terms.as_ref().is_none_or(|(before, _)| *before != accepted)
        {
            self.terms = Some((accepted, at));
            changed.push("terms");
        }
        changed
    }
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(crate) struct $name(String);

        impl $name {
            /// The way in from the database. What was good once stays, whatever the rules are now.
            pub(crate) const fn from_row(text: String) -> Self {
                Self(text)
            }

            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

text! {
    /// A day in the calendar, written as `1990-02-28`.
    BirthDate
}

text! {
    /// Which terms were accepted: 1 to 32 visible ASCII characters.
    TermsVersion
}

/// Why a text is no day on which someone may have been born.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidBirthDate {
    #[error("must be a day of the calendar, written as `1990-02-28`")]
    NoDay,
    #[error("must be in 1900 or later")]
    TooEarly,
    #[error("must not be in the future")]
    TooLate,
}

impl FromStr for BirthDate {
    type Err = InvalidBirthDate;

    fn from_str(text: &str) -> Result<Self, InvalidBirthDate> {
        let day: Day = text.parse().map_err(|InvalidDay| InvalidBirthDate::NoDay)?;
        if day.year() < 1900 { Err(InvalidBirthDate::TooEarly) } else { Ok(Self(day.to_string())) }
    }
}

impl BirthDate {
    /// Refuses a day that has not begun, as the clock of Greenwich has it. Today is written as a birth date is.
    pub(crate) fn by(self, today: &str) -> Result<Self, InvalidBirthDate> {
        if self.0.as_str() > today { Err(InvalidBirthDate::TooLate) } else { Ok(self) }
    }
}

/// Why a text names no terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 32 visible ASCII characters")]
pub(crate) struct InvalidTermsVersion;

impl FromStr for TermsVersion {
    type Err = InvalidTermsVersion;

    fn from_str(text: &str) -> Result<Self, InvalidTermsVersion> {
        let is_good =
            (1..=32).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_graphic());
        if is_good { Ok(Self(text.to_owned())) } else { Err(InvalidTermsVersion) }
    }
}

#[cfg(test)]
mod tests;
