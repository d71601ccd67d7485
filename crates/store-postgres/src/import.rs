//! Another store's pages into an empty database.
//!
//! Everything is one transaction: an import that ends early, however it ends, leaves the database
//! as empty as it was, and nothing has to be told apart or cleaned up before the next try. Rows go
//! in by COPY, on Citus through the coordinator. Counters, holds, days and corrections are not
//! brought along but counted anew from the entries as they were stored. What memories add up to is
//! brought along, since the numbers of their changes go on from it.
//!
//! Invariant: nothing is committed before every account was recounted from its stored entries, and
//! every user's memories from their stored rows.
//! Invariant: whoever would write meanwhile waits for locks, and finds all of it or nothing.
//! Invariant: one page, or one account's open and expired holds, days and corrections, is in
//! memory, whatever the size of the ledger.
//! Not here: where the pages come from.

mod accounts;
mod copy;
mod entries;
mod memories;
mod people;
mod storable;

use crate::{
    address::Address,
    distribution::Distribution,
    failure,
    ledger::{partitions, policy},
    migrate,
    open::{OpenError, Options, check_server},
    pool::{Client, Pool},
    verify::{VerifyReport, Within, Wrong, verify_all},
};
use novacore_ledger::Policy;
use novacore_store::{
    error::StoreError,
    moving::{Inventory, Page},
};
use novacore_vocab::{ResourceName, ResourceSpec};
use std::sync::Arc;
use thiserror::Error;
use tokio_postgres::error::SqlState;

/// Every table that an import fills, and those that nodes fill.
const TABLES: [&str; 19] = [
    "tier",
    "account_place",
    "users",
    "user_email",
    "user_override",
    "session",
    "api_key",
    "audit",
    "usage_ledger",
    "idempotency",
    "account",
    "hold",
    "ended_hold",
    "correction",
    "usage_day",
    "memory",
    "memory_text",
    "memory_embedding",
    "memory_head",
];
/// What a migrated database has in the other tables.
const UNTOUCHED: &str = "SELECT (SELECT version = 0 AND limit_version = 0 FROM policy) AND \
     (SELECT seq = 0 FROM audit_last) AND NOT EXISTS (SELECT 1 FROM batch_op)";
const SESSION: &str = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0";
/// Partitions are made and copied tables changed beside those that are spread over shards: then one
/// connection to each server does all of it. Means nothing without Citus.
const SEQUENTIAL: &str = "SET LOCAL citus.multi_shard_modify_mode TO 'sequential'";

/// Why an import ended early. Unless the variant says otherwise, nothing was stored.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The database cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The server keeps text in another encoding, into which not all text can be put.
    #[error("the database's encoding is {0}, it must be UTF8")]
    Encoding(String),
    /// Somebody else has the tables.
    #[error("the database is in use: end what works on it, nodes or another import")]
    InUse,
    /// Something is stored already.
    #[error(
        "the database is not empty, {0} has rows: a node has worked on it, or an import; make a \
         new one and run `novacore migrate`"
    )]
    NotEmpty(&'static str),
    /// Entries would be counted as of a kind that nobody knows.
    #[error("there are entries of {0}, which is not configured under [[resources]]")]
    UnknownResource(ResourceName),
    /// PostgreSQL has no such text.
    #[error("{field} of {of} {why}, which PostgreSQL cannot store")]
    Unstorable {
        /// The field.
        field: &'static str,
        /// What it is a field of.
        of: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Some entries or memories did not come.
    #[error("{found} {what} came of {expected}")]
    Incomplete {
        /// What they are.
        what: &'static str,
        /// How many there should be.
        expected: u64,
        /// How many were stored.
        found: u64,
    },
    /// What was stored does not follow from its entries, or memories are not what they should add
    /// up to, or not what is charged for them.
    #[error("what was stored does not verify: {}", .0.join("; "))]
    Wrong(Vec<String>),
    /// The connection broke before the commit was sent.
    #[error("the connection to the database was lost; nothing was stored, import again")]
    Lost,
    /// The connection broke in the commit.
    #[error(
        "the connection to the database was lost in the commit: it is all there or nothing is. \
         Import again: if it is there, that is refused"
    )]
    InDoubt,
}

impl From<tokio_postgres::Error> for ImportError {
    fn from(error: tokio_postgres::Error) -> ImportError {
        if failure::is_disconnect(&error) {
            return ImportError::Lost;
        }
        ImportError::Open(error.into())
    }
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> ImportError {
        match error {
            StoreError::Unavailable => ImportError::Lost,
            _ => ImportError::Open(error.into()),
        }
    }
}

impl From<Wrong> for ImportError {
    fn from(wrong: Wrong) -> ImportError {
        match wrong {
            Wrong::Database(error) => error.into(),
            Wrong::Store(error) => error.into(),
        }
    }
}

/// What an import has stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Tiers.
    pub tiers: u64,
    /// Users.
    pub users: u64,
    /// Overrides.
    pub overrides: u64,
    /// Sessions.
    pub sessions: u64,
    /// API keys.
    pub api_keys: u64,
    /// Entries of the audit log.
    pub audit: u64,
    /// Entries of the ledger.
    pub entries: u64,
    /// Idempotency keys with their answers.
    pub keys: u64,
    /// Accounts: of those who have entries, or have or had memories.
    pub accounts: u64,
    /// Open holds.
    pub open_holds: u64,
    /// Memories.
    pub memories: u64,
    /// Those of them that have an embedding.
    pub embeddings: u64,
}

