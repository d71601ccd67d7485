//! The audit log.

use super::page_rows;
use crate::{failure, row::malformed, store::SqliteStore};
use async_trait::async_trait;
use novacore_access::{AuditEntry, Reason};
use novacore_store::{
    directory::{AuditLog, AuditQuery, AuditRow, AuditSeq},
    error::StoreError,
};
use novacore_vocab::Timestamp;
use rusqlite::{Connection, Row as SqlRow, params};

#[async_trait]
impl AuditLog for SqliteStore {
    async fn list_audit(&self, query: &AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        let query = query.clone();
        self.readers
            .read(move |connection| list(connection, &query).map_err(failure::of_read))
            .await
    }
}

/// Appends an entry. Rows are never deleted, so their numbers ascend in the order of commits.
pub(crate) fn append(connection: &Connection, entry: &AuditEntry) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO audit (at, actor, action, target, before, after, reason) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            entry.at.micros(),
            entry.actor.to_string(),
            entry.action.as_str(),
            entry.target,
            entry.before,
            entry.after,
            entry.reason.as_str(),
        ])?;
    Ok(())
}

const LIST: &str = "SELECT audit_seq, at, actor, action, target, before, after, reason FROM audit \
     WHERE audit_seq < ?1 ORDER BY audit_seq DESC LIMIT ?2";
const LIST_OF_TARGET: &str = "SELECT audit_seq, at, actor, action, target, before, after, reason \
     FROM audit WHERE target = ?3 AND audit_seq < ?1 ORDER BY audit_seq DESC LIMIT ?2";

fn list(connection: &Connection, query: &AuditQuery) -> rusqlite::Result<Vec<AuditRow>> {
    let before = query.before.map_or(i64::MAX, |seq| i64::try_from(seq.0).unwrap_or(i64::MAX));
    let rows = page_rows(query.rows_max) as i64;
    match &query.target {
        None => connection.prepare_cached(LIST)?.query_map(params![before, rows], read)?.collect(),
        Some(target) => connection
            .prepare_cached(LIST_OF_TARGET)?
            .query_map(params![before, rows, target], read)?
            .collect(),
    }
}

/// The next entries after a number, the oldest first.
pub(crate) fn page(
    connection: &Connection,
    after: AuditSeq,
    rows_max: usize,
) -> rusqlite::Result<Vec<AuditRow>> {
    const PAGE: &str = "SELECT audit_seq, at, actor, action, target, before, after, reason \
         FROM audit WHERE audit_seq > ?1 ORDER BY audit_seq LIMIT ?2";
    connection
        .prepare_cached(PAGE)?
        .query_map(params![after.0 as i64, rows_max as i64], read)?
        .collect()
}

fn read(row: &SqlRow<'_>) -> rusqlite::Result<AuditRow> {
    let text = |column| row.get::<_, String>(column);
    Ok(AuditRow {
        seq: AuditSeq(row.get::<_, i64>(0)? as u64),
        entry: AuditEntry {
            at: Timestamp::from_micros(row.get(1)?),
            actor: text(2)?.parse().map_err(|_| malformed(2))?,
            action: text(3)?.parse().map_err(|_| malformed(3))?,
            target: text(4)?,
            before: row.get(5)?,
            after: row.get(6)?,
            reason: Reason::parse(&text(7)?).map_err(|_| malformed(7))?,
        },
    })
}
