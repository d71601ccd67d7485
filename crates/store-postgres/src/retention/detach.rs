//! One month out of the ledger, in one transaction.
//!
//! What takes long comes first and locks nobody out: the fold, and what hangs on the entries that
//! go. Then the month is closed to writers, who are corrections of entries as old as that, and
//! counted; and then, for as long as the catalogue takes to change, so is the ledger.
//!
//! Invariant: no batch stands between what it read and what it writes while a month goes: a hold or
//! an entry that it has read would be gone, and what it writes of it would be nobody's.
//! Invariant: nobody waits for long: who is in the way makes this try end, not the others wait.

use super::{
    DetachError, DetachedMonth, Month,
    fold::{self, Folded},
};
use crate::{column::At, ledger::partitions};
use novacore_ledger::Policy;
use novacore_vocab::Timestamp;
use std::sync::Arc;
use tokio_postgres::{Client, GenericClient, Transaction};

/// Nobody's statement waits behind ours for longer than this.
const LOCAL: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '500ms'; \
     SET LOCAL idle_in_transaction_session_timeout = '60s'";
const TURN: &str = "SELECT pg_try_advisory_xact_lock($1)";
const PARTITIONS: &str = "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c \
     ON c.oid = i.inhrelid WHERE i.inhparent = 'usage_ledger'::regclass";
const FIRST_OF_OTHERS: &str = "SELECT min(timestamp) FROM usage_ledger_other";
const EXISTS: &str = "SELECT to_regclass($1) IS NOT NULL";
const IS_HELD: &str = "SELECT EXISTS (SELECT 1 FROM hold WHERE reserved_at < $1)";

/// Holds that later entries end are kept with the opening, and still stored as ended.
const DROP_ENDED: &str = "DELETE FROM ended_hold h USING opening o \
     WHERE o.until = $1 AND h.bucket = o.bucket AND h.user_id = o.user_id \
     AND h.version <= o.version AND NOT EXISTS (SELECT 1 FROM opening_hold k \
     WHERE k.bucket = h.bucket AND k.user_id = h.user_id AND k.version = h.version)";
const DROP_CORRECTIONS: &str = "DELETE FROM correction c USING opening o \
     WHERE o.until = $1 AND c.bucket = o.bucket AND c.user_id = o.user_id \
     AND c.version <= o.version";

/// Batches lock rows of it first of all, so that none is under way once this is granted.
const NO_BATCHES: &str = "LOCK TABLE account IN EXCLUSIVE MODE";
const COUNT_OTHERS: &str = "SELECT count(*) FROM usage_ledger_other WHERE counted_at < $1";

/// The columns that are written; `recorded_at` follows from them.
const COLUMNS: &str = "bucket, user_id, version, counted_at, timestamp, occurred_at, expires_at, \
     amount, held, hold_id, corrects, id, kind, source, flags, resource_type, idempotency_key, \
     crossing, metadata";
const NOTE: &str = "INSERT INTO detached_month \
     (month, name, until, entries, accounts, detached_at) VALUES ($1, $2, $3, $4, $5, $6)";

/// A month that is next, and whether it has a partition.
struct Next {
    month: Month,
    has_partition: bool,
}

/// Detaches the oldest month of the ledger, if it lies before `first_kept`.
pub(super) async fn detach_next(
    client: &mut Client,
    policy: &Arc<Policy>,
    first_kept: Month,
    now: Timestamp,
) -> Result<Option<DetachedMonth>, DetachError> {
    let tx = client.transaction().await?;
    tx.batch_execute(LOCAL).await?;
    if !tx.query_one(TURN, &[&partitions::LOCK]).await?.get::<_, bool>(0) {
        return Err(DetachError::Busy);
    }
    let next = find_next(&tx).await?.filter(|next| next.month < first_kept);
    let Some(Next { month, has_partition }) = next else { return Ok(None) };
    let until = At(month.until());
    if tx.query_one(IS_HELD, &[&until]).await?.get(0) {
        return Err(DetachError::OpenHold(month));
    }
    let folded = fold::fold(&tx, policy, month).await?;
    tx.execute(DROP_ENDED, &[&until]).await?;
    tx.execute(DROP_CORRECTIONS, &[&until]).await?;
    close(&tx, month, has_partition, &folded).await?;
    take_out(&tx, month, has_partition, &folded).await?;
    let (number, table) = (month.number(), month.table());
    let noted: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
        [&number, &table, &until, &folded.entries, &folded.accounts, &At(now)];
    tx.execute(NOTE, &noted).await?;
    tx.commit().await?;
    let (entries, accounts) = (folded.entries as u64, folded.accounts as u64);
    tracing::info!("{month} has left the ledger: {entries} entries, now in the table {table}");
    Ok(Some(DetachedMonth { month, table, entries, accounts }))
}

