//! The schema and its steps.
//!
//! Steps only ever expand what the version before reads and writes; a later one contracts what no
//! running version needs any more. So nodes of two versions work side by side during an upgrade.
//!
//! Invariant: a step that was released never changes; each runs once, in order, under one lock.
//! Invariant: a node refuses a schema that it does not know, unless the step that made it says that
//! the node's version may still work on it.

mod citus;
mod vectors;

pub use citus::distribute;
pub(crate) use vectors::HAS_VECTORS;
pub use vectors::{Vectors, add_vectors};

use crate::{address::Address, failure, open::OpenError, pool::Pool};
use tokio_postgres::Client;

/// One step of the schema.
struct Step {
    /// Its number: 1, 2, 3, without gaps.
    version: i32,
    /// What it is about.
    name: &'static str,
    /// The oldest schema version whose nodes may work on the schema after this step.
    readable_from: i32,
    sql: &'static str,
}

/// Every step, in order. Only ever appended to.
const STEPS: &[Step] = &[
    Step {
        version: 1,
        name: "ledger",
        readable_from: 1,
        sql: include_str!("../migrations/0001_ledger.sql"),
    },
    Step {
        version: 2,
        name: "directory",
        readable_from: 1,
        sql: include_str!("../migrations/0002_directory.sql"),
    },
    Step {
        version: 3,
        name: "audit_subject",
        // A node that does not name what it changes would leave others with what they remember.
        readable_from: 3,
        sql: include_str!("../migrations/0003_audit_subject.sql"),
    },
    Step {
        version: 4,
        name: "retention",
        // Whoever writes need not know of it. Only an older `ledger verify` misses what is gone.
        readable_from: 3,
        sql: include_str!("../migrations/0004_retention.sql"),
    },
    Step {
        version: 5,
        name: "memories",
        // Whoever writes entries need not know of it. Only an older `ledger verify` passes it over.
        readable_from: 3,
        sql: include_str!("../migrations/0005_memories.sql"),
    },
    Step {
        version: 6,
        name: "vectors",
        // A node that does not say that an embedding is replaced would leave its vector behind.
        readable_from: 6,
        sql: include_str!("../migrations/0006_vectors.sql"),
    },
];

/// Serialises migrations; "nova" in ASCII.
const LOCK: i64 = 0x6e6f_7661;

const CREATE: &str = "CREATE TABLE IF NOT EXISTS schema_step (
    version       integer PRIMARY KEY,
    name          text NOT NULL,
    readable_from integer NOT NULL,
    applied_at    timestamptz NOT NULL DEFAULT clock_timestamp()
)";

/// What a migration did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The version that was found; 0 is an empty database.
    pub from: i32,
    /// The version that is there now.
    pub to: i32,
}

/// Brings a database to the schema of this version.
pub async fn migrate(url: &str) -> Result<Migrated, OpenError> {
    let pool = Pool::new(Address::parse(url)?, 1)?;
    let mut client = pool.first().await?;
    let moved = run(&mut client, STEPS).await;
    // It may hold a transaction that failed.
    Pool::discard(client);
    moved
}

async fn run(client: &mut Client, steps: &[Step]) -> Result<Migrated, OpenError> {
    // A step may take as long as it takes.
    client.batch_execute("SET statement_timeout = 0; SET lock_timeout = '60s'").await?;
    let tx = client.transaction().await?;
    tx.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    tx.batch_execute(CREATE).await?;
    let found = tx.query_one(STANDING, &[]).await?;
    let from: i32 = found.get(0);
    check_known(from, found.get(1), steps)?;
    for step in steps.iter().filter(|step| step.version > from) {
        tx.batch_execute(step.sql).await?;
        tx.execute(
            "INSERT INTO schema_step (version, name, readable_from) VALUES ($1, $2, $3)",
            &[&step.version, &step.name, &step.readable_from],
        )
        .await?;
        tracing::info!("schema step {} ({}) applied", step.version, step.name);
    }
    tx.commit().await?;
    Ok(Migrated { from, to: from.max(last(steps)) })
}

/// The version of the schema, and the oldest whose nodes may work on it.
const STANDING: &str = "SELECT coalesce(max(version), 0), coalesce(max(readable_from), 0) \
     FROM schema_step";

/// Whether a node of this version may work on the database.
pub(crate) async fn check(client: &Client) -> Result<(), OpenError> {
    let exists = client.query_one("SELECT to_regclass('schema_step') IS NOT NULL", &[]).await?;
    let (version, readable_from) = if exists.get(0) {
        let found = client.query_one(STANDING, &[]).await?;
        (found.get(0), found.get(1))
    } else {
        (0, 0)
    };
    check_known(version, readable_from, STEPS)?;
    if version < last(STEPS) {
        return Err(OpenError::SchemaOld { found: version, needed: last(STEPS) });
    }
    Ok(())
}

/// As [`check`], but for exactly the schema of this version: whoever fills every table has to know
/// them all.
pub(crate) async fn check_same(client: &Client) -> Result<(), OpenError> {
    check(client).await?;
    let found: i32 = client.query_one(STANDING, &[]).await?.get(0);
    let known = last(STEPS);
    if found != known {
        return Err(OpenError::SchemaUnknown { found, known });
    }
    Ok(())
}

fn check_known(version: i32, readable_from: i32, steps: &[Step]) -> Result<(), OpenError> {
    let known = last(steps);
    if version > known && readable_from > known {
        return Err(OpenError::SchemaUnknown { found: version, known });
    }
    Ok(())
}

fn last(steps: &[Step]) -> i32 {
    steps.last().map_or(0, |step| step.version)
}

impl From<tokio_postgres::Error> for OpenError {
    fn from(error: tokio_postgres::Error) -> OpenError {
        OpenError::Store(failure::told(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_numbered_without_gaps() {
        for (step, version) in STEPS.iter().zip(1..) {
            assert_eq!(step.version, version, "{}", step.name);
            assert!((1..=version).contains(&step.readable_from), "{}", step.name);
        }
    }

    #[test]
    fn a_newer_schema_is_refused_unless_it_says_otherwise() {
        let known = last(STEPS);
        assert!(check_known(known, known, STEPS).is_ok());
        assert!(check_known(known + 1, known, STEPS).is_ok());
        let refused = check_known(known + 2, known + 1, STEPS);
        assert!(matches!(refused, Err(OpenError::SchemaUnknown { .. })));
    }
}
