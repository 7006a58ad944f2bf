//! Codes that a person types: the digits of an app, or a recovery code.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE32_NOPAD;
use zeroize::Zeroizing;

use super::random;

/// What a person typed as a code.
#[derive(Clone)]
pub(crate) enum Code {
    /// Of an app.
    Totp(TotpCode),
    /// Of the ten that were given with the first factor.
    Recovery(RecoveryCode),
    /// A text that can be neither: a code that is wrong.
    Neither,
}

impl Code {
    /// Longer texts are not looked at.
    const LONGEST: usize = 64;

    /// What was typed; blanks, dashes and the case do not count.
    pub(crate) fn shown(text: &str) -> Self {
        let totp = TotpCode::parse(text).map(Self::Totp);
        let recovery = || RecoveryCode::parse(text).map(Self::Recovery);
        totp.or_else(recovery).unwrap_or(Self::Neither)
    }

    fn typed(text: &str) -> Option<Zeroizing<String>> {
        if text.len() > Self::LONGEST || !text.is_ascii() {
            return None;
        }
        let kept = text.bytes().filter(|it| !matches!(it, b' ' | b'-'));
        Some(Zeroizing::new(kept.map(|it| char::from(it.to_ascii_uppercase())).collect()))
    }
}

/// Six digits.
#[derive(Clone)]
pub(crate) struct TotpCode(Zeroizing<String>);

impl TotpCode {
    /// Reads what was typed.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let typed = Code::typed(text)?;
        let is_code = typed.len() == 6 && typed.bytes().all(|it| it.is_ascii_digit());
        is_code.then_some(Self(typed))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Opens an account once without its factor: 120 random bits in 24 characters of base 32. At 112 bits and more a fast hash is
/// enough (OWASP ASVS 5, 6.5.2).
#[derive(Clone)]
pub(crate) struct RecoveryCode(Zeroizing<[u8; RecoveryCode::BYTES]>);

impl RecoveryCode {
    const BYTES: usize = 15;
    /// How many an account has.
    const COUNT: usize = 10;

    /// A whole set that no one guesses.
    pub(crate) fn fresh() -> Vec<Self> {
        (0..Self::COUNT).map(|_| Self(random())).collect()
    }

    fn parse(text: &str) -> Option<Self> {
        let typed = Code::typed(text)?;
        let bytes = Zeroizing::new(BASE32_NOPAD.decode(typed.as_bytes()).ok()?);
        Some(Self(Zeroizing::new(bytes.as_slice().try_into().ok()?)))
    }

    /// As a person keeps it: four groups of six.
    pub(crate) fn to_text(&self) -> String {
        let plain = Zeroizing::new(BASE32_NOPAD.encode(&*self.0));
        let groups: Vec<_> = plain.as_bytes().chunks(6).map(String::from_utf8_lossy).collect();
        groups.join("-")
    }

    /// What the database keeps.
    pub(crate) fn hash(&self) -> Vec<u8> {
        digest(&SHA256, &*self.0).as_ref().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_code_is_read_however_it_is_typed() {
        let codes = RecoveryCode::fresh();
        let text = codes[0].to_text();

        assert_eq!((codes.len(), text.len()), (10, 27));
        let typed =
            [text.clone(), text.to_lowercase(), text.replace('-', ""), text.replace('-', " - ")];
        for typed in typed {
            let Code::Recovery(read) = Code::shown(&typed) else { panic!("{typed}") };
            assert_eq!(read.hash(), codes[0].hash());
        }
        assert_ne!(codes[0].hash(), codes[1].hash());
    }

    #[test]
    fn six_digits_are_a_code_and_anything_else_is_none() {
        assert!(matches!(Code::shown(" 123 456 "), Code::Totp(code) if code.as_str() == "123456"));
        let long = "1".repeat(1 << 20);
        for bad in [
            "",
            "12345",
            "1234567",
            "12345a",
            "１２３４５６",
            "+12345",
            "-",
            &long,
            "MZXW6YTBOI5HGZLUNFXW4431",
        ] {
            let shown = Code::shown(bad);
            assert!(matches!(shown, Code::Neither), "{bad:.40}");
        }
    }
}