/// The oldest month that has a partition, or entries without one.
async fn find_next(tx: &Transaction<'_>) -> Result<Option<Next>, DetachError> {
    let attached = attached(tx).await?.into_iter().min();
    let first = tx.query_one(FIRST_OF_OTHERS, &[]).await?.get::<_, Option<At>>(0);
    let other = first.map(|at| Month::at(at.0));
    let oldest = attached.into_iter().chain(other).min();
    Ok(oldest.map(|month| Next { month, has_partition: attached == Some(month) }))
}

/// The months that have a partition.
pub(super) async fn attached(client: &impl GenericClient) -> Result<Vec<Month>, DetachError> {
    let rows = client.query(PARTITIONS, &[]).await?;
    Ok(rows.iter().filter_map(|row| Month::of_table(row.get(0))).collect())
}

/// Lets nobody write to the month, then nobody to the ledger, and makes sure that what was folded
/// is all there is: entries are only ever added.
async fn close(
    tx: &Transaction<'_>,
    month: Month,
    has_partition: bool,
    folded: &Folded,
) -> Result<(), DetachError> {
    let (table, mut count) = (month.table(), 0);
    if has_partition {
        tx.batch_execute(&format!("LOCK TABLE {table} IN SHARE MODE")).await?;
        let sql = format!("SELECT count(*) FROM {table}");
        count += tx.query_one(&sql, &[]).await?.get::<_, i64>(0);
    }
    tx.batch_execute(NO_BATCHES).await?;
    count += tx.query_one(COUNT_OTHERS, &[&At(month.until())]).await?.get::<_, i64>(0);
    if count == folded.read { Ok(()) } else { Err(DetachError::Changed(month)) }
}

/// Makes the month a table of its own that holds what was recorded in it.
async fn take_out(
    tx: &Transaction<'_>,
    month: Month,
    has_partition: bool,
    folded: &Folded,
) -> Result<(), DetachError> {
    let table = month.table();
    if has_partition {
        tx.batch_execute(&format!("ALTER TABLE usage_ledger DETACH PARTITION {table}")).await?;
        let stay = format!(
            "WITH gone AS (DELETE FROM {table} l \
             USING unnest($1::int4[], $2::uuid[], $3::int8[]) AS n (bucket, user_id, version) \
             WHERE l.bucket = n.bucket AND l.user_id = n.user_id AND l.version = n.version \
             RETURNING l.*) INSERT INTO usage_ledger ({COLUMNS}) SELECT {COLUMNS} FROM gone"
        );
        let keys = &folded.stay;
        tx.execute(&stay, &[&keys.buckets, &keys.users, &keys.versions]).await?;
    } else if tx.query_one(EXISTS, &[&table]).await?.get(0) {
        return Err(DetachError::InTheWay(table));
    } else {
        let make = format!("CREATE TABLE {table} (LIKE usage_ledger INCLUDING ALL)");
        tx.batch_execute(&make).await?;
    }
    let along = format!(
        "WITH gone AS (DELETE FROM usage_ledger_other WHERE timestamp < $1 RETURNING *) \
         INSERT INTO {table} ({COLUMNS}) SELECT {COLUMNS} FROM gone"
    );
    tx.execute(&along, &[&At(month.until())]).await?;
    Ok(())
}
