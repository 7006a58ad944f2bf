//! Wire messages become commands, or every bad field is named; what the rules know becomes wire messages.

pub(crate) mod accounts;
pub(crate) mod administration;
pub(crate) mod api_tokens;
pub(crate) mod audit;
pub(crate) mod guard;
pub(crate) mod sessions;
pub(crate) mod studios;
pub(crate) mod trust;