/// An import under way; dropped before its end it leaves nothing.
pub struct Import {
    client: Client,
    resources: Vec<ResourceSpec>,
    expected: Expected,
    moved: Moved,
}

/// How many there should be.
#[derive(Clone, Copy)]
struct Expected {
    entries: u64,
    memories: u64,
}

impl Import {
    /// Begins on an empty database with exactly this version's schema, locks it, and makes the
    /// ledger's months.
    pub async fn begin(options: &Options, inventory: &Inventory) -> Result<Import, ImportError> {
        let configured =
            |name: &ResourceName| options.resources.iter().any(|spec| spec.name == *name);
        if let Some(unknown) = inventory.resources.iter().find(|name| !configured(name)) {
            return Err(ImportError::UnknownResource(unknown.clone()));
        }
        let address = Address::parse(&options.url).map_err(OpenError::from)?;
        let client = Pool::new(address, 1)?.first().await?;
        check_server(&client).await?;
        check_encoding(&client).await?;
        migrate::check_same(&client).await?;
        client.batch_execute(SESSION).await?;
        client.batch_execute("BEGIN").await?;
        if options.distribution == Distribution::Citus {
            client.batch_execute(SEQUENTIAL).await?;
        }
        lock(&client).await?;
        check_empty(&client).await?;
        // Before any row: on Citus no table may be made once rows were spread.
        for month in &inventory.months {
            partitions::make_locked(&client, *month).await?;
        }
        let resources = options.resources.clone();
        let expected = Expected { entries: inventory.entries, memories: inventory.memories };
        Ok(Import { client, resources, expected, moved: Moved::default() })
    }

    /// Stores a page.
    pub async fn write(&mut self, page: &Page) -> Result<(), ImportError> {
        storable::check(page)?;
        match page {
            Page::Policy(moved) => {
                policy::restore(&self.client, moved).await?;
                self.moved.tiers += moved.tiers.len() as u64;
                Ok(())
            }
            Page::People(people) => {
                people::write(&self.client, people, &mut self.moved).await?;
                memories::write_heads(&self.client, people).await
            }
            Page::Audit(rows) => people::write_audit(&self.client, rows, &mut self.moved).await,
            Page::Entries(rows) => entries::write(&self.client, rows, &mut self.moved).await,
            Page::Memories(rows) => memories::write(&self.client, rows, &mut self.moved).await,
        }
    }

    /// What was stored so far.
    pub fn moved(&self) -> &Moved {
        &self.moved
    }

    /// Derives what follows from the entries, verifies all of it, and commits.
    pub async fn finish(mut self) -> Result<Moved, ImportError> {
        self.check_complete(self.moved.entries, self.moved.memories)?;
        // What follows is asked account by account, and the tables are new to the planner.
        self.client.batch_execute(&format!("ANALYZE {}", TABLES.join(", "))).await?;
        let policy = policy::read(&self.client, &self.resources).await?.policy;
        self.derive(&policy).await?;
        self.moved.accounts += memories::make_accounts(&self.client).await?;
        self.client
            .batch_execute("ANALYZE account, hold, ended_hold, correction, usage_day")
            .await?;
        self.verify(&policy).await?;
        match self.client.batch_execute("COMMIT").await {
            Ok(()) => Ok(self.moved),
            Err(error) if failure::is_disconnect(&error) => Err(ImportError::InDoubt),
            Err(error) => Err(error.into()),
        }
    }

    async fn verify(&self, policy: &Arc<Policy>) -> Result<(), ImportError> {
        let mut report = VerifyReport::default();
        let verified = verify_all(&self.client, policy, Within::Transaction, &mut report).await;
        verified.map_err(|error| match error {
            OpenError::Store(error) => error.into(),
            other => ImportError::Open(other),
        })?;
        if !report.findings.is_empty() {
            return Err(ImportError::Wrong(report.findings));
        }
        self.check_complete(report.entries, report.memories)
    }

    fn check_complete(&self, entries: u64, memories: u64) -> Result<(), ImportError> {
        let counts = [
            ("entries", self.expected.entries, entries),
            ("memories", self.expected.memories, memories),
        ];
        let differs = counts.into_iter().find(|(_, expected, found)| expected != found);
        differs.map_or(Ok(()), |(what, expected, found)| {
            Err(ImportError::Incomplete { what, expected, found })
        })
    }
}

async fn check_encoding(client: &Client) -> Result<(), ImportError> {
    let found: String = client.query_one("SHOW server_encoding", &[]).await?.get(0);
    if found == "UTF8" { Ok(()) } else { Err(ImportError::Encoding(found)) }
}

/// Against whoever writes, or reads in order to write. Other readers see an empty database.
async fn lock(client: &Client) -> Result<(), ImportError> {
    let others = "policy, audit_last, batch_op, first_admin";
    let sql = format!("LOCK TABLE {others}, {} IN EXCLUSIVE MODE", TABLES.join(", "));
    client.batch_execute(&sql).await.map_err(|error| match error.code() {
        Some(&SqlState::LOCK_NOT_AVAILABLE) => ImportError::InUse,
        _ => error.into(),
    })
}

async fn check_empty(client: &Client) -> Result<(), ImportError> {
    for table in TABLES {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {table})");
        if client.query_one(&sql, &[]).await?.get(0) {
            return Err(ImportError::NotEmpty(table));
        }
    }
    if client.query_one(UNTOUCHED, &[]).await?.get(0) {
        Ok(())
    } else {
        Err(ImportError::NotEmpty("policy, audit_last or batch_op"))
    }
}
