//! Tiers and overrides as stored.
//!
//! Invariant: a limit's version grows with each of its changes, and no version is used twice.
//! Invariant: a tier that an operator has edited is no longer ruled by the configuration.

use crate::{
    directory::{append_audit, user_no},
    failure,
    row::malformed,
};
use novacore_access::AuditEntry;
use novacore_ledger::{LimitName, Override, Policy, Tier};
use novacore_store::{
    error::StoreError,
    moving::{MovedPolicy, TierOrigin},
    stored,
};
use novacore_vocab::{ResourceName, ResourceSpec, TierName, UserId};
use rusqlite::{Connection, OptionalExtension, params};

/// Who rules a tier.
const CONFIG: &str = "config";
const OPERATOR: &str = "operator";

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
                let tier = tier.clone().with_versions(before, || next_version(connection))?;
                if before != Some(&tier) {
                    put(connection, &tier, CONFIG)?;
                }
            }
        }
    }
    policy(connection, resources)
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
    let tier = tier.clone().with_versions(before, || next_version(connection))?;
    put(connection, &tier, OPERATOR)?;
    append_audit(connection, audit).map_err(failure::in_write)?;
    policy(connection, &base.resources().cloned().collect::<Vec<_>>())
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

/// All of it, for whoever takes the ledger elsewhere.
pub(crate) fn moved(connection: &Connection) -> rusqlite::Result<MovedPolicy> {
    let origin = |text: &str| match text {
        OPERATOR => TierOrigin::Operator,
        _ => TierOrigin::Config,
    };
    let tiers = tiers(connection)?.into_iter().map(|(tier, text)| (tier, origin(&text)));
    let last = "SELECT value FROM meta WHERE name = 'limit_version'";
    let last: Option<i64> = connection.query_row(last, [], |row| row.get(0)).optional()?;
    Ok(MovedPolicy { tiers: tiers.collect(), limit_version: last.unwrap_or(0) as u64 })
}

/// An override of the first limit names none.
fn limit_text(limit: Option<&LimitName>) -> &str {
    limit.map_or("", |name| name.as_str())
}

