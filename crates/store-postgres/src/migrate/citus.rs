//! Spreads the tables over the shards of a Citus cluster.
//!
//! What belongs to an account lies by its bucket, all tables of it side by side, so that a batch
//! stays on one server. What is small and asked by all, or unique over all accounts, is copied to
//! every server.
//!
//! Invariant: a table that lies there already is left alone, so that this may be repeated.
//! Invariant: all or nothing, under the lock of migrations.

use super::LOCK;
use crate::{address::Address, open::OpenError, pool::Pool};
use tokio_postgres::{Client, Transaction};

/// By bucket, beside the first of them.
const DISTRIBUTED: &[&str] = &[
    "account",
    "users",
    "user_override",
    "hold",
    "ended_hold",
    "usage_ledger",
    "correction",
    "idempotency",
    "batch_op",
    "usage_day",
    "session",
    "api_key",
    "opening",
    "opening_hold",
    "memory",
    "memory_text",
    "memory_embedding",
    "memory_head",
];
/// On every server.
const REFERENCE: &[&str] = &[
    "account_place",
    "policy",
    "tier",
    "audit",
    "audit_last",
    "user_email",
    "first_admin",
    "detached_month",
];

/// The command itself has to come first in its transaction; then one connection to each server
/// makes all of its shards, which a transaction that touches copied tables asks for.
const SEQUENTIAL: &str = "SET LOCAL citus.multi_shard_modify_mode TO 'sequential'";
const HAS_CITUS: &str = "SELECT to_regclass('pg_dist_partition') IS NOT NULL AND EXISTS \
     (SELECT 1 FROM pg_proc WHERE proname = 'create_distributed_table')";
const LIES_THERE: &str =
    "SELECT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = $1::text::regclass)";

/// Spreads the tables of a database that [`migrate()`](crate::migrate()) has brought up to date;
/// says which it moved. The extension has to be there, with its workers.
pub async fn distribute(url: &str) -> Result<Vec<&'static str>, OpenError> {
    let pool = Pool::new(Address::parse(url)?, 1)?;
    let mut client = pool.get().await?;
    let moved = run(&mut client).await;
    // It may hold a transaction that failed.
    Pool::discard(client);
    moved
}

async fn run(client: &mut Client) -> Result<Vec<&'static str>, OpenError> {
    super::check(client).await?;
    if !client.query_one(HAS_CITUS, &[]).await?.get::<_, bool>(0) {
        return Err(OpenError::CitusMissing);
    }
    // Moving what is there takes as long as it takes.
    client.batch_execute("SET statement_timeout = 0; SET lock_timeout = '60s'").await?;
    let tx = client.transaction().await?;
    tx.batch_execute(SEQUENTIAL).await?;
    tx.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    let mut moved = Vec::new();
    for table in REFERENCE {
        if !lies_there(&tx, table).await? {
            tx.query("SELECT create_reference_table($1::text::regclass)", &[table]).await?;
            moved.push(*table);
        }
    }
    for table in DISTRIBUTED {
        if !lies_there(&tx, table).await? {
            let beside = if *table == DISTRIBUTED[0] { "none" } else { DISTRIBUTED[0] };
            let sql = "SELECT create_distributed_table($1::text::regclass, 'bucket', \
                 colocate_with => $2::text)";
            tx.query(sql, &[table, &beside]).await?;
            moved.push(*table);
        }
    }
    tx.commit().await?;
    tracing::info!("{} tables were spread over shards", moved.len());
    Ok(moved)
}

async fn lies_there(tx: &Transaction<'_>, table: &str) -> Result<bool, OpenError> {
    Ok(tx.query_one(LIES_THERE, &[&table]).await?.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::STEPS;
    use std::collections::BTreeSet;

    #[test]
    fn every_table_lies_somewhere_and_those_with_a_bucket_lie_by_it() {
        let (mut by_bucket, mut others) = (BTreeSet::new(), BTreeSet::new());
        for step in STEPS {
            for table in step.sql.split("CREATE TABLE ").skip(1) {
                let (definition, rest) = table.split_once(';').unwrap();
                let name = definition.split([' ', '(']).next().unwrap();
                let has_bucket = definition.lines().any(|line| line.trim().starts_with("bucket "));
                // A partition lies where its table lies.
                if rest.is_empty() || definition.contains("PARTITION OF") {
                    continue;
                }
                let is_key = definition.contains("PRIMARY KEY (bucket, ");
                if has_bucket && is_key { &mut by_bucket } else { &mut others }.insert(name);
            }
        }
        assert_eq!(by_bucket, DISTRIBUTED.iter().copied().collect());
        assert_eq!(others, REFERENCE.iter().copied().collect());
    }
}
