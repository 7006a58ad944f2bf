//! The names under which people are seen.

use std::fmt;

use sir0_kernel::{Form, InvalidText, Text, caseless, name_key};

/// A name on one line, trimmed, 1 to 64 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

/// Why a text is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUsername {
    /// Too short, too long, or with something that tells names apart and is not seen.
    #[error(transparent)]
    Text(#[from] InvalidText),
    /// It would pass for an e-mail address.
    #[error("must not contain `@`, so that no name is taken for an e-mail")]
    At,
}

impl Username {
    const TEXT: Text = Text { min: 1, max: 64, form: Form::Name };

    /// The only way to make one.
    pub fn parse(text: &str) -> Result<Self, InvalidUsername> {
        let name = Self(Self::TEXT.read(text)?);
        // The compared form is checked, because there are wide and small forms of `@` too.
        if name.key().contains('@') { Err(InvalidUsername::At) } else { Ok(name) }
    }

    /// The way in from the database. What was a name once stays one, whatever the rules are now.
    #[must_use]
    pub const fn from_row(text: String) -> Self {
        Self(text)
    }

    /// As others see it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Of which rules [`Self::key`] is. It grows when they change, and the keys of all accounts are made anew.
    pub const KEY_VERSION: i32 = 1;

    /// The form in which names are compared.
    #[must_use]
    pub fn key(&self) -> String {
        name_key(&self.0)
    }

