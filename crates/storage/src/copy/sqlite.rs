//! The embedded engine as the source or the target of a copy.

use super::table::Kind;
use crate::sqlite as engine;

#[path = "rows.rs"]
mod rows;

pub(super) use rows::{insert, last_number, read, set_last_number, tables};

/// Every column of every table. A virtual table and its shadows are an index that triggers keep, so they come by
/// themselves, and so do the columns that are computed.
const COLUMNS: &str = r"
    SELECT list.name, info.name, info.type, info.pk, info.pk = 1 AND made.sql LIKE '%AUTOINCREMENT%'
      FROM pragma_table_list AS list
      JOIN sqlite_schema AS made ON made.type = 'table' AND made.name = list.name
      JOIN pragma_table_info(list.name) AS info
     WHERE list.schema = 'main' AND list.type = 'table'
       AND list.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND list.name NOT LIKE '\_sqlx%' ESCAPE '\'
  ORDER BY made.rowid, info.cid";

/// Which table refers to which.
const REFERENCES: &str = r#"
    SELECT made.name, key."table"
      FROM sqlite_schema AS made
      JOIN pragma_foreign_key_list(made.name) AS key
     WHERE made.type = 'table'"#;

/// A chosen value is taken for every column.
const GIVEN: &str = "";

/// The last number that the database gave in a table.
const LAST_NUMBER: &str = "SELECT COALESCE((SELECT seq FROM sqlite_sequence WHERE name = $1), 0)";

/// A table that never had a row has no last number, and no key tells the rows here apart.
const SET_LAST_NUMBER: [&str; 2] = [
    "DELETE FROM sqlite_sequence WHERE name = $1",
    "INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $3)",
];

/// A moment is a number here.
fn kind_of(declared: &str) -> Option<Kind> {
    match declared {
        "INTEGER" => Some(Kind::Number),
        "TEXT" => Some(Kind::Text),
        "BLOB" => Some(Kind::Bytes),
        _ => None,
    }
}
