//! Tiers and overrides as stored.
//!
//! Invariant: a limit's version grows with each of its changes, and no version is used twice.
//! Invariant: a tier that an operator has edited is no longer ruled by the configuration.

use crate::{
    directory::{append_audit, user_no},
    failure,
    profile::{read_cap, read_mode},
    row::malformed,
};
use novacore_access::AuditEntry;
use novacore_ledger::{Limit, LimitName, Override, Policy, Tier};
use novacore_store::error::StoreError;
use novacore_vocab::{ResourceName, ResourceSpec, TierName, UserId, Window};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Who rules a tier.
const CONFIG: &str = "config";
const OPERATOR: &str = "operator";

/// A limit as stored: readable in SQL. Fields are only ever added, with a default.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitText {
    name: LimitName,
    cap: i64,
    window: Window,
    mode: String,
    warn_at: Vec<u8>,
    version: u64,
}

type LimitTexts = BTreeMap<ResourceName, Vec<LimitText>>;

/// The policy in force: configured tiers, replaced by those that an operator has edited. Stores
/// what is new.
pub(crate) fn load(
    connection: &Connection,
    resources: &[ResourceSpec],
    configured: &[Tier],
) -> Result<Policy, StoreError> {
    let stored = tiers(connection).map_err(failure::of_read)?;
    for tier in configured {
        let kept = stored.iter().find(|(kept, _)| kept.name == tier.name);
        match kept {
            Some((_, origin)) if origin == OPERATOR => {
                tracing::info!("tier {} stays as an operator has edited it", tier.name);
            }
            _ => {
                let before = kept.map(|(kept, _)| kept);
                let tier = with_versions(connection, tier, before)?;
                if before != Some(&tier) {
                    put(connection, &tier, CONFIG)?;
                }
            }
        }
    }
    policy(connection, resources.iter().cloned())
}

/// Adds or replaces a tier, and says what is in force then.
pub(crate) fn put_tier(
    connection: &Connection,
    base: &Policy,
    tier: &Tier,
    audit: &AuditEntry,
) -> Result<Policy, StoreError> {
    let stored = tiers(connection).map_err(failure::of_read)?;
    let before = stored.iter().find(|(kept, _)| kept.name == tier.name).map(|(kept, _)| kept);
    let tier = with_versions(connection, tier, before)?;
    put(connection, &tier, OPERATOR)?;
    append_audit(connection, audit).map_err(failure::in_write)?;
    policy(connection, base.resources().cloned())
}

/// Sets a user's override, replacing one of the same limit.
pub(crate) fn put_override(
    connection: &Connection,
    user: UserId,
    value: &Override,
    audit: &AuditEntry,
) -> Result<(), StoreError> {
    let user_no = user_no(connection, user).map_err(failure::in_write)?;
    let user_no = user_no.ok_or(StoreError::NotFound("user"))?;
    let version = next_version(connection)?;
    let put = || -> rusqlite::Result<()> {
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO override (user_no, resource, limit_name, cap, mode, \
                 warn_at, expires_at, reason, author, version) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                user_no,
                value.resource.as_str(),
                limit_text(value.limit.as_ref()),
                value.cap.map(|cap| cap.shown()),
                value.mode.map(|mode| mode.to_string()),
                value.warn_at.as_ref().map(|percents| {
                    serde_json::to_string(percents).expect("numbers serialise")
                }),
                value.expires_at.map(|at| at.micros()),
                value.reason,
                value.author,
                version as i64,
            ])?;
        append_audit(connection, audit)
    };
    put().map_err(failure::in_write)
}

/// Removes a user's override.
pub(crate) fn remove_override(
    connection: &Connection,
    user: UserId,
    resource: &ResourceName,
    limit: Option<&LimitName>,
    audit: &AuditEntry,
) -> Result<(), StoreError> {
    let user_no = user_no(connection, user).map_err(failure::in_write)?;
    let user_no = user_no.ok_or(StoreError::NotFound("user"))?;
    let remove = || -> rusqlite::Result<usize> {
        connection
            .prepare_cached(
                "DELETE FROM override WHERE user_no = ?1 AND resource = ?2 AND limit_name = ?3",
            )?
            .execute(params![user_no, resource.as_str(), limit_text(limit)])
    };
    match remove().map_err(failure::in_write)? {
        0 => Err(StoreError::NotFound("override")),
        _ => append_audit(connection, audit).map_err(failure::in_write),
    }
}

