//! What a picture is for, and the sizes that follow from it.

use std::{fmt, str::FromStr};

/// What a picture is for. It decides the widths, and which proportions are too far from the place on the page.
///
/// Nothing is cropped: the proportions of an upload stay, and the page decides what of it to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The upright picture in lists and libraries, best at 2:3.
    Cover,
    /// The wide picture above a page, best at 460:215.
    Header,
    /// A view of the game, best at 16:9. Upright phones (1:2) and very wide screens (4:1) are let in.
    Screenshot,
}

impl Purpose {
    /// All of them, in the order in which a page shows them.
    pub const ALL: [Self; 3] = [Self::Cover, Self::Header, Self::Screenshot];

    /// As in tables and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cover => "cover",
            Self::Header => "header",
            Self::Screenshot => "screenshot",
        }
    }

    /// The widths that a picture is encoded in, the narrowest first. No picture is enlarged: an upload that is narrower
    /// than one of them is encoded in its own width instead, once.
    #[must_use]
    pub const fn widths(self) -> [u32; 3] {
        match self {
            Self::Cover => [300, 600, 900],
            Self::Header => [460, 920, 1380],
            Self::Screenshot => [640, 1280, 1920],
        }
    }

    /// Whether a picture of this size may stand there.
    #[must_use]
    pub fn admits(self, width: u32, height: u32) -> bool {
        // As width to height: the narrowest and the widest.
        let (narrowest, widest) = match self {
            Self::Cover => ((1, 2), (1, 1)),
            Self::Header => ((3, 2), (7, 2)),
            Self::Screenshot => ((1, 2), (4, 1)),
        };
        let [width, height] = [width, height].map(u64::from);
        width > 0
            && height > 0
            && width * narrowest.1 >= height * narrowest.0
            && width * widest.1 <= height * widest.0
    }

    /// The sizes that a picture of this size is encoded in, the narrowest first. There is at least one, and each side has
    /// at least one pixel.
    pub(crate) fn sizes(self, width: u32, height: u32) -> Vec<(u32, u32)> {
        let mut widths = self.widths().map(|wanted| wanted.min(width)).to_vec();
        widths.dedup();
        let height_at = |at: u32| {
            let (width, height, at) = (u64::from(width), u64::from(height), u64::from(at));
            let scaled = (height * at + width / 2) / width.max(1);
            u32::try_from(scaled.max(1)).unwrap_or(u32::MAX)
        };
        widths.into_iter().map(|at| (at, height_at(at))).collect()
    }
}

/// A text that is no purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be `cover`, `header` or `screenshot`")]
pub struct UnknownPurpose;

impl FromStr for Purpose {
    type Err = UnknownPurpose;

    fn from_str(text: &str) -> Result<Self, UnknownPurpose> {
        Self::ALL.into_iter().find(|it| it.as_str() == text).ok_or(UnknownPurpose)
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_proportions_are_admitted_and_absurd_ones_are_not() {
        let best = [
            (Purpose::Cover, 600, 900),
            (Purpose::Header, 460, 215),
            (Purpose::Screenshot, 1920, 1080),
        ];

        for (purpose, width, height) in best {
            assert!(purpose.admits(width, height), "{purpose:?}");
            assert!(!purpose.admits(width * 8, height), "{purpose:?}");
            assert!(!purpose.admits(width, height * 8), "{purpose:?}");
            assert!(!purpose.admits(0, height) && !purpose.admits(width, 0), "{purpose:?}");
        }
    }

    #[test]
    fn nothing_is_enlarged_and_no_width_comes_twice() {
        let sizes = |width, height| Purpose::Cover.sizes(width, height);

        assert_eq!(sizes(2000, 3000), [(300, 450), (600, 900), (900, 1350)]);
        assert_eq!(sizes(700, 1050), [(300, 450), (600, 900), (700, 1050)]);
        assert_eq!(sizes(200, 301), [(200, 301)]);
    }
}
