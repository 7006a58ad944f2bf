//! Passwords: bounded before they cost anything, and hard to guess when they are chosen.

use std::fmt;

use sir0_kernel::compatible;
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
    /// The most bytes that are read. A keyboard that sends letters and their marks apart sends up to three times as many.
    const MAX_SENT_BYTES: usize = 4 * Self::MAX_BYTES;
    const WEAKEST: Score = Score::Two;
    /// Judging takes time that grows with the square of the length. A password that begins strong is strong.
    const JUDGED_CHARS: usize = 32;
    /// The time doubles with every symbol that may stand for a letter. A password that is strong without them is
    /// strong.
    const JUDGED_SYMBOLS: usize = 3;

    /// Reads the password of someone who signs in. How short and how easy to guess it is does not matter then: it was
    /// chosen under the rules of another day.
    pub fn parse(text: &str) -> Result<Self, InvalidPassword> {
        // Before any work is done on it.
        if text.len() > Self::MAX_SENT_BYTES {
            return Err(InvalidPassword::TooManyBytes);
        }
        Ok(Self(Zeroizing::new(compatible(text))))
    }

    /// Reads a new password, and refuses one that is easy to guess for someone who knows this name
    /// and this e-mail. The two are taken as they were typed: they need not be good, so that one
    /// reply can name every fault.
    pub fn choose(text: &str, username: &str, email: &str) -> Result<Self, InvalidPassword> {
        let password = Self::parse(text)?;
        // The bounds are those of the form that is kept: the same for every keyboard.
        if password.0.len() > Self::MAX_BYTES {
            return Err(InvalidPassword::TooManyBytes);
        }
        match password.0.chars().count() {
            chars if chars < Self::MIN_CHARS => return Err(InvalidPassword::TooShort),
            chars if chars > Self::MAX_CHARS => return Err(InvalidPassword::TooLong),
            _ => {}
        }
        password.judge(username, email)?;
        Ok(password)
    }

    /// Refuses a new password that is easy to guess for someone who knows this name and this e-mail.
    pub fn judge(&self, username: &str, email: &str) -> Result<(), InvalidPassword> {
        let judged = judged_part(&self.0);
        // A long name would not be found in the part of a password that is judged, unless it is cut alike.
        let known = words_known_about(username, email);
        let known: Vec<_> = known.iter().map(|word| judged_part(word)).collect();
        let known: Vec<&str> = known.iter().map(|word| word.as_str()).collect();

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

/// The part of a text that can be judged in milliseconds. It is all of nearly every password.
fn judged_part(text: &str) -> Zeroizing<String> {
    let mut symbols = Vec::with_capacity(Password::JUDGED_SYMBOLS);
    let judged = text.chars().filter(|character| {
        let is_cheap = !"@({[<!|$+%".contains(*character) || symbols.contains(character);
        if !is_cheap && symbols.len() < Password::JUDGED_SYMBOLS {
            symbols.push(*character);
            return true;
        }
        is_cheap
    });
    Zeroizing::new(judged.take(Password::JUDGED_CHARS).collect())
}

/// The name, the address and their parts: what an attacker tries first. Never more than a handful.
fn words_known_about(username: &str, email: &str) -> Vec<String> {
    const MAX_WORDS: usize = 12;
    const MAX_CHARS: usize = 254;

    let bounded = |text: &str| compatible(&text.chars().take(MAX_CHARS).collect::<String>());
    let (username, email) = (bounded(username), bounded(email));
    let mailbox = email.split('@').next().unwrap_or_default();
    // The whole, and the same without dots and blanks: `ada.lovelace` is tried as `adalovelace` too.
    let wholes = [&username, &email, mailbox].into_iter().flat_map(|text| {
        let bare: String = text.chars().filter(|character| character.is_alphanumeric()).collect();
        [text.to_owned(), bare]
    });
    let parts = [&username, &email].into_iter().flat_map(|text| {
        text.split(|character: char| !character.is_alphanumeric()).map(str::to_owned)
    });
    let parts = parts.filter(|part| part.chars().count() > 2).take(MAX_WORDS);
    ["sir0".to_owned()].into_iter().chain(wholes).chain(parts).collect()
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
        let grey = |count: usize| format!("seven grey otters{}", "x".repeat(count - 17));
        assert_eq!(refusal("seven77"), InvalidPassword::TooShort);
        assert_eq!(refusal("éééé"), InvalidPassword::TooShort);
        assert!(Password::choose("otter#88", "Lovelace", "ada@example.com").is_ok());
        assert!(Password::choose(&grey(128), "Lovelace", "ada@example.com").is_ok());
        assert_eq!(refusal(&grey(129)), InvalidPassword::TooLong);
        assert_ne!(refusal(&astral.repeat(128)), InvalidPassword::TooManyBytes);
        assert_eq!(refusal(&astral.repeat(129)), InvalidPassword::TooManyBytes);
        let megabyte = "x".repeat(1_000_000);
        assert_eq!(refusal(&megabyte), InvalidPassword::TooManyBytes);
        assert_eq!(Password::parse(&megabyte).err(), Some(InvalidPassword::TooManyBytes));
    }

    #[test]
    fn the_bounds_are_those_of_the_form_that_is_kept() {
        let decomposed = "e\u{301}e\u{301}e\u{301}grey";
        assert_eq!(refusal(decomposed), InvalidPassword::TooShort, "7 letters on every keyboard");
        let long = "e\u{301}quipage le\u{301}ger rouge ".repeat(6);
        assert!(long.chars().count() > 128);
        let long = Password::choose(&long, "Lovelace", "ada@example.com").expect("a password");
        assert!(long.0.chars().count() <= 128);
        assert!(Password::parse("seven77").is_ok(), "such passwords exist, and sign in");
        let syllables_apart = "\u{1112}\u{1161}\u{11AB}".repeat(128);
        assert!(syllables_apart.len() > Password::MAX_BYTES);
        assert!(Password::parse(&syllables_apart).is_ok(), "384 bytes as it is kept");
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
    fn the_name_of_ones_own_mailbox_is_no_password() {
        for (mailbox, password) in [
            ("quizzical.zebra", "quizzical.zebra"),
            ("quizzical.zebra", "QuizzicalZebra"),
            ("quizzical.zebra", "ｑｕｉｚｚｉｃａｌ.zebra1"),
            ("vT9-qLw2-xZr5-mKp8-wQz3-bNc6-hJd4", "vT9-qLw2-xZr5-mKp8-wQz3-bNc6-hJd4"),
            ("a!b|c<d[q9w8e7r6t5y4", "a!b|c<d[q9w8e7r6t5y4"),
        ] {
            let refused = Password::choose(password, "Ada", &format!("{mailbox}@example.com"));
            assert!(matches!(refused, Err(InvalidPassword::TooEasy(_))), "{password}");
            assert!(Password::choose(password, "Ada", "ada@example.com").is_ok(), "{password}");
        }
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
        let judged = judged_part(&hostile);

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
