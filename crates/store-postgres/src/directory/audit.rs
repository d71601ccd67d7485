//! The audit log.
//!
//! Invariant: numbers ascend in the order of commits: the row that they come from stays locked
//! until the commit. So an entry is appended last, to hold that lock briefly.

use crate::{column::At, failure};
use novacore_access::AuditEntry;
use novacore_store::error::StoreError;
use tokio_postgres::Transaction;

const NUMBER: &str = "UPDATE audit_last SET seq = seq + 1 RETURNING seq";
const APPEND: &str = "INSERT INTO audit (seq, at, actor, action, target, before, after, reason) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Appends an entry within the transaction of the change that it tells of.
pub(crate) async fn append(tx: &Transaction<'_>, entry: &AuditEntry) -> Result<(), StoreError> {
    let told = |error: tokio_postgres::Error| failure::told(&error);
    let seq: i64 = tx.query_one(NUMBER, &[]).await.map_err(told)?.get(0);
    tx.execute(
        APPEND,
        &[
            &seq,
            &At(entry.at),
            &entry.actor.to_string(),
            &entry.action.as_str(),
            &entry.target,
            &entry.before,
            &entry.after,
            &entry.reason.as_str(),
        ],
    )
    .await
    .map_err(told)?;
    Ok(())
}
