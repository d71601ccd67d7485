//! Tiers as stored, and the policy that a node has of them.
//!
//! Invariant: a limit's version grows with each of its changes, and no version is used twice.
//! Invariant: every change of a tier raises the policy's version in the same commit, under the lock
//! of its one row; a batch that reads the same version judges by the same tiers.
//! Invariant: a tier that an operator has edited is no longer ruled by the configuration.

use crate::failure;
use novacore_ledger::{Policy, Tier};
use novacore_store::{
    error::StoreError,
    moving::{MovedPolicy, TierOrigin},
    stored,
};
use novacore_vocab::ResourceSpec;
use std::{convert::Infallible, sync::Arc};
use tokio_postgres::{Client, Transaction};

/// Who rules a tier.
const CONFIG: &str = "config";
const OPERATOR: &str = "operator";

const TIERS: &str = "SELECT name, rank, limits::text, origin FROM tier ORDER BY name";
const VERSION: &str = "SELECT version FROM policy";
const LOCK: &str = "SELECT version, limit_version FROM policy FOR UPDATE";
const RAISE: &str = "UPDATE policy SET version = version + 1, limit_version = $1 RETURNING version";
const PUT: &str = "INSERT INTO tier (name, rank, limits, origin) VALUES ($1, $2, $3::text::json, $4) \
     ON CONFLICT (name) DO UPDATE SET rank = excluded.rank, limits = excluded.limits, \
     origin = excluded.origin";

/// A policy, and the version of the tiers that it was made of.
#[derive(Clone, Debug)]
pub(crate) struct Versioned {
    pub(crate) policy: Arc<Policy>,
    pub(crate) version: i64,
}

/// A stored tier with who rules it.
struct Stored {
    tier: Tier,
    origin: String,
}

/// Puts the configured tiers beside the stored ones: stores what is new, leaves alone what an
/// operator has edited.
pub(crate) async fn configure(
    tx: &Transaction<'_>,
    resources: &[ResourceSpec],
    configured: &[Tier],
) -> Result<Versioned, StoreError> {
    let mut change = Change::begin(tx).await?;
    let mut changed = false;
    for tier in configured {
        let kept = change.stored.iter().find(|kept| kept.tier.name == tier.name);
        match kept {
            Some(kept) if kept.origin == OPERATOR => {
                tracing::info!("tier {} stays as an operator has edited it", tier.name);
            }
            _ => {
                let before = kept.map(|kept| kept.tier.clone());
                let tier = change.with_versions(tier, before.as_ref());
                if before.as_ref() != Some(&tier) {
                    change.put(tier, CONFIG).await?;
                    changed = true;
                }
            }
        }
    }
    let version = if changed { change.finish().await? } else { change.version };
    let policy = policy_of(resources, change.stored)?;
    Ok(Versioned { policy, version })
}

/// Adds or replaces a tier as an operator does, and says what is in force then.
pub(crate) async fn put_tier(
    tx: &Transaction<'_>,
    resources: &[ResourceSpec],
    tier: &Tier,
) -> Result<Versioned, StoreError> {
    let mut change = Change::begin(tx).await?;
    let before = change.stored.iter().find(|kept| kept.tier.name == tier.name);
    let before = before.map(|kept| kept.tier.clone());
    let tier = change.with_versions(tier, before.as_ref());
    change.put(tier, OPERATOR).await?;
    let version = change.finish().await?;
    let policy = policy_of(resources, change.stored)?;
    Ok(Versioned { policy, version })
}

/// Stores tiers as they were elsewhere, in a database that has none.
pub(crate) async fn restore(client: &Client, moved: &MovedPolicy) -> Result<(), StoreError> {
    const SET: &str = "UPDATE policy SET version = 1, limit_version = $1";
    let told = |error: tokio_postgres::Error| failure::told(&error);
    for (tier, origin) in &moved.tiers {
        let origin = match origin {
            TierOrigin::Config => CONFIG,
            TierOrigin::Operator => OPERATOR,
        };
        let (rank, limits) = (i64::from(tier.rank), stored::limits_text(&tier.limits));
        client.execute(PUT, &[&tier.name.as_str(), &rank, &limits, &origin]).await.map_err(told)?;
    }
    client.execute(SET, &[&(moved.limit_version as i64)]).await.map_err(told)?;
    Ok(())
}

