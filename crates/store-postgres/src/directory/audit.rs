//! The audit log.
//!
//! Invariant: numbers ascend in the order of commits, without gaps, for any number of nodes: the
//! next one is taken under a lock that lasts until the commit.

use super::{ask, is_storable, page_rows, work::Failed};
use crate::{column::At, failure::damaged, open::PostgresStore};
use async_trait::async_trait;
use novacore_access::{AuditEntry, Reason};
use novacore_store::{
    changes::Outdated,
    directory::{AuditLog, AuditQuery, AuditRow, AuditSeq},
    error::StoreError,
};
use tokio_postgres::{Row, Transaction};

#[async_trait]
impl AuditLog for PostgresStore {
    async fn list_audit(&self, query: &AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        let before = query.before.map_or(i64::MAX, |seq| i64::try_from(seq.0).unwrap_or(i64::MAX));
        let rows_max = page_rows(query.rows_max);
        let rows = match &query.target {
            None => ask::rows(&self.pool, LIST, &[&before, &rows_max]).await?,
            Some(target) if is_storable(target) => {
                ask::rows(&self.pool, LIST_OF_TARGET, &[&before, &rows_max, target]).await?
            }
            Some(_) => Vec::new(),
        };
        rows.iter().map(read).collect()
    }
}

/// Appends an entry, as the last statement of a transaction: everyone behind it waits for the
/// commit.
pub(crate) async fn append_audit(
    tx: &Transaction<'_>,
    entry: &AuditEntry,
) -> Result<(), StoreError> {
    Ok(append(tx, entry, None).await?)
}

/// As [`append_audit`], for work of the directory: with what other nodes must forget.
pub(super) async fn append(
    tx: &Transaction<'_>,
    entry: &AuditEntry,
    outdated: Option<Outdated>,
) -> Result<(), Failed> {
    const APPEND: &str = "WITH last AS (UPDATE audit_last SET seq = seq + 1 RETURNING seq) \
         INSERT INTO audit (seq, at, actor, action, target, before, after, reason, \
         user_id, key_id) SELECT seq, $1, $2, $3, $4, $5, $6, $7, $8, $9 FROM last";
    let (user, key) = match outdated {
        Some(Outdated::User(user)) => (Some(user.0), None),
        Some(Outdated::Key(key)) => (None, Some(key.0)),
        Some(Outdated::Everything) | None => (None, None),
    };
    tx.execute(
        APPEND,
        &[
            &At(entry.at),
            &entry.actor.to_string(),
            &entry.action.as_str(),
            &entry.target,
            &entry.before,
            &entry.after,
            &entry.reason.as_str(),
            &user,
            &key,
        ],
    )
    .await?;
    Ok(())
}

const LIST: &str = "SELECT seq, at, actor, action, target, before, after, reason FROM audit \
     WHERE seq < $1 ORDER BY seq DESC LIMIT $2";
const LIST_OF_TARGET: &str = "SELECT seq, at, actor, action, target, before, after, reason \
     FROM audit WHERE target = $3 AND seq < $1 ORDER BY seq DESC LIMIT $2";

fn read(row: &Row) -> Result<AuditRow, StoreError> {
    let text = |column: usize| row.get::<_, &str>(column);
    let At(at) = row.get(1);
    Ok(AuditRow {
        seq: AuditSeq(row.get::<_, i64>(0) as u64),
        entry: AuditEntry {
            at,
            actor: text(2).parse().map_err(|error| damaged("audit", error))?,
            action: text(3).parse().map_err(|error| damaged("audit", error))?,
            target: row.get(4),
            before: row.get(5),
            after: row.get(6),
            reason: Reason::parse(text(7)).map_err(|error| damaged("audit", error))?,
        },
    })
}
