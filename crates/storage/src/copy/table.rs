//! A table as the catalogue of its database describes it, the statements on it, and the fields of its rows.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::CopyError;

/// A table. Its statements are made here, from names that the catalogue gave.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    /// Where the columns of the primary key stand among the columns. The key orders the rows.
    key: Vec<usize>,
    /// The column that the database numbers itself.
    pub(super) numbered: Option<String>,
}

/// A column that is written. The catalogue is not asked for those that the database computes from others.
#[derive(Clone, Debug)]
pub(super) struct Column {
    name: String,
    pub(super) kind: Kind,
}

/// How an engine holds a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A whole number of 64 bits.
    Number,
    /// A whole number of 32 bits.
    Small,
    Text,
    Time,
    Bytes,
}

/// A field, alike on every engine: a moment is its microseconds since 1970.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
    Null,
}

/// What a catalogue tells of a column: its table, its name, its type, its place in the primary key from 1, or 0, and
/// whether the database numbers it.
pub(super) type ColumnRow = (String, String, String, i64, bool);

/// Tables whose rows are not copied. Two have one row, which a migration makes and the copy changes: the sealing key, and
/// the position that PostgreSQL counts. What waits for a position there gets it before the copy begins. A setup link is
/// good for the installation that made it: it does not travel, and a target that was started once is as empty as before.
const APART: [&str; 4] = ["sealing_key", "feed_head", "outbox", "setup_link"];

/// Tables that the first start fills by itself. Into a target in which nothing else happened, the rows of the source come in
/// their place.
pub(super) const MADE_AT_FIRST: [&str; 2] = ["signing_keys", "sealed_secrets"];

/// Tables that a trigger fills when the rows of another table come in. What it made of those of the copy goes before their
/// own rows are written.
pub(super) const FILLED_BY_OTHERS: [&str; 1] = ["security_events"];

/// Rows read at a time: memory stays bounded however large a table is.
const BATCH: usize = 500;

impl Table {
    /// The tables that these columns belong to, each after those that it refers to.
    pub(super) fn all(
        columns: Vec<ColumnRow>,
        references: &[(String, String)],
        kind_of: fn(&str) -> Option<Kind>,
    ) -> Result<Vec<Self>, CopyError> {
        let mut tables: Vec<Self> = Vec::new();
        let columns = columns.into_iter().filter(|(table, ..)| !APART.contains(&&**table));
        for (table, name, kind, in_key, is_numbered) in columns {
            let Some(kind) = kind_of(&kind) else {
                let why = format!("no type of ours is `{kind}`, the one of `{name}`");
                return Err(CopyError::Unfit { table, why });
            };
            if tables.last().is_none_or(|last| last.name != table) {
                tables.push(Self { name: table, columns: vec![], key: vec![], numbered: None });
            }
            let table = tables.last_mut().expect("one was pushed if there was none");
            if let Ok(place @ 1..) = usize::try_from(in_key) {
                table.key.resize(table.key.len().max(place), 0);
                table.key[place - 1] = table.columns.len();
            }
            if is_numbered {
                table.numbered = Some(name.clone());
            }
            table.columns.push(Column { name, kind });
        }
        match tables.iter().find(|table| table.key.is_empty()) {
            Some(Self { name, .. }) => Err(CopyError::Unfit {
                table: name.clone(),
                why: "it has no primary key to read it by".to_owned(),
            }),
            None => Ok(in_order(tables, references)),
        }
    }

    /// This table as another database has it, with the columns and the key in the order of this one.
    pub(super) fn same_in(&self, others: &[Self]) -> Result<Self, CopyError> {
        let unfit = |why: &str| CopyError::Unfit { table: self.name.clone(), why: why.to_owned() };
        let other = others.iter().find(|other| other.name == self.name);
        let other = other.ok_or_else(|| unfit("the target has no such table"))?;
        let like = |column: &Column| other.columns.iter().find(|it| it.name == column.name);
        let columns: Option<_> = self.columns.iter().map(|column| like(column).cloned()).collect();
        let columns = columns.ok_or_else(|| unfit("the target lacks one of its columns"))?;
        Ok(Self { columns, key: self.key.clone(), ..other.clone() })
    }

