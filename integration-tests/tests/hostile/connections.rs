//! Connections that cost without asking anything, and calls that are no calls.

mod bodiless;
mod frames;
mod silence;
mod slow_readers;
mod streams;
