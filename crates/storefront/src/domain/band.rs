//! Bands of prices, by which players look for games.

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
    pub const fn of(price: Price) -> Self {
        match price.minor() {
            ..=0 => Self::Free,
            1..500 => Self::Under5,
            500..1000 => Self::Under10,
            1000..2000 => Self::Under20,
            2000..4000 => Self::Under40,
            4000.. => Self::From40,
        }
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
