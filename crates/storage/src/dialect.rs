//! What statements say differently on each engine: how what was read is held until the unit of work ends, and how a
//! change is announced.
//!
//! They are macros, so that a statement is put together when the program is compiled: `for_update!()`, `for_share!()` and
//! `announcing!()` of [`crate::sqlite`] and of [`crate::postgres`].

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

/// Makes a statement that changes something announce it, see [`crate::sqlite::change`]: once, if it changes a row. Rows
/// that triggers change do not count. A row may be noted in another table in the same way: the table with its columns, and what
/// goes into them. All of it happens or nothing.
#[macro_export]
macro_rules! sqlite_announcing {
    ($change:expr) => {
        $crate::sqlite_announcing!($change, "")
    };
    ($change:expr, notes $table:literal, $values:literal) => {
        $crate::sqlite_announcing!(
            $change,
            concat!("INSERT INTO ", $table, " SELECT ", $values, " WHERE changes() > 0;")
        )
    };
    ($change:expr, $note:expr) => {
        concat!(
            "SAVEPOINT change;",
            $change,
            ";
            INSERT INTO events (kind, payload, announced_at)
            SELECT $1, $2, $3
             WHERE changes() > 0;",
            $note,
            "RELEASE change"
        )
    };
}

/// Makes a statement that changes something announce it, see [`crate::postgres::change`]: once, if it returns a row. A row
/// may be noted in another table in the same way: the table with its columns, and what goes into them.
#[macro_export]
macro_rules! postgres_announcing {
    ($change:expr) => {
        $crate::postgres_announcing!($change, "")
    };
    ($change:expr, notes $table:literal, $values:literal) => {
        $crate::postgres_announcing!(
            $change,
            concat!(", noted AS (INSERT INTO ", $table, " SELECT ", $values, " FROM changed)")
        )
    };
    ($change:expr, $note:expr) => {
        concat!(
            "WITH changed AS (",
            $change,
            "),
            announced AS (
                INSERT INTO outbox (kind, payload, announced_at)
                SELECT $1, $2, $3
                  FROM changed
            )",
            $note,
            " SELECT * FROM changed"
        )
    };
}
