//! The second flight: write everything, commit.
//!
//! Invariant: the commit counts only if every statement before it succeeded; a transaction in which
//! one failed ends as a rollback, whatever is sent after it.

use super::{Batch, judge::Judged, tables::Tables};
use crate::{distribution::Distribution, failure, pool::Client};
use futures::future::{BoxFuture, FutureExt, join_all};
use tokio_postgres::Error;

/// Why nothing may be told yet.
pub(super) enum Failed {
    /// The transaction was not committed.
    Before(Error),
    /// Nobody knows whether it was.
    InDoubt,
}

/// Writes a judged batch and commits it.
pub(super) async fn write(
    client: &Client,
    batch: &Batch,
    judged: &Judged,
    distribution: Distribution,
) -> Result<(), Failed> {
    let tables = Tables::of(batch, judged);
    let statements = tables.statements(distribution);
    let mut prepared = Vec::with_capacity(statements.len());
    for (sql, params) in &statements {
        let statement = client.prepare_cached(sql).await.map_err(Failed::Before)?;
        prepared.push((statement, params.as_slice()));
    }
    // Few enough that `join_all` polls them in this order, and each is sent when first polled.
    let mut flight: Vec<BoxFuture<'_, Result<u64, Error>>> = Vec::with_capacity(prepared.len() + 1);
    for (statement, params) in &prepared {
        flight.push(client.execute(statement, params).boxed());
    }
    flight.push(client.batch_execute("COMMIT").map(|done| done.map(|()| 0)).boxed());
    let mut answers = join_all(flight).await;
    let committed = answers.pop().unwrap_or(Ok(0));
    for answer in answers {
        match answer {
            Ok(_) => {}
            // The connection may have failed on the way back, after the commit was sent.
            Err(error) if failure::is_disconnect(&error) => return Err(Failed::InDoubt),
            Err(error) => return Err(Failed::Before(error)),
        }
    }
    committed.map(|_| ()).map_err(|error| {
        tracing::warn!("a commit is in doubt: {}", failure::told(&error));
        Failed::InDoubt
    })
}