    /// The form in which versions without name keys compare names. They look for it, so it is written as long as one of them
    /// may run beside this version.
    #[must_use]
    pub fn key_before(&self) -> String {
        caseless(&self.0)
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_spelling_and_compares_without_case() {
        let name = Username::parse("  Ada Lovelace ").expect("a name");

        assert_eq!(name.as_str(), "Ada Lovelace");
        assert_eq!(name.key(), Username::parse("ＡＤＡ LOVELACE").expect("a name").key());
    }

    #[test]
    fn a_name_is_never_taken_for_an_email() {
        for text in ["ada@example.com", "@ada", "ada＠example.com", "ada﹫example.com"] {
            assert_eq!(Username::parse(text), Err(InvalidUsername::At), "{text}");
        }
    }

    #[test]
    fn a_name_that_cannot_be_seen_or_kept_is_refused() {
        let refused = |text: &str| Username::parse(text).expect_err("no name").to_string();

        assert_eq!(refused(" \u{a0}"), "must not be empty");
        assert_eq!(refused(&"x".repeat(65)), "must have at most 64 characters");
        assert_eq!(refused("two\nlines"), "must not contain the control character U+000A");
        assert_eq!(refused("ad\u{ad}min"), "must not contain U+00AD, which cannot be seen");
        assert_eq!(refused("a\u{202e}b"), "must not contain the control character U+202E");
        assert!(Username::parse(&"é".repeat(64)).is_ok());
    }

    /// Names that are one account.
    const ALIKE: &[[&str; 2]] = &[
        ["Strauß", "STRAUSS"],
        ["straße", "STRA\u{1E9E}E"],
        ["ΣΟΦΟΣ", "σοφος"],
        ["Οδυσσεύς", "ΟΔΥΣΣΕΎΣ"],
        ["ᾠδή", "ὨΙΔΉ"],
        ["ŉdaba", "ʼNDABA"],
        ["ǰan", "J\u{30C}AN"],
        ["Ǆoni", "ǆONI"],
        ["ﬁre", "FIRE"],
        ["eﬃgy", "EFFIGY"],
        ["ſam", "Sam"],
        ["Åsa", "A\u{30A}SA"],
        ["Åke", "åke"],
        ["Kelvin", "kelvin"],
        ["Amélie", "AME\u{301}LIE"],
        ["Nguyễn", "NGUYE\u{302}\u{303}N"],
        ["Żółć", "z\u{307}o\u{301}łc\u{301}"],
        ["ЁЛКА", "ёлка"],
        ["Сергей", "СЕРГЕИ\u{306}"],
        ["Ӏа", "ӀА"],
        ["ԱՐՄԵՆ", "արմեն"],
        ["ᲐᲜᲐ", "ანა"],
        ["Ꭰ", "ꭰ"],
        ["𐐀", "𐐨"],
        ["Ａｄａ", "ADA"],
        ["Ⓐⓓⓐ", "ada"],
        ["𝒜𝒹𝒶", "Ada"],
        ["ᴬᵈᵃ", "ADA"],
        ["Ada²", "ada2"],
        ["Ⅷ", "viii"],
        ["№1", "no1"],
        ["ｶﾞｰﾃﾞﾝ", "ガーデン"],
        ["か\u{3099}", "が"],
        ["㌔", "キロ"],
        ["ﾊﾝｸﾞﾙ", "ハングル"],
        ["\u{1112}\u{1161}\u{11AB}", "한"],
        ["豈", "豈"],
        ["Ada  Lovelace", "ada lovelace"],
        ["Ada\u{A0}Lovelace", "ADA LOVELACE"],
        ["Ada\u{3000}Lovelace", "Ada Lovelace"],
        ["Ada\u{2003}\u{2009}Lovelace", "Ada Lovelace"],
        [" Ada ", "Ada"],
        ["می\u{200C}خواهم", "میخواهم"],
        ["क्\u{200D}ष", "क्ष"],
        ["❤\u{FE0F}", "❤"],
        ["👩\u{200D}🚀", "👩🚀"],
        ["辻\u{E0100}", "辻"],
        ["ﷺ", "صلى الله عليه وسلم"],
        ["ﻢﺤﻣﺩ", "محمد"],
        ["coco", "сосо"],
        ["ace", "асе"],
    ];

    /// Names that are refused, and a part of the reason.
    const REFUSED: &[[&str; 2]] = &[
        ["", "empty"],
        [" ", "empty"],
        ["\u{2003}", "empty"],
        ["\u{3000}\u{A0}", "empty"],
        ["\u{3164}", "cannot be seen"],
        ["\u{FFA0}", "cannot be seen"],
        ["\u{115F}\u{1160}", "cannot be seen"],
        ["\u{200C}", "cannot be seen"],
        ["\u{200D}", "cannot be seen"],
        ["\u{200D}\u{200D}\u{200D}", "cannot be seen"],
        ["\u{2800}", "cannot be seen"],
        ["\u{FE0F}", "cannot be seen"],
        ["\u{E0041}", "cannot be seen"],
        ["ad\u{AD}min", "cannot be seen"],
        ["admin\u{34F}", "cannot be seen"],
        ["ad\u{200D}min", "cannot be seen"],
        ["ad\u{200C}min", "cannot be seen"],
        ["ad\u{200B}min", "cannot be seen"],
        ["ad\u{2060}min", "cannot be seen"],
        ["\u{FEFF}admin", "cannot be seen"],
        ["admin\u{FE00}", "cannot be seen"],
        ["admin\u{E0100}", "cannot be seen"],
        ["admin\u{E0061}\u{E007F}", "cannot be seen"],
        ["ad\u{180E}min", "cannot be seen"],
        ["ad\u{17B4}min", "cannot be seen"],
        ["ad\u{61C}min", "cannot be seen"],
        ["admin\u{200E}", "cannot be seen"],
        ["admin\u{200F}", "cannot be seen"],
        ["ad\u{1D173}min", "cannot be seen"],
        ["愛\u{200D}愛", "cannot be seen"],
        ["ad\u{202E}nim", "control character"],
        ["ad\u{202D}min", "control character"],
        ["ad\u{2066}min", "control character"],
        ["ad\u{2028}min", "control character"],
        ["ad\u{85}min", "control character"],
        ["ad\u{0}min", "control character"],
        ["ad\tmin", "control character"],
        ["ad\u{FFF9}min", "control character"],
        ["admin\u{FFFE}", "no character"],
        ["admin\u{FDD0}", "no character"],
        ["admin\u{10FFFF}", "no character"],
        ["admin\u{E000}", "no character"],
        ["admin\u{F8FF}", "no character"],
        ["admin\u{378}", "no character"],
        ["аdmin", "alphabets"],
        ["admіn", "alphabets"],
        ["αdmin", "alphabets"],
        ["Ꭺdmin", "alphabets"],
        ["pаypal", "alphabets"],
        ["a\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}", "marks"],
        ["\u{301}admin", "marks"],
        ["\u{20DD}", "marks"],
        ["ada＠example.com", "@"],
    ];

    #[test]
    fn a_hundred_names_that_look_alike_or_like_nothing_are_one_account_or_refused() {
        assert!(ALIKE.len() + REFUSED.len() >= 100);
        for [one, other] in ALIKE {
            let [one, other] = [one, other].map(|name| Username::parse(name).expect(name));
            assert_eq!(one.key(), other.key(), "{one} {other}");
        }
        for [name, reason] in REFUSED {
            let refused = Username::parse(name).expect_err(name).to_string();
            assert!(refused.contains(reason), "{name:?} {refused}");
        }
    }

    #[test]
    fn names_that_mean_something_else_are_different() {
        for [one, other] in [
            ["Ada", "Ida"],
            ["Jose", "José"],
            ["Мила", "Мила2"],
            ["ガーデン", "カーデン"],
            ["Ada Lovelace", "Adalovelace"],
            ["O'Neil", "ONeil"],
            ["modern", "rnodern"],
            ["Bill", "BiII"],
            ["дом", "том"],
            ["❤", "💙"],
        ] {
            let [one, other] = [one, other].map(|name| Username::parse(name).expect(name));
            assert_ne!(one.key(), other.key(), "{one} {other}");
        }
    }
}
