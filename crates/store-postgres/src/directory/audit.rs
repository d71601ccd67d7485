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
use tokio_postgres::{Row, Transaction, types::ToSql};
use uuid::Uuid;

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
pub(crate) async fn append(
    tx: &Transaction<'_>,
    entry: &AuditEntry,
    outdated: Option<Outdated>,
) -> Result<(), Failed> {
    tx.execute(APPEND_AUDIT, &NewAudit::of(entry, outdated).params()).await?;
    Ok(())
}

/// Appends an entry with the parameters of [`NewAudit`].
pub(crate) const APPEND_AUDIT: &str = "WITH last AS (UPDATE audit_last SET seq = seq + 1 RETURNING seq) \
     INSERT INTO audit (seq, at, actor, action, target, before, after, reason, \
     user_id, key_id) SELECT seq, $1, $2, $3, $4, $5, $6, $7, $8, $9 FROM last";

/// The row of an entry.
pub(crate) struct NewAudit {
    at: At,
    actor: String,
    action: &'static str,
    target: String,
    before: Option<String>,
    after: Option<String>,
    reason: String,
    user: Option<Uuid>,
    key: Option<Uuid>,
}

impl NewAudit {
    /// Of an entry, and what other nodes must forget because of it.
    pub(crate) fn of(entry: &AuditEntry, outdated: Option<Outdated>) -> NewAudit {
        let (user, key) = match outdated {
            Some(Outdated::User(user)) => (Some(user.0), None),
            Some(Outdated::Key(key)) => (None, Some(key.0)),
            Some(Outdated::Tiers | Outdated::Everything) | None => (None, None),
        };
        NewAudit {
            at: At(entry.at),
            actor: entry.actor.to_string(),
            action: entry.action.as_str(),
            target: entry.target.clone(),
            before: entry.before.clone(),
            after: entry.after.clone(),
            reason: entry.reason.as_str().to_owned(),
            user,
            key,
        }
    }

    /// As the statement takes them.
    pub(crate) fn params(&self) -> [&(dyn ToSql + Sync); 9] {
        [
            &self.at,
            &self.actor,
            &self.action,
            &self.target,
            &self.before,
            &self.after,
            &self.reason,
            &self.user,
            &self.key,
        ]
    }
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
