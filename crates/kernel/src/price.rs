//! Money in minor units. Floats exist only on the wire, where the documented contract has them.

/// What a player pays: 0 to 999999.99, kept as whole cents.
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
    /// Above [`Price::MAX`].
    #[error("must be at most 999999.99")]
    TooHigh,
    /// Cents are the smallest unit.
    #[error("must have at most two decimals")]
    TooPrecise,
}

impl Price {
    /// The highest price.
    pub const MAX: Self = Self { minor: 99_999_999 };
    const MINOR_PER_MAJOR: f64 = 100.0;

    /// Reads a price in major units, such as `19.99`.
    pub fn parse(major: f64) -> Result<Self, InvalidPrice> {
        if !major.is_finite() {
            return Err(InvalidPrice::NotANumber);
        }
        if major < 0.0 {
            return Err(InvalidPrice::Negative);
        }
        if major > Self::MAX.major() {
            return Err(InvalidPrice::TooHigh);
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "between 0 and MAX, whole after rounding"
        )]
        let price = Self { minor: (major * Self::MINOR_PER_MAJOR).round() as i64 };
        // Division rounds to the float nearest to the decimal, and the writer of the decimal did the same: the two are
        // the same float exactly when there was no third decimal.
        #[expect(clippy::float_cmp, reason = "exactly the same float is the point")]
        if price.major() == major { Ok(price) } else { Err(InvalidPrice::TooPrecise) }
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

    /// In major units, as on the wire.
    #[must_use]
    pub fn major(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "MAX is far below 2^53")]
        let minor = self.minor as f64;
        minor / Self::MINOR_PER_MAJOR
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_price_survives_the_wire(minor in 0..=Price::MAX.minor()) {
            let price = Price::from_minor(minor);
            let written: f64 = format!("{}.{:02}", minor / 100, minor % 100).parse().expect("a decimal");

            prop_assert_eq!(Price::parse(price.major()), Ok(price));
            prop_assert_eq!(Price::parse(written), Ok(price));
        }

        #[test]
        fn a_third_decimal_is_refused(minor in 0..Price::MAX.minor(), third in 1..=9) {
            let written: f64 = format!("{}.{:02}{third}", minor / 100, minor % 100).parse().expect("a decimal");

            prop_assert_eq!(Price::parse(written), Err(InvalidPrice::TooPrecise));
        }

        #[test]
        fn no_float_makes_a_price_out_of_range(major in any::<f64>()) {
            if let Ok(price) = Price::parse(major) {
                prop_assert!((0..=Price::MAX.minor()).contains(&price.minor()));
            }
        }
    }

    #[test]
    fn what_is_no_price_is_refused_for_its_own_reason() {
        assert_eq!(Price::parse(f64::NAN), Err(InvalidPrice::NotANumber));
        assert_eq!(Price::parse(f64::INFINITY), Err(InvalidPrice::NotANumber));
        assert_eq!(Price::parse(-0.01), Err(InvalidPrice::Negative));
        assert_eq!(Price::parse(1e308), Err(InvalidPrice::TooHigh));
        assert_eq!(Price::parse(0.001), Err(InvalidPrice::TooPrecise));
    }
}
