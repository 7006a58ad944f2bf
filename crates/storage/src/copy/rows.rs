//! Tables read and written in one engine. Compiled once for each engine.

use sir0_kernel::Timestamp;
use sqlx::{AssertSqlSafe, Row};

use super::{
    COLUMNS, GIVEN, LAST_NUMBER, REFERENCES, SET_LAST_NUMBER,
    engine::{self, At, Db, Tx},
    kind_of,
};
use crate::copy::{
    CopyError,
    table::{Kind, Table, Value},
};

type Query<'q> = sqlx::query::Query<'q, Db, <Db as sqlx::Database>::Arguments>;

/// The tables that the catalogue knows, each after those that it refers to.
pub(in crate::copy) async fn tables(tx: &mut Tx) -> Result<Vec<Table>, CopyError> {
    let columns = sqlx::query_as(COLUMNS).fetch_all(&mut **tx).await?;
    let references: Vec<_> = sqlx::query_as(REFERENCES).fetch_all(&mut **tx).await?;
    Table::all(columns, &references, kind_of)
}

/// The next rows after a key, or the first ones.
pub(in crate::copy) async fn read(
    tx: &mut Tx,
    table: &Table,
    after: &[Value],
) -> sqlx::Result<Vec<Vec<Value>>> {
    let mut query = sqlx::query(AssertSqlSafe(table.select(after.is_empty())));
    for (column, value) in table.key().zip(after) {
        query = bind(query, column.kind, value)?;
    }
    let fields = |row: engine::Row| {
        let fields = table.columns.iter().enumerate();
        fields.map(|(at, column)| field(&row, at, column.kind)).collect()
    };
    query.try_map(fields).fetch_all(&mut **tx).await
}

pub(in crate::copy) async fn insert(tx: &mut Tx, table: &Table, row: &[Value]) -> sqlx::Result<()> {
    let mut query = sqlx::query(AssertSqlSafe(table.insert(GIVEN)));
    for (column, value) in table.columns.iter().zip(row) {
        query = bind(query, column.kind, value)?;
    }
    query.execute(&mut **tx).await.map(drop)
}

/// The last number that the database gave; 0 before the first.
pub(in crate::copy) async fn last_number(
    tx: &mut Tx,
    table: &str,
    column: &str,
) -> sqlx::Result<i64> {
    sqlx::query_scalar(LAST_NUMBER).bind(table).bind(column).fetch_one(&mut **tx).await
}

pub(in crate::copy) async fn set_last_number(
    tx: &mut Tx,
    table: &str,
    column: &str,
    last: i64,
) -> sqlx::Result<()> {
    for set in SET_LAST_NUMBER {
        sqlx::query(set).bind(table).bind(column).bind(last).execute(&mut **tx).await?;
    }
    Ok(())
}

fn field(row: &engine::Row, at: usize, kind: Kind) -> sqlx::Result<Value> {
    let value = match kind {
        Kind::Number => row.try_get::<Option<_>, _>(at)?.map(Value::Number),
        Kind::Small => row.try_get::<Option<i32>, _>(at)?.map(|it| Value::Number(it.into())),
        Kind::Text => row.try_get::<Option<_>, _>(at)?.map(Value::Text),
        Kind::Time => {
            let time: Option<At> = row.try_get(at)?;
            time.map(|At(time)| Value::Number(time.micros()))
        }
        Kind::Bytes => row.try_get::<Option<_>, _>(at)?.map(Value::Bytes),
    };
    Ok(value.unwrap_or(Value::Null))
}

/// A value of another kind than the column becomes NULL, and is found when the rows are compared.
fn bind<'q>(query: Query<'q>, kind: Kind, value: &Value) -> sqlx::Result<Query<'q>> {
    let small =
        |number: i64| i32::try_from(number).map_err(|error| sqlx::Error::Encode(error.into()));
    Ok(match kind {
        Kind::Number => query.bind(value.number()),
        Kind::Small => query.bind(value.number().map(small).transpose()?),
        Kind::Text => query.bind(value.text()),
        Kind::Time => query.bind(value.number().map(Timestamp::from_micros).map(At)),
        Kind::Bytes => query.bind(value.bytes()),
    })
}
