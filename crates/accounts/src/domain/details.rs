//! What a person may add to their profile. Every field may be missing: nothing here is needed to play.

use std::str::FromStr;

use sir0_kernel::{Day, InvalidDay, Timestamp};

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
    /// A country, by its code in ISO 3166-1.
    Country
}

text! {
    /// A language, by its tag (BCP 47), in the case that RFC 5646, 2.1.1, recommends.
    Language
}

text! {
    /// A day in the calendar, written as `1990-02-28`.
    BirthDate
}

text! {
    /// Which terms were accepted: 1 to 32 visible ASCII characters.
    TermsVersion
}

/// Why a text is no country.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a country of ISO 3166-1 by its two capital letters, such as `DE`")]
pub(crate) struct InvalidCountry;

/// The codes that are assigned officially, without blanks.
const COUNTRIES: &str = "\
ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZ\
DEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJM\
JOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONP\
NRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTO\
TRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSYEYTZAZMZW";

impl FromStr for Country {
    type Err = InvalidCountry;

    fn from_str(text: &str) -> Result<Self, InvalidCountry> {
        let is_one = COUNTRIES.as_bytes().chunks_exact(2).any(|code| code == text.as_bytes());
        if is_one { Ok(Self(text.to_owned())) } else { Err(InvalidCountry) }
    }
}

/// Why a text is no language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a language tag (BCP 47), such as `de-AT`")]
pub(crate) struct InvalidLanguage;

impl Language {
    /// RFC 5646, 4.4.1, recommends to have room for so many.
    const LONGEST: usize = 35;
}

/// A tag that is well-formed (RFC 5646, 2.2.9). Tags from before that standard, such as `i-klingon`, are not taken:
/// each has one in their place that is.
impl FromStr for Language {
    type Err = InvalidLanguage;

    fn from_str(text: &str) -> Result<Self, InvalidLanguage> {
        let is_short = (1..=Self::LONGEST).contains(&text.len());
        let subtags: Vec<_> = text.split('-').map(str::to_ascii_lowercase).collect();
        if is_short && is_well_formed(&subtags) {
            Ok(Self(in_recommended_case(&subtags)))
        } else {
            Err(InvalidLanguage)
        }
    }
}

fn is_well_formed(subtags: &[String]) -> bool {
    let alpha = |it: &str| it.bytes().all(|byte| byte.is_ascii_lowercase());
    let digits = |it: &str| it.bytes().all(|byte| byte.is_ascii_digit());
    let is_sign = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if !subtags.iter().all(|it| (1..=8).contains(&it.len()) && it.bytes().all(is_sign)) {
        return false;
    }
    let mut rest = subtags.iter().map(String::as_str).peekable();
    let Some(language) = rest.next() else { return false };
    if language == "x" {
        return rest.next().is_some();
    }
    if language.len() < 2 || !alpha(language) {
        return false;
    }
    if language.len() <= 3 {
        for _ in 0..3 {
            rest.next_if(|it| it.len() == 3 && alpha(it));
        }
    }
    rest.next_if(|it| it.len() == 4 && alpha(it));
    rest.next_if(|it| (it.len() == 2 && alpha(it)) || (it.len() == 3 && digits(it)));
    let mut seen = Vec::new();
    let is_variant = |it: &&str| it.len() >= 5 || (it.len() == 4 && digits(&it[..1]));
    while let Some(variant) = rest.next_if(is_variant) {
        seen.push(variant);
    }
    while let Some(singleton) = rest.next_if(|it| it.len() == 1) {
        seen.push(singleton);
        if singleton == "x" {
            return rest.next().is_some() && is_each_once(&seen);
        }
        if rest.next_if(|it| it.len() > 1).is_none() {
            return false;
        }
        while rest.next_if(|it| it.len() > 1).is_some() {}
    }
    rest.next().is_none() && is_each_once(&seen)
}

/// No variant and no singleton comes twice (RFC 5646, 2.2.5 and 2.2.6).
fn is_each_once(seen: &[&str]) -> bool {
    seen.iter().enumerate().all(|(at, one)| !seen[..at].contains(one))
}

fn in_recommended_case(subtags: &[String]) -> String {
    let mut written = String::new();
    let mut is_behind_singleton = false;
    for (at, subtag) in subtags.iter().enumerate() {
        if at > 0 {
            written.push('-');
        }
        match subtag.len() {
            2 if at > 0 && !is_behind_singleton => written += &subtag.to_ascii_uppercase(),
            4 if at > 0 && !is_behind_singleton => {
                written += &subtag[..1].to_ascii_uppercase();
                written += &subtag[1..];
            }
            _ => written += subtag,
        }
        is_behind_singleton |= subtag.len() == 1;
    }
    written
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
