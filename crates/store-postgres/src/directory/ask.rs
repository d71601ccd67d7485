//! Statements outside of transactions: reads, and writes that are one statement.
//!
//! Invariant: a read is of the primary and of committed rows, so it sees every write that was
//! acknowledged before, by whatever node.

use crate::{failure, pool::Pool};
use novacore_store::error::StoreError;
use tokio_postgres::{Error, Row, types::ToSql};

/// The values of a statement's parameters.
pub(super) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// All rows of a statement.
pub(super) async fn rows(
    pool: &Pool,
    sql: &str,
    values: Values<'_>,
) -> Result<Vec<Row>, StoreError> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(sql).await.map_err(told)?;
    client.query(&statement, values).await.map_err(told)
}

/// The row of a statement that has at most one.
pub(super) async fn row(
    pool: &Pool,
    sql: &str,
    values: Values<'_>,
) -> Result<Option<Row>, StoreError> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(sql).await.map_err(told)?;
    client.query_opt(&statement, values).await.map_err(told)
}

/// How many rows a statement changed, committed with it.
pub(super) async fn change(pool: &Pool, sql: &str, values: Values<'_>) -> Result<u64, StoreError> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(sql).await.map_err(told)?;
    client.execute(&statement, values).await.map_err(told)
}

fn told(error: Error) -> StoreError {
    failure::told(&error)
}
