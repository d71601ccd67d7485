//! A store on its way into another: what one hands over, page by page.
//!
//! Invariant: pages come in the order policy, people, audit, entries, memories, so that whatever is
//! named was handed over before; each is bounded in rows, and in bytes where rows are large,
//! whatever the size of the store.
//! Not here: how a store is read or written.

use crate::{
    directory::{AuditRow, Credentials, StoredKey},
    memories::{Embedded, MemoryHead},
};
use novacore_access::Session;
use novacore_ledger::{Entry, KeyRecord, Override, Tier};
use novacore_memory::Memory;
use novacore_vocab::{Account, ResourceName, Timestamp};
use std::collections::BTreeSet;

/// What is known of entries and memories before the first page: whoever takes them prepares for it,
/// or refuses before anything is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// How many entries there are.
    pub entries: u64,
    /// What they are of.
    pub resources: BTreeSet<ResourceName>,
    /// The UTC months in which they count, each by its first instant.
    pub months: BTreeSet<Timestamp>,
    /// How many memories there are.
    pub memories: u64,
}

/// Who rules a tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TierOrigin {
    /// The configuration.
    Config,
    /// An operator, who has edited it.
    Operator,
}

/// All tiers, and the last version that was given to a limit or an override.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedPolicy {
    /// The tiers, every limit with its version.
    pub tiers: Vec<(Tier, TierOrigin)>,
    /// No later limit may have this version or one before.
    pub limit_version: u64,
}

/// A user and all that is his but his entries and the rows of his memories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// He, with the hash of his password.
    pub credentials: Credentials,
    /// Expired ones too.
    pub overrides: Vec<Override>,
    /// Expired ones too.
    pub sessions: Vec<Session>,
    /// With the hashes of their secrets.
    pub keys: Vec<StoredKey>,
    /// What his memories add up to, with the counters of their changes; `None` if he never had one.
    pub memories: Option<MemoryHead>,
}

/// An entry, and on the first one of a command the key that it was sent under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedEntry {
    /// Whose.
    pub account: Account,
    /// The entry.
    pub entry: Entry,
    /// The key, its fingerprint and the first answer.
    pub key: Option<KeyRecord>,
}

/// A memory with all that lies beside it. The number of its last change goes with it, so that who
/// follows the changes goes on where he was.
#[derive(Clone, Debug, PartialEq)]
pub struct MovedMemory {
    /// Whose.
    pub account: Account,
    /// The number of its row's last change.
    pub change_no: u64,
    /// The memory, with its revision and what was noted of its reads; it may have expired.
    pub memory: Memory,
    /// Its embedding as it was stored; `None` while none is computed.
    pub embedded: Option<Embedded>,
}

/// What is handed over at once.
#[derive(Clone, Debug, PartialEq)]
pub enum Page {
    /// The tiers: the first page.
    Policy(MovedPolicy),
    /// Users.
    People(Vec<Person>),
    /// The audit log, the oldest first.
    Audit(Vec<AuditRow>),
    /// Entries; each account's in the order of their versions.
    Entries(Vec<MovedEntry>),
    /// Memories, user by user; each user's in the order of their numbers.
    Memories(Vec<MovedMemory>),
}
