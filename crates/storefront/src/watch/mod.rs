//! The streams: how the present of a list is read, and how each change is said on the wire.

pub(crate) mod games;
pub(crate) mod own;
