//! Passwords: bounded before they cost anything, and hard to guess when they are chosen.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;
use zxcvbn::{Score, feedback::Feedback, zxcvbn};

/// A password in the form that is hashed: NFKC, so that every keyboard types the same one. Wiped
/// when dropped.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

/// Why a text is no password, or must not become one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPassword {
    /// Below [`Password::MIN_CHARS`].
    #[error("must have at least {min} characters", min = Password::MIN_CHARS)]
    TooShort,
    /// Above [`Password::MAX_CHARS`].
    #[error("must have at most {max} characters", max = Password::MAX_CHARS)]
    TooLong,
    /// Above [`Password::MAX_BYTES`].
    #[error("must have at most {max} bytes", max = Password::MAX_BYTES)]
    TooManyBytes,
    /// Attackers try this one early.
    #[error("is too easy to guess: {0}")]
    TooEasy(String),
}

impl Password {
    /// The fewest characters.
    pub const MIN_CHARS: usize = 8;
    /// The most characters.
    pub const MAX_CHARS: usize = 128;
    /// The most bytes in UTF-8.
    pub const MAX_BYTES: usize = 512;
    const WEAKEST: Score = Score::Two;
    /// Judging takes time that grows with the square of the length. A password that begins strong is strong.
    const JUDGED_CHARS: usize = 32;
    /// The time doubles with every symbol that may stand for a letter. A password that is strong without them is
    /// strong.
    const JUDGED_SYMBOLS: usize = 3;

    /// Reads the password of someone who signs in. How easy it is to guess does not matter then.
    pub fn parse(text: &str) -> Result<Self, InvalidPassword> {
        // All bounds are on what was sent, before any work is done on it.
        if text.len() > Self::MAX_BYTES {
            return Err(InvalidPassword::TooManyBytes);
        }
        match text.chars().count() {
            chars if chars < Self::MIN_CHARS => Err(InvalidPassword::TooShort),
            chars if chars > Self::MAX_CHARS => Err(InvalidPassword::TooLong),
            _ => Ok(Self(Zeroizing::new(text.nfkc().collect()))),
        }
    }

    /// Reads a new password, and refuses one that is easy to guess for someone who knows this name
    /// and this e-mail. The two are taken as they were typed: they need not be good, so that one
    /// reply can name every fault.
    pub fn choose(text: &str, username: &str, email: &str) -> Result<Self, InvalidPassword> {
        let password = Self::parse(text)?;
        password.judge(username, email)?;
        Ok(password)
    }

    /// Refuses a new password that is easy to guess for someone who knows this name and this e-mail.
    pub fn judge(&self, username: &str, email: &str) -> Result<(), InvalidPassword> {
        let judged = self.judged();
        let known = words_known_about(username, email);
        let known: Vec<&str> = known.iter().map(String::as_str).collect();

        let verdict = zxcvbn(&judged, &known);
        if verdict.score() >= Self::WEAKEST {
            return Ok(());
        }
        let warning = verdict.feedback().and_then(Feedback::warning);
        Err(InvalidPassword::TooEasy(warning.map_or_else(
            || "use a few words that do not belong together".to_owned(),
            |warning| as_clause(&warning.to_string()),
        )))
    }

    /// The part that can be judged in milliseconds. It is all of nearly every password.
    fn judged(&self) -> Zeroizing<String> {
        let mut symbols = Vec::with_capacity(Self::JUDGED_SYMBOLS);
        let judged = self.0.chars().filter(|character| {
            let is_cheap = !"@({[<!|$+%".contains(*character) || symbols.contains(character);
            if !is_cheap && symbols.len() < Self::JUDGED_SYMBOLS {
                symbols.push(*character);
                return true;
            }
            is_cheap
        });
        Zeroizing::new(judged.take(Self::JUDGED_CHARS).collect())
    }