    /// The columns of its primary key.
    pub(super) fn key(&self) -> impl Iterator<Item = &Column> {
        self.key.iter().map(|&at| &self.columns[at])
    }

    /// The primary key of a row.
    pub(super) fn key_of(&self, row: &[Value]) -> Vec<Value> {
        self.key.iter().map(|&at| row[at].clone()).collect()
    }

    /// Its name in a statement.
    pub(super) fn quoted(&self) -> String {
        quoted(&self.name)
    }

    pub(super) fn count(&self) -> String {
        format!("SELECT COUNT(*) FROM {}", self.quoted())
    }

    /// Reads the first rows, or those after a key.
    pub(super) fn select(&self, is_first: bool) -> String {
        let key = names(self.key());
        let behind = if is_first {
            String::new()
        } else {
            format!("WHERE ({key}) > ({})", parameters(self.key.len()))
        };
        let (columns, table) = (names(&self.columns), self.quoted());
        format!("SELECT {columns} FROM {table} {behind} ORDER BY {key} LIMIT {BATCH}")
    }

    /// Writes a row. PostgreSQL takes a chosen value for a column that it numbers only with a clause of its `given`.
    pub(super) fn insert(&self, given: &str) -> String {
        let given = if self.numbered.is_some() { given } else { "" };
        let (columns, values) = (names(&self.columns), parameters(self.columns.len()));
        format!("INSERT INTO {} ({columns}) {given} VALUES ({values})", self.quoted())
    }
}

/// Puts each table behind those that it refers to. Tables that refer to each other keep their order, and the engine
/// judges the rows.
fn in_order(mut tables: Vec<Table>, references: &[(String, String)]) -> Vec<Table> {
    let mut ordered = Vec::new();
    while !tables.is_empty() {
        let is_left = |name: &str| tables.iter().any(|table| table.name == name);
        let waits = |table: &Table| {
            let mut others =
                references.iter().filter(|(from, to)| *from == table.name && to != from);
            others.any(|(_, to)| is_left(to))
        };
        let next = tables.iter().position(|table| !waits(table)).unwrap_or(0);
        ordered.push(tables.remove(next));
    }
    ordered
}

fn names<'a>(columns: impl IntoIterator<Item = &'a Column>) -> String {
    columns.into_iter().map(|column| quoted(&column.name)).collect::<Vec<_>>().join(", ")
}

fn parameters(count: usize) -> String {
    (1..=count).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ")
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Value {
    pub(super) const fn number(&self) -> Option<i64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(super) fn bytes(&self) -> Option<&[u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }
}

/// The count and the checksum of rows.
#[derive(Default)]
pub(super) struct Sum {
    rows: u64,
    fields: Sha256,
}

impl Sum {
    /// Adds each field with its length in front, so that no two rows can look alike.
    pub(super) fn add(&mut self, row: &[Value]) {
        self.rows += 1;
        for value in row {
            match value {
                Value::Number(number) => self.field(&number.to_be_bytes()),
                Value::Text(text) => self.field(text.as_bytes()),
                Value::Bytes(bytes) => self.field(bytes),
                Value::Null => self.fields.update(u64::MAX.to_be_bytes()),
            }
        }
    }

    fn field(&mut self, bytes: &[u8]) {
        self.fields.update((bytes.len() as u64).to_be_bytes());
        self.fields.update(bytes);
    }

    pub(super) fn end(self) -> (u64, String) {
        let mut checksum = String::with_capacity(64);
        for byte in self.fields.finalize() {
            let _ = write!(checksum, "{byte:02x}");
        }
        (self.rows, checksum)
    }
}
