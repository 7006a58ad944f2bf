//! Second factors: an app that shows codes (TOTP, RFC 6238).

use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use qrcode::{QrCode, render::svg};
use sir0_kernel::{FactorId, Timestamp};
use totp_rs::{Builder, Secret, Totp};
use zeroize::Zeroizing;

use super::{TotpCode, label::label, random};

/// How many factors an account has at most, with those that wait for their first code.
pub(crate) const MOST_FACTORS: i64 = 10;
/// How long a factor waits for its first code.
pub(crate) const UNCONFIRMED: Duration = Duration::from_mins(15);

/// A second factor, as its owner sees it. Its secret is no part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Factor {
    pub(crate) id: FactorId,
    pub(crate) name: FactorName,
    pub(crate) is_confirmed: bool,
    pub(crate) created: Timestamp,
}

/// A factor with its sealed secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SealedFactor {
    pub(crate) id: FactorId,
    pub(crate) secret: Vec<u8>,
}

/// A factor that was just made, for its owner.
pub(crate) struct NewFactor {
    pub(crate) factor: Factor,
    pub(crate) secret: TotpSecret,
    pub(crate) uri: Zeroizing<String>,
}

label! {
    /// What a factor is called.
    FactorName
}

/// The secret that an app and the server share.
pub(crate) struct TotpSecret(Zeroizing<Vec<u8>>);

impl TotpSecret {
    /// As many as the hash of HMAC-SHA-1 has (RFC 4226, 4). Apps pass over any other hash that is asked for.
    const BYTES: usize = 20;
    /// Seconds (RFC 6238, 5.2).
    const STEP: u64 = 30;
    /// So many steps before and behind are good too, for a clock that differs and a person who types (RFC 6238, 5.2).
    const SKEW: u16 = 1;

    /// A secret that no one guesses.
    pub(crate) fn fresh() -> Self {
        Self(Zeroizing::new(random::<{ Self::BYTES }>().to_vec()))
    }

    /// The secret that was sealed.
    pub(crate) const fn opened(secret: Zeroizing<Vec<u8>>) -> Self {
        Self(secret)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As a person types it into an app.
    pub(crate) fn to_base32(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE32_NOPAD.encode(&self.0))
    }

    /// The address that an app opens, for an account of this issuer. A colon would end the name of either.
    pub(crate) fn uri(&self, issuer: &str, account: &str) -> Zeroizing<String> {
        let plain = |text: &str, nameless: &str| {
            let plain = text.replace(':', " ").trim().to_owned();
            if plain.is_empty() { nameless.to_owned() } else { plain }
        };
        let (issuer, account) = (plain(issuer, "sir0"), plain(account, "account"));
        let named = self.totp(|it| it.with_issuer(Some(issuer)).with_account_name(account));
        let uri = named.and_then(|totp| totp.to_url().ok());
        Zeroizing::new(uri.expect("two names without a colon"))
    }

    /// The step whose code this is, if it is one of those around now. Whether it was used, only the database knows.
    pub(crate) fn step_of(&self, code: &TotpCode, now: Timestamp) -> Option<i64> {
        let seconds = u64::try_from(now.seconds()).ok()?;
        let step = self.totp(|it| it)?.check(code.as_str(), seconds)?;
        i64::try_from(step).ok()
    }

    fn totp(&self, named: impl FnOnce(Builder) -> Builder) -> Option<Totp> {
        let plain = Builder::new().with_step_duration(Self::STEP).with_skew(Self::SKEW);
        named(plain.with_secret(Secret::from(self.as_bytes()))).build().ok()
    }
}

/// An address as a picture to be scanned.
pub(crate) fn qr_code(uri: &str) -> Zeroizing<String> {
    let code = QrCode::new(uri).expect("an address of a few hundred characters");
    let svg = code.render::<svg::Color<'_>>().min_dimensions(200, 200).build();
    // Pages take it in as it is: without the declaration of an XML file.
    let start = svg.find("<svg").unwrap_or_default();
    Zeroizing::new(svg[start..].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret and the times of RFC 6238, appendix B; the codes are the last six of its eight digits.
    const PUBLISHED: [(i64, &str); 5] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
    ];

    fn published() -> TotpSecret {
        TotpSecret::opened(Zeroizing::new(b"12345678901234567890".to_vec()))
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn code(digits: &str) -> TotpCode {
        TotpCode::parse(digits).expect("six digits")
    }

    #[test]
    fn the_codes_of_the_standard_are_good_in_their_step_and_the_ones_beside_it() {
        for (seconds, digits) in PUBLISHED {
            let step = seconds / 30;
            for (moved, is_good) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)]
            {
                let found = published().step_of(&code(digits), at(seconds + moved));
                assert_eq!(found, is_good.then_some(step), "{digits} {moved}");
            }
        }
        assert_eq!(published().step_of(&code("287082"), at(-59)), None, "no clock is that wrong");
    }

    #[test]
    fn an_app_takes_the_secret_by_hand_and_by_address() {
        let secret = published();
        let uri = secret.uri("Acme: games", "Ada & co");

        assert_eq!(&*secret.to_base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(uri.starts_with("otpauth://totp/Acme"), "{}", *uri);
        assert!(uri.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{}", *uri);
        assert!(!uri.contains("Ada & co"), "{}", *uri);
        assert!(
            secret.uri(":", "::").starts_with("otpauth://totp/sir0"),
            "colons alone name nobody"
        );
    }

    #[test]
    fn a_picture_is_an_element_that_a_page_takes_in() {
        let svg = qr_code(&published().uri("sir0", "Ada"));

        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"), "{}", *svg);
        assert!(!svg.contains("GEZDGNBV"));
    }
}
