//! Connections that cost without asking anything, and calls that are no calls.

mod bodiless;
mod floods;
mod frames;
mod heads;
mod idle_streams;
mod silence;
mod slow_readers;
mod streams;