/// An override of the first limit names none.
fn limit_text(limit: Option<&LimitName>) -> &str {
    limit.map_or("", |name| name.as_str())
}

fn policy(
    connection: &Connection,
    resources: impl Iterator<Item = ResourceSpec>,
) -> Result<Policy, StoreError> {
    let resources: Vec<ResourceSpec> = resources.collect();
    let known = |name: &ResourceName| resources.iter().any(|spec| spec.name == *name);
    let stored = tiers(connection).map_err(failure::of_read)?;
    let tiers = stored.into_iter().map(|(mut tier, _)| {
        // A resource may have left the configuration since; its entries stay, its limits rest.
        tier.limits.retain(|resource, _| known(resource));
        tier
    });
    Policy::new(resources.clone(), tiers)
        .map_err(|error| StoreError::Damaged { file: "tier".into(), why: error.to_string() })
}

/// A tier with the versions of its limits: kept where nothing changed, else new.
fn with_versions(
    connection: &Connection,
    tier: &Tier,
    before: Option<&Tier>,
) -> Result<Tier, StoreError> {
    let mut tier = tier.clone();
    for (resource, limits) in &mut tier.limits {
        let old = before.and_then(|before| before.limits.get(resource));
        for limit in limits {
            let old = old.and_then(|old| old.iter().find(|old| old.name == limit.name));
            let version = match old {
                Some(old) if (Limit { version: old.version, ..limit.clone() }) == *old => {
                    old.version
                }
                _ => next_version(connection)?,
            };
            limit.version = version;
        }
    }
    Ok(tier)
}

/// The next number of the counter from which all versions come.
fn next_version(connection: &Connection) -> Result<u64, StoreError> {
    let next = || -> rusqlite::Result<i64> {
        connection
            .prepare_cached(
                "INSERT INTO meta VALUES ('limit_version', 1) \
                 ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value",
            )?
            .query_row([], |row| row.get(0))
    };
    next().map(|version| version as u64).map_err(failure::in_write)
}

fn put(connection: &Connection, tier: &Tier, origin: &str) -> Result<(), StoreError> {
    let limits: LimitTexts = tier
        .limits
        .iter()
        .map(|(resource, limits)| (resource.clone(), limits.iter().map(to_text).collect()))
        .collect();
    let limits = serde_json::to_string(&limits).expect("plain values serialise");
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO tier (name, rank, limits, origin) VALUES (?1, ?2, ?3, ?4)",
        )
        .and_then(|mut insert| {
            insert.execute(params![tier.name.as_str(), tier.rank, limits, origin])
        })
        .map(|_| ())
        .map_err(failure::in_write)
}

fn to_text(limit: &Limit) -> LimitText {
    LimitText {
        name: limit.name.clone(),
        cap: limit.cap.shown(),
        window: limit.window,
        mode: limit.mode.to_string(),
        warn_at: limit.warn_at.clone(),
        version: limit.version,
    }
}

/// The stored tiers with who rules each.
fn tiers(connection: &Connection) -> rusqlite::Result<Vec<(Tier, String)>> {
    connection
        .prepare_cached("SELECT name, rank, limits, origin FROM tier ORDER BY name")?
        .query_map([], |row| {
            let name = TierName::parse(&row.get::<_, String>(0)?).map_err(|_| malformed(0))?;
            let limits: LimitTexts =
                serde_json::from_str(&row.get::<_, String>(2)?).map_err(|_| malformed(2))?;
            let limits = limits.into_iter().map(|(resource, limits)| {
                let limits = limits.into_iter().map(from_text).collect::<rusqlite::Result<_>>()?;
                Ok((resource, limits))
            });
            let limits = limits.collect::<rusqlite::Result<_>>()?;
            Ok((Tier { name, rank: row.get(1)?, limits }, row.get(3)?))
        })?
        .collect()
}

fn from_text(text: LimitText) -> rusqlite::Result<Limit> {
    Ok(Limit {
        name: text.name,
        cap: read_cap(text.cap).map_err(|()| malformed(2))?,
        window: text.window,
        mode: read_mode(&text.mode).map_err(|()| malformed(2))?,
        warn_at: text.warn_at,
        version: text.version,
    })
}
