//! How a statement that reads holds what it read until its unit of work ends, as each engine writes it.
//!
//! They are macros, so that a statement is put together when the program is compiled: `for_update!()` and
//! `for_share!()` of [`crate::sqlite`] and of [`crate::postgres`].

/// Holds what was read until the unit of work ends. Here there is one writer at a time, and nothing to hold.
#[macro_export]
macro_rules! sqlite_for_update {
    () => {
        ""
    };
}

/// Keeps what was read unchanged until the unit of work ends. Here no other writer could change it.
#[macro_export]
macro_rules! sqlite_for_share {
    () => {
        ""
    };
}

/// Holds what was read until the unit of work ends. No other work changes it meanwhile.
#[macro_export]
macro_rules! postgres_for_update {
    () => {
        " FOR UPDATE"
    };
}

/// Keeps what was read unchanged until the unit of work ends. Other work may read it in the same way.
#[macro_export]
macro_rules! postgres_for_share {
    () => {
        " FOR SHARE"
    };
}
