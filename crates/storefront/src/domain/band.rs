//! Bands of prices, by which players look for games.
//!
//! They are named for a currency with two decimals. In others their bounds are as many of the smallest unit: 500 yen stand
//! where 5 euro do.

use std::str::FromStr;

use sir0_kernel::Price;

/// A band of prices. Each price is in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Band {
    /// It costs nothing.
    Free,
    /// Below 5.
    Under5,
    /// From 5 to below 10.
    Under10,
    /// From 10 to below 20.
    Under20,
    /// From 20 to below 40.
    Under40,
    /// 40 and more.
    From40,
}

/// No band has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be `free`, `under_5`, `under_10`, `under_20`, `under_40` or `from_40`")]
pub struct UnknownBand;

impl Band {
    /// All of them, the lowest first.
    pub const ALL: [Self; 6] =
        [Self::Free, Self::Under5, Self::Under10, Self::Under20, Self::Under40, Self::From40];

    /// The band that a price is in.
    #[must_use]
    pub fn of(price: Price) -> Self {
        let begins = |band: &Self| band.from() <= price;
        Self::ALL.into_iter().rfind(begins).unwrap_or(Self::Free)
    }

    /// The lowest price in it.
    #[must_use]
    pub const fn from(self) -> Price {
        Price::from_minor(match self {
            Self::Free => 0,
            Self::Under5 => 1,
            Self::Under10 => 500,
            Self::Under20 => 1000,
            Self::Under40 => 2000,
            Self::From40 => 4000,
        })
    }

    /// The lowest price above it. `None` for the highest.
    #[must_use]
    pub fn below(self) -> Option<Price> {
        Self::ALL.into_iter().map(Self::from).find(|from| *from > self.from())
    }

    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Under5 => "under_5",
            Self::Under10 => "under_10",
            Self::Under20 => "under_20",
            Self::Under40 => "under_40",
            Self::From40 => "from_40",
        }
    }
}

impl FromStr for Band {
    type Err = UnknownBand;

    fn from_str(name: &str) -> Result<Self, UnknownBand> {
        Self::ALL.into_iter().find(|band| band.as_str() == name).ok_or(UnknownBand)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_in_the_band_that_begins_at_it_or_below() {
        for (minor, band) in [
            (0, Band::Free),
            (1, Band::Under5),
            (499, Band::Under5),
            (500, Band::Under10),
            (1999, Band::Under20),
            (2000, Band::Under40),
            (3999, Band::Under40),
            (4000, Band::From40),
            (99_999_999, Band::From40),
        ] {
            assert_eq!(Band::of(Price::from_minor(minor)), band, "{minor}");
            assert_eq!(band.as_str().parse(), Ok(band));
        }
    }
}