    /// What is hashed.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Hides the password, because it must not be in any log.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// The name, the address and their parts: what an attacker tries first. Never more than a handful.
fn words_known_about(username: &str, email: &str) -> Vec<String> {
    const MAX_WORDS: usize = 12;
    const MAX_CHARS: usize = 254;

    let bounded = |text: &str| text.chars().take(MAX_CHARS).nfkc().collect::<String>();
    let (username, email) = (bounded(username), bounded(email));
    let parts = [&username, &email].into_iter().flat_map(|text| {
        text.split(|character: char| !character.is_alphanumeric()).map(str::to_owned)
    });
    ["sir0".to_owned(), username.clone(), email.clone()]
        .into_iter()
        .chain(parts.filter(|part| part.chars().count() > 2).take(MAX_WORDS))
        .collect()
}

/// A sentence as the end of another one: small letter, no full stop.
fn as_clause(sentence: &str) -> String {
    let mut characters = sentence.trim_end_matches('.').chars();
    let first = characters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(characters).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refusal(text: &str) -> InvalidPassword {
        Password::choose(text, "Lovelace", "ada@example.com").expect_err("refused")
    }

    #[test]
    fn the_bounds_are_those_of_the_contract() {
        let astral = "𝄞";
        assert_eq!(Password::parse("seven77").err(), Some(InvalidPassword::TooShort));
        assert_eq!(Password::parse("éééé").err(), Some(InvalidPassword::TooShort));
        assert!(Password::parse("eight888").is_ok());
        assert!(Password::parse(&"x".repeat(128)).is_ok());
        assert_eq!(Password::parse(&"x".repeat(129)).err(), Some(InvalidPassword::TooLong));
        assert!(Password::parse(&astral.repeat(128)).is_ok());
        assert_eq!(Password::parse(&astral.repeat(129)).err(), Some(InvalidPassword::TooManyBytes));
        let megabyte = "x".repeat(1_000_000);
        assert_eq!(Password::parse(&megabyte).err(), Some(InvalidPassword::TooManyBytes));
    }

    #[test]
    fn every_keyboard_types_the_same_password() {
        let composed = Password::parse("caf\u{e9} noir").expect("a password");
        let decomposed = Password::parse("cafe\u{301} noir").expect("a password");
        let wide = Password::parse("ｃａｆé　ｎｏｉｒ").expect("a password");

        assert_eq!(composed.as_bytes(), decomposed.as_bytes());
        assert_eq!(composed.as_bytes(), wide.as_bytes());
    }

    #[test]
    fn white_space_is_part_of_a_password() {
        let bare = Password::parse("eight888").expect("a password");
        let spaced = Password::parse(" eight888 ").expect("a password");

        assert_ne!(bare.as_bytes(), spaced.as_bytes());
    }

    #[test]
    fn a_common_password_is_refused_with_the_reason() {
        let refused = refusal("password");

        assert_eq!(refused.to_string(), "is too easy to guess: this is a top-10 common password");
        for common in ["12345678", "qwertyuiop", "aaaaaaaaaaaa", "P@ssw0rd", "ｐａｓｓｗｏｒｄ"]
        {
            assert!(matches!(refusal(common), InvalidPassword::TooEasy(_)), "{common}");
        }
        assert!(Password::parse("password").is_ok(), "who has it may still sign in");
    }

    #[test]
    fn what_everyone_knows_about_a_person_is_no_password() {
        for known in ["lovelace", "Lovelace1", "ada@example.com", "sir0sir0", "example1"] {
            assert!(matches!(refusal(known), InvalidPassword::TooEasy(_)), "{known}");
        }
        assert!(Password::choose("lovelace analytical", "x", "y").is_ok());
    }

    #[test]
    fn a_hard_one_is_taken() {
        for hard in ["correct horse battery staple", "vT9#qLw2!xZr", "мой любимый синий трамвай"]
        {
            assert!(Password::choose(hard, "Lovelace", "ada@example.com").is_ok(), "{hard}");
        }
    }

    #[test]
    fn a_password_never_shows_itself() {
        let password = Password::parse("correct horse").expect("a password");

        assert!(!format!("{password:?}").contains("horse"));
    }

    #[test]
    fn a_hostile_password_is_judged_by_a_part_of_it() {
        // Each of these symbols stands for a letter: judged whole, 100 such characters took a
        // second.
        let hostile = "4@8({[<369!|1170$5+7%2".repeat(5);
        let judged = Password::parse(&hostile).expect("within bounds").judged();

        assert_eq!(judged.chars().count(), Password::JUDGED_CHARS);
        let symbols = |text: &str| "@({[<!|$+%".chars().filter(|it| text.contains(*it)).count();
        assert_eq!((symbols(&hostile), symbols(&judged)), (10, Password::JUDGED_SYMBOLS));
    }

    #[test]
    fn a_password_full_of_symbols_is_judged_by_the_rest_of_it_too() {
        let symbols = "([{<!|@$ seven grey otters";

        assert!(Password::choose(symbols, "Lovelace", "ada@example.com").is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_text_makes_it_panic([text, name, email] in any::<[String; 3]>()) {
            if Password::choose(&text, &name, &email).is_ok() {
                prop_assert!(text.len() <= Password::MAX_BYTES);
            }
        }
    }
}
