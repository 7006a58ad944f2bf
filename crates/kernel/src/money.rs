//! Currencies, and amounts of them in minor units. Floats exist only on the wire, where the documented contract has them.

use std::{fmt, str::FromStr};

/// A currency that people pay with, by its code in ISO 4217.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    code: [u8; 3],
    decimals: u8,
}

/// Why a text is no currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a currency of ISO 4217 by its three capital letters, such as `EUR`")]
pub struct InvalidCurrency;

/// The codes of ISO 4217 by the decimals of the currency, without blanks. Codes of funds, metals and units of account are
/// left out: they are no means of payment.
const CODES: [(u8, &str); 3] = [
    (0, "BIFCLPDJFGNFISKJPYKMFKRWPYGRWFUGXVNDVUVXAFXOFXPF"),
    (
        2,
        "AEDAFNALLAMDAOAARSAUDAWGAZNBAMBBDBDTBMDBNDBOBBRLBSDBTNBWPBYNBZDCADCDFCHFCNYCOPCRCCUPCVECZKDKKDOPDZDEGPERNETBEUR\
         FJDFKPGBPGELGHSGIPGMDGTQGYDHKDHNLHTGHUFIDRILSINRIRRJMDKESKGSKHRKPWKYDKZTLAKLBPLKRLRDLSLMADMDLMGAMKDMMKMNTMOPMRU\
         MURMVRMWKMXNMYRMZNNADNGNNIONOKNPRNZDPABPENPGKPHPPKRPLNQARRONRSDRUBSARSBDSCRSDGSEKSGDSHPSLESOSSRDSSPSTNSVCSYPSZL\
         THBTJSTMTTOPTRYTTDTWDTZSUAHUSDUYUUZSVEDVESWSTXCDXCGYERZARZMWZWG",
    ),
    (3, "BHDIQDJODKWDLYDOMRTND"),
];

impl Currency {
    /// The euro.
    pub const EUR: Self = Self { code: *b"EUR", decimals: 2 };

    /// Its three letters.
    #[must_use]
    pub fn code(&self) -> &str {
        str::from_utf8(&self.code).expect("it was read from letters")
    }

    /// How many decimals its amounts have: 0, 2 or 3.
    #[must_use]
    pub const fn decimals(self) -> u8 {
        self.decimals
    }

    /// How many of its smallest unit one of it has.
    pub(crate) fn minor_per_major(self) -> f64 {
        10_f64.powi(self.decimals.into())
    }
}

impl FromStr for Currency {
    type Err = InvalidCurrency;

    fn from_str(text: &str) -> Result<Self, InvalidCurrency> {
        let is_in =
            |codes: &str| codes.as_bytes().chunks_exact(3).any(|code| code == text.as_bytes());
        let (decimals, _) =
            CODES.into_iter().find(|(_, codes)| is_in(codes)).ok_or(InvalidCurrency)?;
        let code = text.as_bytes().try_into().map_err(|_other_len| InvalidCurrency)?;
        Ok(Self { code, decimals })
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount of a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    /// Of which.
    pub currency: Currency,
    /// How much, in its smallest unit.
    pub minor: i64,
}

impl Money {
    /// In major units, as on the wire: the float that is nearest to the decimal. Exact to 2^53 of the smallest unit.
    #[must_use]
    pub fn major(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "as it is documented")]
        let minor = self.minor as f64;
        minor / self.currency.minor_per_major()
    }
}

/// As people read it, such as `19.99 EUR`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { currency, minor } = self;
        let decimals = usize::from(currency.decimals());
        let sign = if *minor < 0 { "-" } else { "" };
        let digits = format!("{:0width$}", minor.unsigned_abs(), width = decimals + 1);
        let (major, rest) = digits.split_at(digits.len() - decimals);
        let point = if rest.is_empty() { "" } else { "." };
        write!(f, "{sign}{major}{point}{rest} {currency}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        code.parse().expect("a currency")
    }

    #[test]
    fn a_currency_has_the_decimals_of_iso_4217() {
        for (code, decimals) in
            [("EUR", 2), ("USD", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("TND", 3)]
        {
            assert_eq!(currency(code).decimals(), decimals, "{code}");
        }
        assert_eq!(currency("EUR"), Currency::EUR);
    }

    #[test]
    fn each_currency_is_there_once_and_in_order() {
        let mut all = Vec::new();
        for (_, codes) in CODES {
            assert_eq!(codes.len() % 3, 0, "{codes}");
            let codes: Vec<_> = codes.as_bytes().chunks_exact(3).collect();
            assert!(codes.is_sorted(), "{codes:?}");
            all.extend(codes);
        }
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn what_nobody_pays_with_is_no_currency() {
        for text in ["", "eur", "EU", "EURO", "XAU", "XXX", "CLF", "URF", "€", "DEM", "EURUSD"] {
            assert_eq!(text.parse::<Currency>(), Err(InvalidCurrency), "{text}");
        }
    }

    #[test]
    fn an_amount_is_read_in_its_currency() {
        for (minor, code, shown) in [
            (1999, "EUR", "19.99 EUR"),
            (5, "EUR", "0.05 EUR"),
            (-5, "EUR", "-0.05 EUR"),
            (1999, "JPY", "1999 JPY"),
            (1999, "KWD", "1.999 KWD"),
            (0, "KWD", "0.000 KWD"),
            (i64::MIN, "JPY", "-9223372036854775808 JPY"),
        ] {
            assert_eq!(Money { currency: currency(code), minor }.to_string(), shown);
        }
    }
}
