//! The order in which attempts go.

/// How many others of the same address or account wait before an attempt or are being served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Company {
    pub(crate) same_address: u16,
    pub(crate) same_account: u16,
}

/// The place of an attempt in the order. The lowest goes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank(u32);

impl Rank {
    /// How many parts a failure has. One part is what counts least, so attempts that asked equally often are equal.
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
