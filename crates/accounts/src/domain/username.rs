//! The names under which people are seen.

use std::fmt;

use sir0_kernel::{InvalidText, Text, caseless};

/// A name on one line, trimmed, 1 to 64 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

/// Why a text is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUsername {
    /// Too short, too long, or with characters that hide or reorder others.
    #[error(transparent)]
    Text(#[from] InvalidText),
    /// It would pass for an e-mail address.
    #[error("must not contain `@`, so that no name is taken for an e-mail")]
    At,
}

impl Username {
    const TEXT: Text = Text { min: 1, max: 64, lines: false };

    /// The only way to make one.
    pub fn parse(text: &str) -> Result<Self, InvalidUsername> {
        let name = Self(Self::TEXT.read(text)?);
        // The compared form is checked, because there are wide and small forms of `@` too.
        if name.key().contains('@') { Err(InvalidUsername::At) } else { Ok(name) }
    }

    /// As others see it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which names are compared: no two accounts share it.
    #[must_use]
    pub fn key(&self) -> String {
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
        assert_eq!(refused("a\u{202e}b"), "must not contain the control character U+202E");
        assert!(Username::parse(&"é".repeat(64)).is_ok());
    }
}
