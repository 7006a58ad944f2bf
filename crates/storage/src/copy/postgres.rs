//! PostgreSQL as the source or the target of a copy.

use super::table::Kind;
use crate::postgres as engine;

#[path = "rows.rs"]
mod rows;

pub(super) use rows::{insert, last_number, read, set_last_number, tables};

/// Every column of every table, but for those that are computed.
const COLUMNS: &str = r"
    SELECT relname::text, attname::text, format_type(atttypid, NULL),
           COALESCE(array_position(conkey, attnum), 0)::bigint, attidentity <> ''
      FROM pg_class
      JOIN pg_attribute ON attrelid = pg_class.oid
 LEFT JOIN pg_constraint ON conrelid = pg_class.oid AND contype = 'p'
     WHERE relnamespace = current_schema()::text::regnamespace AND relkind = 'r'
       AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
       AND relname NOT LIKE '\_sqlx%'
  ORDER BY pg_class.oid, attnum";

/// Which table refers to which.
const REFERENCES: &str = "
    SELECT one.relname::text, other.relname::text
      FROM pg_constraint
      JOIN pg_class AS one ON one.oid = conrelid
      JOIN pg_class AS other ON other.oid = confrelid
     WHERE contype = 'f' AND one.relnamespace = current_schema()::text::regnamespace";

/// Without this clause a chosen value is refused in a column that the database numbers.
const GIVEN: &str = "OVERRIDING SYSTEM VALUE";

/// The last number that the database gave in a column of a table.
const LAST_NUMBER: &str = "
    SELECT COALESCE(pg_sequence_last_value(pg_get_serial_sequence(quote_ident($1), $2)::regclass), 0)";

const SET_LAST_NUMBER: [&str; 1] =
    ["SELECT setval(pg_get_serial_sequence(quote_ident($1), $2)::regclass, $3)"];

fn kind_of(declared: &str) -> Option<Kind> {
    match declared {
        "bigint" => Some(Kind::Number),
        "integer" => Some(Kind::Small),
        "text" => Some(Kind::Text),
        "timestamp with time zone" => Some(Kind::Time),
        "bytea" => Some(Kind::Bytes),
        _ => None,
    }
}
