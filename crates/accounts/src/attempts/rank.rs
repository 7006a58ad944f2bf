//! Who goes first.

/// How many others of the same kind wait before someone or are being served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Company {
    pub(crate) same_address: u16,
    pub(crate) same_account: u16,
}

/// The lowest goes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank(u32);

impl Rank {
    /// In so many parts of a failure: as fine as what counts least, so that who asked as often is equal.
    const PARTS: f32 = 64.0;

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count that is never negative; what is beyond a u32 is the last anyway"
    )]
    pub(super) fn of(load: f32) -> Self {
        Self((load * Self::PARTS).round() as u32)
    }
}
