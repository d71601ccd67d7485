//! What a node does from time to time: expire holds, look at the clock and the policy, tell what
//! listeners have missed, make partitions and vectors, forget old batches.
//!
//! Invariant: any node may do any of it at any time; two at once do no harm.
//! Invariant: whether the database is in reach is found out here too, so that a node without
//! traffic says how it is, and recovers by itself.

use super::{
    batch::{Ask, DOUBT_S_MAX},
    lanes::Lanes,
    listen::refresh_policy,
    missed,
    node::{ClockReading, Node},
    partitions,
    place::Place,
    reads::query,
};
use crate::{column::At, memories::vectors};
use novacore_ledger::{Command, Verb};
use novacore_store::error::StoreError;
use novacore_vocab::{OrgId, Timestamp, UserId};
use std::{sync::Arc, time::Duration};

/// Accounts that are swept at once.
const SWEEP_ACCOUNTS_MAX: i64 = 1_000;
/// Ticks between chores that are rarely needed.
const CHORES_TICKS: u64 = 600;
/// How long it is remembered that a batch was committed.
const OPS_KEPT_S: i64 = 3_600;

const _: () = assert!(DOUBT_S_MAX < OPS_KEPT_S);

const DUE: &str = "SELECT DISTINCT p.bucket, p.user_id, p.org_id \
     FROM hold JOIN account_place p USING (user_id) WHERE hold.expires_at <= $1 LIMIT $2";
const LOOK: &str = "SELECT version, clock_timestamp() FROM policy";
const FORGET: &str = "DELETE FROM batch_op WHERE written_at < $1";

/// Works until the task is aborted.
pub(crate) async fn run(node: Arc<Node>, lanes: Lanes, tick: Duration) {
    let mut ticks = tokio::time::interval(tick);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // The first tick is at once, when the store was opened just now.
    ticks.tick().await;
    for count in 1_u64.. {
        ticks.tick().await;
        match look(&node).await {
            // That there is room again is seen by a batch that writes.
            Ok(()) if node.trouble() == Some(StoreError::StorageFull) => {}
            outcome => node.note_trouble(outcome.err()),
        }
        let with_chores = count.is_multiple_of(CHORES_TICKS);
        if let Err(error) = work(&node, &lanes, with_chores).await {
            tracing::warn!("holds or partitions wait for the next look: {error}");
        }
    }
}

async fn work(node: &Node, lanes: &Lanes, with_chores: bool) -> Result<(), StoreError> {
    let now = node.clock.now();
    sweep(node, lanes, now).await?;
    missed::tell(node).await?;
    if with_chores {
        let mut client = node.pool.get().await?;
        partitions::make(&mut client, now).await?;
        query(&node.pool, FORGET, &[&At(now.plus_seconds(-OPS_KEPT_S))]).await?;
    }
    if let Err(error) = vectors::make_missing(node).await {
        tracing::warn!("vectors of embeddings wait for the next look: {error}");
    }
    Ok(())
}

/// Compares clock and policy with the database's.
async fn look(node: &Node) -> Result<(), StoreError> {
    let client = node.pool.get().await?;
    let told = |error: tokio_postgres::Error| crate::failure::told(&error);
    let look = client.prepare_cached(LOOK).await.map_err(told)?;
    let before = node.clock.now();
    let row = client.query_one(&look, &[]).await.map_err(told)?;
    let after = node.clock.now();
    let version: i64 = row.get(0);
    if node.policy.load().version != version {
        refresh_policy(node).await;
    }
    node.check_clock(ClockReading { before, database: row.get::<_, At>(1).0, after })
}

/// Expires what has run out.
async fn sweep(node: &Node, lanes: &Lanes, now: Timestamp) -> Result<(), StoreError> {
    let rows = query(&node.pool, DUE, &[&At(now), &SWEEP_ACCOUNTS_MAX]).await?;
    let ask = |row: &tokio_postgres::Row| {
        let place = Place { bucket: row.get(0), user: UserId(row.get(1)), org: OrgId(row.get(2)) };
        Ask::plain(place, sweep_command())
    };
    let asks: Vec<Ask> = rows.iter().map(ask).collect();
    for result in lanes.submit(asks).await {
        if let Err(error) = result {
            tracing::debug!("a sweep failed: {error}");
        }
    }
    Ok(())
}

/// The command that expires what has run out.
pub(crate) fn sweep_command() -> Command {
    Command { key: None, fingerprint: 0, verb: Verb::Sweep }
}
