//! Wire messages become commands, or every bad field is named; what the rules know becomes wire messages.

pub(crate) mod bulk;
pub(crate) mod games;
pub(crate) mod history;
pub(crate) mod media;
pub(crate) mod own;
pub(crate) mod pages;
pub(crate) mod store;
