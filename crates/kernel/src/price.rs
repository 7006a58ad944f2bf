//! What a game costs.

use crate::{Currency, Money};

/// What a player pays, in the smallest unit of the store's currency: from nothing to [`Self::highest`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price {
    minor: i64,
}

/// Why a number is no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPrice {
    /// NaN and the infinities.
    #[error("must be a number")]
    NotANumber,
    /// A player is never paid for playing.
    #[error("must not be negative")]
    Negative,
    /// Above [`Price::highest`].
    #[error("must be at most {}", Price::highest(*.0).of(*.0).major())]
    TooHigh(Currency),
    /// The smallest unit is not parted.
    #[error("must have {}", decimals(*.0))]
    TooPrecise(Currency),
}

fn decimals(currency: Currency) -> &'static str {
    match currency.decimals() {
        0 => "no decimals",
        3 => "at most three decimals",
        _ => "at most two decimals",
    }
}

impl Price {
    /// The highest price in a currency: 999999.99 of one with two decimals, 999999 of one without, and 99999.999 of one with
    /// three. The contract has one bound for all, and the tables another.
    #[must_use]
    pub const fn highest(currency: Currency) -> Self {
        Self { minor: if currency.decimals() == 0 { 999_999 } else { 99_999_999 } }
    }

    /// Reads a price in major units of a currency, such as `19.99`.
    pub fn parse(major: f64, currency: Currency) -> Result<Self, InvalidPrice> {
        if !major.is_finite() {
            return Err(InvalidPrice::NotANumber);
        }
        if major < 0.0 {
            return Err(InvalidPrice::Negative);
        }
        if major > Self::highest(currency).of(currency).major() {
            return Err(InvalidPrice::TooHigh(currency));
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "between 0 and the highest price, whole after rounding"
        )]
        let price = Self { minor: (major * currency.minor_per_major()).round() as i64 };
        // Division rounds to the float nearest to the decimal, and the writer of the decimal did the same: the two are
        // the same float exactly when there was no further decimal.
        #[expect(clippy::float_cmp, reason = "exactly the same float is the point")]
        let is_same = price.of(currency).major() == major;
        if is_same { Ok(price) } else { Err(InvalidPrice::TooPrecise(currency)) }
    }

    /// Takes a price from the database, which checks the range.
    #[must_use]
    pub const fn from_minor(minor: i64) -> Self {
        Self { minor }
    }

    /// In the smallest unit.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// As an amount of the store's currency, which is this one.
    #[must_use]
    pub const fn of(self, currency: Currency) -> Money {
        Money { currency, minor: self.minor }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn currency() -> impl Strategy<Value = Currency> {
        prop::sample::select(vec!["EUR", "JPY", "KWD"])
            .prop_map(|code| code.parse().expect("a currency"))
    }

    /// A decimal, as a client writes it.
    fn written(minor: i64, decimals: u8, more: &str) -> f64 {
        let unit = 10_i64.pow(decimals.into());
        let rest = if decimals == 0 {
            String::new()
        } else {
            format!("{:0width$}", minor % unit, width = usize::from(decimals))
        };
        format!("{}.{rest}{more}", minor / unit).parse().expect("a decimal")
    }

    proptest! {
        #[test]
        fn every_price_survives_the_wire(minor in 0..=99_999_999_i64, currency in currency()) {
            let minor = minor.min(Price::highest(currency).minor());
            let price = Price::from_minor(minor);

            prop_assert_eq!(Price::parse(price.of(currency).major(), currency), Ok(price));
            let written = written(minor, currency.decimals(), "");
            prop_assert_eq!(Price::parse(written, currency), Ok(price));
        }

        #[test]
        fn a_decimal_too_many_is_refused(
            minor in 0..999_999_i64,
            more in 1..=9_u8,
            currency in currency(),
        ) {
            let written = written(minor, currency.decimals(), &more.to_string());

            let refused = Err(InvalidPrice::TooPrecise(currency));
            prop_assert_eq!(Price::parse(written, currency), refused);
        }

        #[test]
        fn no_float_makes_a_price_out_of_range(major in any::<f64>(), currency in currency()) {
            if let Ok(price) = Price::parse(major, currency) {
                prop_assert!((0..=Price::highest(currency).minor()).contains(&price.minor()));
            }
        }
    }

    #[test]
    fn what_is_no_price_is_refused_for_its_own_reason() {
        let euro = Currency::EUR;
        let refused = |major| Price::parse(major, euro).expect_err("no price");
        assert_eq!(refused(f64::NAN), InvalidPrice::NotANumber);
        assert_eq!(refused(f64::INFINITY), InvalidPrice::NotANumber);
        assert_eq!(refused(-0.01), InvalidPrice::Negative);
        assert_eq!(refused(1e308), InvalidPrice::TooHigh(euro));
        assert_eq!(refused(0.001), InvalidPrice::TooPrecise(euro));
    }

    #[test]
    fn a_refusal_tells_what_the_currency_has() {
        let why = |major, code: &str| {
            let currency = code.parse().expect("a currency");
            Price::parse(major, currency).expect_err("no price").to_string()
        };
        assert_eq!(why(1e9, "EUR"), "must be at most 999999.99");
        assert_eq!(why(1e9, "JPY"), "must be at most 999999");
        assert_eq!(why(1e9, "KWD"), "must be at most 99999.999");
        assert_eq!(why(0.001, "EUR"), "must have at most two decimals");
        assert_eq!(why(0.1, "JPY"), "must have no decimals");
        assert_eq!(why(0.0001, "KWD"), "must have at most three decimals");
    }
}