fn policy(connection: &Connection, resources: &[ResourceSpec]) -> Result<Policy, StoreError> {
    let stored = tiers(connection).map_err(failure::of_read)?;
    stored::policy_of(resources, stored.into_iter().map(|(tier, _)| tier))
        .map_err(|error| StoreError::Damaged { file: "tier".into(), why: error.to_string() })
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
    let limits = stored::limits_text(&tier.limits);
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

/// The stored tiers with who rules each.
fn tiers(connection: &Connection) -> rusqlite::Result<Vec<(Tier, String)>> {
    connection
        .prepare_cached("SELECT name, rank, limits, origin FROM tier ORDER BY name")?
        .query_map([], |row| {
            let name = TierName::parse(&row.get::<_, String>(0)?).map_err(|_| malformed(0))?;
            let limits = stored::read_limits(&row.get::<_, String>(2)?);
            let limits = limits.map_err(|_| malformed(2))?;
            Ok((Tier { name, rank: row.get(1)?, limits }, row.get(3)?))
        })?
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use novacore_access::{Actor, AuditAction, Reason};
    use novacore_ledger::{Cap, Limit};
    use novacore_vocab::{Amount, Timestamp, Window};

    fn ledger() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        let tx = connection.transaction().unwrap();
        crate::schema::create(&tx, [7; 16]).unwrap();
        tx.commit().unwrap();
        connection
    }

    fn name(text: &str) -> ResourceName {
        ResourceName::parse(text).unwrap()
    }

    fn tier(text: &str) -> TierName {
        TierName::parse(text).unwrap()
    }

    fn resources() -> Vec<ResourceSpec> {
        Policy::builtin().resources().cloned().collect()
    }

    fn builtin() -> Vec<Tier> {
        Policy::builtin().tiers().into_iter().cloned().collect()
    }

    /// The built-in tiers with another daily cap on tokens in `free_trial`.
    fn with_cap(cap: i64) -> Vec<Tier> {
        let mut tiers = builtin();
        let limit = Limit::hard(Cap::Of(Amount::new(cap).unwrap()), Window::Day);
        tiers[0].limits.insert(name("llm_tokens"), vec![limit]);
        tiers
    }

    fn edit(connection: &Connection, policy: &Policy, tier: &Tier) -> Policy {
        let audit = AuditEntry {
            actor: Actor::Console,
            action: AuditAction::PutTier,
            target: "tier".into(),
            before: None,
            after: None,
            reason: Reason::parse("a test").unwrap(),
            at: Timestamp::from_seconds(1),
        };
        put_tier(connection, policy, tier, &audit).unwrap()
    }

    /// Cap and version of the first limit of a tier on a resource.
    fn limit(policy: &Policy, of: &str, on: &str) -> (i64, u64) {
        let limit = &policy.tier(&tier(of)).unwrap().limits[&name(on)][0];
        (limit.cap.shown(), limit.version)
    }

    #[test]
    fn a_first_start_gives_every_limit_a_version_of_its_own() {
        let connection = ledger();
        let policy = load(&connection, &resources(), &builtin()).unwrap();
        let tiers = policy.tiers().into_iter();
        let mut versions: Vec<u64> = tiers
            .flat_map(|tier| tier.limits.values().flatten())
            .map(|limit| limit.version)
            .collect();
        versions.sort_unstable();
        assert_eq!(versions, (1..=12).collect::<Vec<_>>());
        assert_eq!(load(&connection, &resources(), &builtin()).unwrap(), policy);
    }

    #[test]
    fn a_configured_tier_follows_the_configuration() {
        let connection = ledger();
        let before = load(&connection, &resources(), &builtin()).unwrap();
        let after = load(&connection, &resources(), &with_cap(5)).unwrap();
        assert_eq!(limit(&after, "free_trial", "llm_tokens"), (5, 13));
        let kept = |policy| limit(policy, "free_trial", "messages");
        assert_eq!(kept(&after), kept(&before));
        let restored = load(&connection, &resources(), &builtin()).unwrap();
        assert_eq!(limit(&restored, "free_trial", "llm_tokens"), (1_000, 14));
    }

    #[test]
    fn a_tier_that_an_operator_edited_no_longer_follows() {
        let connection = ledger();
        let policy = load(&connection, &resources(), &builtin()).unwrap();
        let edited = edit(&connection, &policy, &with_cap(7)[0]);
        assert_eq!(limit(&edited, "free_trial", "llm_tokens").0, 7);
        assert_eq!(load(&connection, &resources(), &with_cap(5)).unwrap(), edited);
    }

    #[test]
    fn a_tier_that_left_the_configuration_stays() {
        let connection = ledger();
        let before = load(&connection, &resources(), &builtin()).unwrap();
        let after = load(&connection, &resources(), &builtin()[1..]).unwrap();
        assert_eq!(after, before);
    }

    #[test]
    fn limits_of_a_resource_that_left_the_configuration_rest() {
        let connection = ledger();
        let before = load(&connection, &resources(), &builtin()).unwrap();
        let edited = edit(&connection, &before, &with_cap(7)[0]);
        let mut fewer = resources();
        fewer.retain(|spec| spec.name != name("llm_tokens"));
        let mut configured = builtin();
        configured.iter_mut().for_each(|tier| {
            tier.limits.remove(&name("llm_tokens"));
        });
        let without = load(&connection, &fewer, &configured).unwrap();
        let free = without.tier(&tier("free_trial")).unwrap();
        assert!(!free.limits.contains_key(&name("llm_tokens")));
        let again = load(&connection, &resources(), &builtin()).unwrap();
        let tokens = |policy| limit(policy, "free_trial", "llm_tokens");
        assert_eq!(tokens(&again), tokens(&edited));
    }

    #[test]
    fn stored_tiers_have_one_shape() {
        let connection = ledger();
        load(&connection, &resources(), &builtin()).unwrap();
        let read = "SELECT rank, limits, origin FROM tier WHERE name = 'free_trial'";
        let row: (u32, String, String) = connection
            .query_row(read, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap();
        let (rank, limits, origin) = row;
        assert_eq!((rank, origin.as_str()), (10, "config"));
        let shape = r#""llm_tokens":[{"name":"day","cap":1000,"window":"day","mode":"hard","#;
        let shape = format!("{shape}{}", r#""warn_at":[80,100],"version":"#);
        assert!(limits.contains(&shape), "{limits}");
    }
}
