//! What an operator changes: tiers and overrides, each with its audit entry in one commit.
//!
//! Invariant: a batch that begins after the answer judges by the change, on every node: it reads
//! overrides, and the policy's version, under its own locks.

use super::{
    node::Node,
    place::Place,
    policy,
    tell::{POLICY_CHANGED, notify},
};
use crate::{
    column::At,
    directory::{append, append_audit},
    failure,
    pool::{Client, Pool},
};
use novacore_access::AuditEntry;
use novacore_ledger::{LimitName, Override, Policy, Tier};
use novacore_store::{changes::Outdated, error::StoreError};
use novacore_vocab::ResourceName;
use std::sync::Arc;
use tokio_postgres::Transaction;

const PUT: &str = "INSERT INTO user_override (bucket, user_id, resource, limit_name, cap, mode, \
     warn_at, expires_at, reason, author, version) \
     VALUES ($1, $2, $3, $4, $5, $6, $7::text::json, $8, $9, $10, $11) \
     ON CONFLICT (bucket, user_id, resource, limit_name) DO UPDATE SET cap = excluded.cap, \
     mode = excluded.mode, warn_at = excluded.warn_at, expires_at = excluded.expires_at, \
     reason = excluded.reason, author = excluded.author, version = excluded.version";
const REMOVE: &str = "DELETE FROM user_override \
     WHERE bucket = $1 AND user_id = $2 AND resource = $3 AND limit_name = $4";

/// Adds or replaces a tier.
pub(crate) async fn put_tier(
    node: &Node,
    tier: &Tier,
    audit: &AuditEntry,
) -> Result<Arc<Policy>, StoreError> {
    let mut client = node.pool.get().await?;
    let tx = begin(&mut client).await?;
    let versioned = policy::put_tier(&tx, &node.resources, tier).await?;
    append_audit(&tx, audit).await?;
    commit(tx).await?;
    let policy = node.take_policy(versioned).policy.clone();
    if let Err(error) = notify(node, &[POLICY_CHANGED.to_owned()]).await {
        tracing::debug!("other nodes will see the tiers when they look: {error}");
    }
    Ok(policy)
}

/// Sets a user's override, replacing one of the same limit.
pub(crate) async fn put(
    pool: &Pool,
    place: Place,
    value: &Override,
    audit: &AuditEntry,
) -> Result<(), StoreError> {
    let mut client = pool.get().await?;
    let tx = begin(&mut client).await?;
    let version = policy::next_limit_version(&tx).await?;
    let warn_at = value.warn_at.as_ref();
    let warn_at =
        warn_at.map(|percents| serde_json::to_string(percents).expect("numbers serialise"));
    tx.execute(
        PUT,
        &[
            &place.bucket,
            &place.user.0,
            &value.resource.as_str(),
            &limit_text(value.limit.as_ref()),
            &value.cap.map(|cap| cap.shown()),
            &value.mode.map(|mode| mode.to_string()),
            &warn_at,
            &value.expires_at.map(At),
            &&*value.reason,
            &&*value.author,
            &version,
        ],
    )
    .await
    .map_err(|error| failure::told(&error))?;
    append(&tx, audit, Some(Outdated::User(place.user))).await?;
    commit(tx).await
}

/// Removes a user's override.
pub(crate) async fn remove(
    pool: &Pool,
    place: Place,
    resource: &ResourceName,
    limit: Option<&LimitName>,
    audit: &AuditEntry,
) -> Result<(), StoreError> {
    let mut client = pool.get().await?;
    let tx = begin(&mut client).await?;
    let removed = tx
        .execute(REMOVE, &[&place.bucket, &place.user.0, &resource.as_str(), &limit_text(limit)])
        .await
        .map_err(|error| failure::told(&error))?;
    if removed == 0 {
        return Err(StoreError::NotFound("override"));
    }
    append(&tx, audit, Some(Outdated::User(place.user))).await?;
    commit(tx).await
}

/// An override of the first limit names none.
fn limit_text(limit: Option<&LimitName>) -> &str {
    limit.map_or("", |name| name.as_str())
}

async fn begin(client: &mut Client) -> Result<Transaction<'_>, StoreError> {
    // The pool's transaction is the driver's with a cache; the driver's is enough here.
    let client: &mut tokio_postgres::Client = client;
    client.transaction().await.map_err(|error| failure::told(&error))
}

async fn commit(tx: Transaction<'_>) -> Result<(), StoreError> {
    tx.commit().await.map_err(|error| failure::told(&error))
}
