//! E-mail addresses: what people sign in with.

use std::{borrow::Cow, fmt};

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

/// An e-mail address as browsers accept it, with its domain in ASCII and else in the spelling it was given.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

/// Why a text is no e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmail {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// Longer than [`Email::MAX_CHARS`].
    #[error("must have at most {max} characters", max = Email::MAX_CHARS)]
    TooLong,
    /// Of another form.
    #[error("must look like `name@example.com`")]
    Malformed,
}

impl Email {
    /// The longest address that mail can be sent to (RFC 5321, 4.5.3.1.3, without the angle
    /// brackets).
    pub const MAX_CHARS: usize = 254;
    const MAX_LABEL_CHARS: usize = 63;

    /// Trims the text, turns its domain into ASCII, and holds it against the rule of `<input type=email>`
    /// (<https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address>): what a form in a browser sends is
    /// accepted here, and nothing else. A browser turns the domain into ASCII too (UTS 46), and other clients need not.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidEmail::Empty);
        }
        // Before any work is done on it. Characters beyond ASCII take up to four bytes, and become shorter or longer.
        if text.chars().nth(Self::MAX_CHARS).is_some() {
            return Err(InvalidEmail::TooLong);
        }
        let (name, domain) = text.split_once('@').ok_or(InvalidEmail::Malformed)?;
        let domain = in_ascii(domain).ok_or(InvalidEmail::Malformed)?;
        if !is_name(name) || !domain.split('.').all(is_label) {
            return Err(InvalidEmail::Malformed);
        }
        let email = format!("{name}@{domain}");
        if email.len() > Self::MAX_CHARS { Err(InvalidEmail::TooLong) } else { Ok(Self(email)) }
    }

    /// The way in from the database. What was an address once stays one, whatever the rules are now.
    #[must_use]
    pub const fn from_row(text: String) -> Self {
        Self(text)
    }

    /// As it was typed, with its domain in ASCII.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which addresses are compared: without regard to case. Both spellings of a domain are one already.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// Hides the address, because it must not be in any log.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

/// A domain in ASCII. One that is in ASCII stays as it is: `xn--` and something that is no domain was taken before, and
/// people sign in with it.
fn in_ascii(domain: &str) -> Option<Cow<'_, str>> {
    if domain.is_ascii() {
        return Some(Cow::Borrowed(domain));
    }
    let (bytes, hyphens) = (domain.as_bytes(), Hyphens::CheckFirstLast);
    Uts46::new().to_ascii(bytes, AsciiDenyList::EMPTY, hyphens, DnsLength::Ignore).ok()
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&it))
}

fn is_label(label: &str) -> bool {
    (1..=Email::MAX_LABEL_CHARS).contains(&label.len())
        && label.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_keeps_its_spelling_and_compares_without_case() {
        let typed = Email::parse("  Ada.Lovelace+games@Example.COM ").expect("an address");
        let other = Email::parse("ada.lovelace+GAMES@example.com").expect("an address");

        assert_eq!(typed.as_str(), "Ada.Lovelace+games@Example.COM");
        assert_eq!(typed.key(), other.key());
    }

    #[test]
    fn what_a_browser_accepts_is_accepted() {
        let longest_label = format!("a@{}.example", "x".repeat(63));
        let longest = format!("{}@example.com", "x".repeat(242));
        for text in [
            "a@b",
            "a@localhost",
            ".a..b.@c",
            "!#$%&'*+/=?^_`{|}~-@x-1.y",
            &longest_label,
            &longest,
        ] {
            assert!(Email::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_a_browser_refuses_is_refused() {
        let long_label = format!("a@{}.example", "x".repeat(64));
        for text in [
            "a",
            "@",
            "a@",
            "@b",
            "a@b@c",
            "a b@c",
            "a@b c",
            "a@-b",
            "a@b-",
            "a@.b",
            "a@b.",
            "a@b..c",
            "a@b_c",
            "é@b",
            "\"a\"@b",
            "a@[127.0.0.1]",
            "a\0@b",
            "a@b\r\nBcc: c@d",
            "a@b,c@d",
            "a＠b",
            "a@b＠c",
            "a@\u{AD}",
            "a@\u{301}b",
            "a@xn--é",
            "a@ａ_ｂ",
            "a@-ü",
            &long_label,
        ] {
            assert_eq!(Email::parse(text), Err(InvalidEmail::Malformed), "{text:?}");
        }
        assert_eq!(Email::parse(" \t "), Err(InvalidEmail::Empty));
        let long = format!("{}@example.com", "x".repeat(243));
        assert_eq!(Email::parse(&long), Err(InvalidEmail::TooLong));
        assert_eq!(Email::parse(&"@".repeat(1_000_000)), Err(InvalidEmail::TooLong));
    }

    #[test]
    fn a_domain_is_one_in_each_of_its_spellings() {
        let ascii = Email::parse("info@xn--bcher-kva.example").expect("an address");
        for spelling in [
            "info@bücher.example",
            "info@BÜCHER.example",
            "info@bu\u{308}cher.example",
            "info@ｂｕ\u{308}ｃｈｅｒ。example",
            "info@bü\u{AD}cher.example",
            "INFO@XN--BCHER-KVA.EXAMPLE",
        ] {
            let email = Email::parse(spelling).expect("an address");
            assert_eq!(email.key(), ascii.key(), "{spelling}");
            assert!(email.as_str().is_ascii(), "{spelling}");
        }
        let other = Email::parse("info@bucher.example").expect("an address");
        assert_ne!(other.key(), ascii.key());
        assert!(Email::parse("a@рф.рф").is_ok());
        assert!(Email::parse("a@中国.中国").is_ok());
    }

    #[test]
    fn an_address_that_is_too_long_in_ascii_is_refused() {
        let labels = format!("a@{}ü", "ü.".repeat(63));
        assert_eq!(Email::parse(&labels), Err(InvalidEmail::TooLong), "64 labels");
        let label = format!("a@{}", "ü".repeat(200));
        assert_eq!(Email::parse(&label), Err(InvalidEmail::Malformed), "one of more than 63");
    }

    #[test]
    fn an_address_does_not_show_itself_in_a_log() {
        let email = Email::parse("ada@example.com").expect("an address");

        assert!(!format!("{email:?}").contains("ada"));
    }

    proptest! {
        #[test]
        fn every_text_is_an_address_or_refused(text in any::<String>()) {
            if let Ok(email) = Email::parse(&text) {
                prop_assert!(email.as_str().is_ascii());
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
            }
        }
    }
}