/// The next version for an override, which no limit has had.
pub(crate) async fn next_limit_version(tx: &Transaction<'_>) -> Result<i64, StoreError> {
    const NEXT: &str =
        "UPDATE policy SET limit_version = limit_version + 1 RETURNING limit_version";
    let row = tx.query_one(NEXT, &[]).await.map_err(|error| failure::told(&error))?;
    Ok(row.get(0))
}

/// The policy as it is stored now. Two statements: within a transaction the tiers may be newer than
/// the version, never older, and the next batch reads them again.
pub(crate) async fn read(
    client: &Client,
    resources: &[ResourceSpec],
) -> Result<Versioned, StoreError> {
    let told = |error: tokio_postgres::Error| failure::told(&error);
    let version = client.query_one(VERSION, &[]).await.map_err(told)?.get(0);
    let rows = client.query(TIERS, &[]).await.map_err(told)?;
    let stored = rows.iter().map(read_tier).collect::<Result<Vec<_>, _>>()?;
    Ok(Versioned { policy: policy_of(resources, stored)?, version })
}

/// A change of tiers under the lock of the policy's row.
struct Change<'a, 't> {
    tx: &'a Transaction<'t>,
    version: i64,
    limit_version: u64,
    stored: Vec<Stored>,
}

impl<'a, 't> Change<'a, 't> {
    async fn begin(tx: &'a Transaction<'t>) -> Result<Change<'a, 't>, StoreError> {
        let told = |error: tokio_postgres::Error| failure::told(&error);
        let row = tx.query_one(LOCK, &[]).await.map_err(told)?;
        let rows = tx.query(TIERS, &[]).await.map_err(told)?;
        let stored = rows.iter().map(read_tier).collect::<Result<Vec<_>, _>>()?;
        let limit_version = row.get::<_, i64>(1) as u64;
        Ok(Change { tx, version: row.get(0), limit_version, stored })
    }

    /// A tier with the versions of its limits: kept where nothing changed, else new.
    fn with_versions(&mut self, tier: &Tier, before: Option<&Tier>) -> Tier {
        let next = || {
            self.limit_version += 1;
            Ok::<_, Infallible>(self.limit_version)
        };
        let Ok(tier) = tier.clone().with_versions(before, next);
        tier
    }

    async fn put(&mut self, tier: Tier, origin: &str) -> Result<(), StoreError> {
        let rank = i64::from(tier.rank);
        let limits = stored::limits_text(&tier.limits);
        let put = self.tx.execute(PUT, &[&tier.name.as_str(), &rank, &limits, &origin]).await;
        put.map_err(|error| failure::told(&error))?;
        self.stored.retain(|kept| kept.tier.name != tier.name);
        self.stored.push(Stored { tier, origin: origin.to_owned() });
        Ok(())
    }

    async fn finish(&self) -> Result<i64, StoreError> {
        let limit_version = self.limit_version as i64;
        let raised = self.tx.query_one(RAISE, &[&limit_version]).await;
        Ok(raised.map_err(|error| failure::told(&error))?.get(0))
    }
}

fn policy_of(resources: &[ResourceSpec], tiers: Vec<Stored>) -> Result<Arc<Policy>, StoreError> {
    let policy = stored::policy_of(resources, tiers.into_iter().map(|stored| stored.tier));
    policy.map(Arc::new).map_err(|error| failure::damaged("tier", error))
}

fn read_tier(row: &tokio_postgres::Row) -> Result<Stored, StoreError> {
    let name = super::profile::read_tier_name(row.get(0))?;
    let rank = u32::try_from(row.get::<_, i64>(1)).map_err(|e| failure::damaged("tier", e))?;
    let limits = stored::read_limits(row.get(2)).map_err(|e| failure::damaged("tier", e))?;
    Ok(Stored { tier: Tier { name, rank, limits }, origin: row.get(3) })
}
