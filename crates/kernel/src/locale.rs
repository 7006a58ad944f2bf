//! Where people are and what they read: countries and languages by their codes.

use std::{fmt, str::FromStr};

macro_rules! code {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The way in from the database. What was good once stays, whatever the rules are now.
            #[must_use]
            pub const fn from_row(text: String) -> Self {
                Self(text)
            }

            /// As it is written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

code! {
    /// A country, by its code in ISO 3166-1.
    Country
}

code! {
    /// A language, by its tag (BCP 47), in the case that RFC 5646, 2.1.1, recommends.
    Language
}

/// Why a text is no country.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a country of ISO 3166-1 by its two capital letters, such as `DE`")]
pub struct InvalidCountry;

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
pub struct InvalidLanguage;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_one_of_the_officially_assigned_codes() {
        assert_eq!(COUNTRIES.len(), 2 * 249);
        let all: Vec<_> = COUNTRIES.as_bytes().chunks_exact(2).collect();
        assert!(all.is_sorted() && all.windows(2).all(|pair| pair[0] != pair[1]));

        assert!(["DE", "AX", "ZW"].iter().all(|code| code.parse::<Country>().is_ok()));
        for bad in
            ["de", "D", "DEU", "UK", "EU", "ZZ", "XX", "276", " DE", "DE ", "ＤＥ", "EA", "AF\0"]
        {
            assert_eq!(bad.parse::<Country>(), Err(InvalidCountry), "{bad:?}");
        }
    }

    #[test]
    fn a_language_is_a_well_formed_tag_and_is_kept_in_the_recommended_case() {
        for (text, kept) in [
            ("de", "de"),
            ("DE-at", "de-AT"),
            ("zh-hant-tw", "zh-Hant-TW"),
            ("zh-cmn-hans-cn", "zh-cmn-Hans-CN"),
            ("es-419", "es-419"),
            ("sl-rozaj-biske", "sl-rozaj-biske"),
            ("de-CH-1901", "de-CH-1901"),
            ("en-u-ca-gregory-x-Aa", "en-u-ca-gregory-x-aa"),
            ("x-whatever", "x-whatever"),
            ("qaa-Qaaa-QM-x-southern", "qaa-Qaaa-QM-x-southern"),
        ] {
            let language = text.parse::<Language>();
            assert_eq!(language.as_ref().map(Language::as_str), Ok(kept), "{text}");
        }
        for bad in [
            "d",
            "de_AT",
            "de-",
            "-de",
            "de--AT",
            "de-AT-DE",
            "a-DE",
            "x",
            "de-x",
            "de-a",
            "de-a-b",
            "i-klingon",
            "123",
            "de-DE-1901-1901",
            "en-a-bb-a-cc",
            "ar-a-aaa-b-bbb-a-ccc",
            "deutsches1",
            "dé",
            "de AT",
            "zh-aaa-bbb-ccc-ddd-eee",
            "en-x-aaaaaaaa-bbbbbbbb-cccccccc-dddddddd",
        ] {
            assert_eq!(bad.parse::<Language>(), Err(InvalidLanguage), "{bad:?}");
        }
    }
}
