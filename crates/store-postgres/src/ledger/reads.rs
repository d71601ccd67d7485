//! What readers ask: each one statement on committed rows.
//!
//! Invariant: no query of a dashboard walks the ledger; days and totals come from roll-ups.

use super::{
    entry, hold,
    place::Place,
    profile::{OVERRIDE_COLUMNS, read_override, read_tier_name},
    text::read_head,
};
use crate::{
    column::At,
    failure,
    pool::{ANSWER, Pool},
};
use novacore_ledger::{AccountState, Entry, Hold, Profile};
use novacore_store::{
    error::StoreError,
    ledger::{AccountView, ENTRY_PAGE_ROWS_MAX, EntryQuery},
};
use novacore_vocab::{Timestamp, Version};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;
use tokio_postgres::{Row, types::ToSql};

const ACCOUNT: &str = "SELECT u.tier, a.version, a.last_at, a.open_holds, a.next_due, \
     a.head::text FROM users u LEFT JOIN account a ON a.bucket = $1 AND a.user_id = $2 \
     WHERE u.bucket = $1 AND u.user_id = $2";
const IS_DUE: &str = "SELECT EXISTS (SELECT 1 FROM hold \
     WHERE bucket = $1 AND user_id = $2 AND expires_at <= $3)";
const HOLD: &str = "SELECT version, reserved_at, expires_at, on_expiry, amounts::text, \
     0::smallint FROM hold WHERE bucket = $1 AND user_id = $2 AND version = $3 UNION ALL \
     SELECT version, reserved_at, expires_at, on_expiry, amounts::text, status FROM ended_hold \
     WHERE bucket = $1 AND user_id = $2 AND version = $3";

/// Runs one statement that only reads. If its connection fails it is asked once more, on another:
/// after a restart of the server every connection of the pool is a lost one.
pub(crate) async fn query(
    pool: &Pool,
    sql: &str,
    params: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, StoreError> {
    query_within(ANSWER, pool, sql, params).await
}

/// As [`query`], of a pool whose sessions let a statement take longer: this is when no answer will
/// come.
pub(crate) async fn query_within(
    wait: Duration,
    pool: &Pool,
    sql: &str,
    params: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, StoreError> {
    let told = |error: &tokio_postgres::Error| failure::told(error);
    match query_once(wait, pool, sql, params).await? {
        Ok(rows) => Ok(rows),
        Err(error) if failure::is_disconnect(&error) => {
            query_once(wait, pool, sql, params).await?.map_err(|error| told(&error))
        }
        Err(error) => Err(told(&error)),
    }
}

async fn query_once(
    wait: Duration,
    pool: &Pool,
    sql: &str,
    params: &[&(dyn ToSql + Sync)],
) -> Result<Result<Vec<Row>, tokio_postgres::Error>, StoreError> {
    let client = pool.get().await?;
    let answer = timeout(wait, async {
        let statement = client.prepare_cached(sql).await?;
        client.query(&statement, params).await
    })
    .await;
    answer.map_err(|_| {
        Pool::discard(client);
        StoreError::Unavailable
    })
}

/// An account's counters, and a bound before which no hold of it runs out.
pub(crate) async fn account(
    pool: &Pool,
    place: Place,
) -> Result<(AccountView, Option<Timestamp>), StoreError> {
    let overrides = format!(
        "SELECT {OVERRIDE_COLUMNS} FROM user_override o WHERE bucket = $1 AND user_id = $2 \
         ORDER BY resource, limit_name"
    );
    let rows = query(pool, ACCOUNT, &[&place.bucket, &place.user.0]).await?;
    let row = rows.first().ok_or(StoreError::NotFound("user"))?;
    let overrides = query(pool, &overrides, &[&place.bucket, &place.user.0]).await?;
    let overrides = overrides.iter().map(|row| read_override(row, 0)).collect::<Result<_, _>>()?;
    let profile = Profile { tier: read_tier_name(row.get(0))?, overrides };
    let mut state = AccountState::new(place.account(), profile);
    // An account that nothing was ever asked of has no row yet.
    let Some(version) = row.get::<_, Option<i64>>(1) else {
        return Ok((AccountView { state: Arc::new(state), open_holds: 0 }, None));
    };
    state.version = Version(version as u64);
    state.last_at = row.get::<_, At>(2).0;
    state.meters = read_head(row.get(5))?;
    let open_holds = usize::try_from(row.get::<_, i32>(3));
    let open_holds = open_holds.map_err(|error| failure::damaged("account", error))?;
    let next_due = row.get::<_, Option<At>>(4).map(|at| at.0);
    Ok((AccountView { state: Arc::new(state), open_holds }, next_due))
}

/// Whether a hold of an account has run out.
pub(crate) async fn is_due(pool: &Pool, place: Place, now: Timestamp) -> Result<bool, StoreError> {
    let rows = query(pool, IS_DUE, &[&place.bucket, &place.user.0, &At(now)]).await?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
}

/// A hold, open or ended.
pub(crate) async fn hold(
    pool: &Pool,
    place: Place,
    version: Version,
) -> Result<Option<Hold>, StoreError> {
    // A number that no entry can have is nobody's.
    let Ok(version) = i64::try_from(version.0) else { return Ok(None) };
    let rows = query(pool, HOLD, &[&place.bucket, &place.user.0, &version]).await?;
    rows.first().map(|row| hold::read(row, 0)).transpose()
}

/// Entries, the newest first; with `after`, those just above it, the oldest first.
pub(crate) async fn entries(
    pool: &Pool,
    place: Place,
    asked: &EntryQuery,
) -> Result<Vec<Entry>, StoreError> {
    let order = if asked.after.is_some() { "ASC" } else { "DESC" };
    // An entry never counts later than it is recorded, so that `until` spares later partitions.
    let sql = format!(
        "SELECT {} FROM usage_ledger l WHERE bucket = $1 AND user_id = $2 \
         AND version > $3 AND version < $4 AND timestamp >= $5 AND timestamp < $6 \
         AND counted_at < $6 AND ($7::text IS NULL OR resource_type = $7) \
         AND ($8::int2[] IS NULL OR kind = ANY($8)) ORDER BY version {order} LIMIT $9",
        entry::COLUMNS
    );
    let bound = |version: Version| i64::try_from(version.0).unwrap_or(i64::MAX);
    let after = asked.after.map_or(0, bound);
    let before = asked.before.map_or(i64::MAX, bound);
    let from = At(asked.from.unwrap_or(Timestamp::MIN));
    let until = At(asked.until.unwrap_or(Timestamp::MAX));
    let resource = asked.resource.as_ref().map(|resource| resource.as_str());
    let kinds: Vec<i16> = asked.kinds.iter().map(|kind| entry::kind_no(*kind)).collect();
    let kinds = Some(kinds).filter(|kinds| !kinds.is_empty());
    let rows_max = asked.rows_max.min(ENTRY_PAGE_ROWS_MAX) as i64;
    let rows = query(
        pool,
        &sql,
        &[
            &place.bucket,
            &place.user.0,
            &after,
            &before,
            &from,
            &until,
            &resource,
            &kinds,
            &rows_max,
        ],
    )
    .await?;
    rows.iter().map(|row| entry::read(row, 0)).collect()
}
