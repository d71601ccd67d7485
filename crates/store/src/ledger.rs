//! The port of the ledger: commands in, outcomes out, and everything that readers ask.
//!
//! Invariant: an outcome is told only after what it says is durable.
//! Invariant: a read that starts after an acknowledgement sees what was acknowledged; no read sees
//! what is not durable.
//! Not here: who may ask.

use crate::error::StoreError;
use async_trait::async_trait;
use novacore_access::AuditEntry;
use novacore_ledger::{
    AccountState, Command, Entry, EntryKind, Hold, LimitName, Outcome, Override, Policy, Tier,
};
use novacore_vocab::{Account, HoldId, ResourceName, Timestamp, UserId, Version};
use std::sync::Arc;
use tokio::sync::broadcast;

/// Most entries of a page.
pub const ENTRY_PAGE_ROWS_MAX: usize = 500;
/// Most commands that one call may submit.
pub const SUBMIT_COMMANDS_MAX: usize = 1_000;
/// Most days of a series.
pub const SERIES_DAYS_MAX: i64 = 400;

/// An account's counters as last committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountView {
    /// The state without its holds. Every hold that had run out when it was read is swept.
    pub state: Arc<AccountState>,
    /// How many holds are open.
    pub open_holds: usize,
}

/// Which entries to list: one account's, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryQuery {
    /// Whose.
    pub user: UserId,
    /// Only those of this resource.
    pub resource: Option<ResourceName>,
    /// Only those of these kinds; empty is all.
    pub kinds: Vec<EntryKind>,
    /// Only those recorded at this time or later.
    pub from: Option<Timestamp>,
    /// Only those recorded before this time.
    pub until: Option<Timestamp>,
    /// Only those below this version: the last one of the page before.
    pub before: Option<Version>,
    /// Only those above this version: what a stream has sent already.
    pub after: Option<Version>,
    /// How many rows, at most [`ENTRY_PAGE_ROWS_MAX`].
    pub rows_max: usize,
}

impl EntryQuery {
    /// The newest entries of a user.
    pub fn newest(user: UserId, rows_max: usize) -> EntryQuery {
        EntryQuery {
            user,
            resource: None,
            kinds: Vec::new(),
            from: None,
            until: None,
            before: None,
            after: None,
            rows_max,
        }
    }

    /// Whether an entry is asked for.
    pub fn matches(&self, entry: &Entry) -> bool {
        self.resource.as_ref().is_none_or(|resource| *resource == entry.resource)
            && (self.kinds.is_empty() || self.kinds.contains(&entry.kind))
            && self.from.is_none_or(|from| from <= entry.recorded_at)
            && self.until.is_none_or(|until| entry.recorded_at < until)
            && self.before.is_none_or(|before| entry.version < before)
            && self.after.is_none_or(|after| entry.version > after)
    }
}

/// What one UTC day adds up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayAmount {
    /// Days since 1970-01-01.
    pub day: i64,
    /// For a flow the sum of what occurred that day; for a level what was held at its end.
    pub amount: i64,
}

/// A stretch of whole UTC days, both ends included, at most [`SERIES_DAYS_MAX`] long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayRange {
    /// The first day since 1970-01-01.
    pub first: i64,
    /// The last day.
    pub last: i64,
}

impl DayRange {
    /// The last `days` days up to and including that of `now`.
    pub fn last_days(days: i64, now: Timestamp) -> DayRange {
        let last = now.day_number();
        DayRange { first: last - days + 1, last }
    }
}

/// How much a user used of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserAmount {
    /// The user.
    pub user: UserId,
    /// The sum of a flow over the range, or what is held of a level now.
    pub amount: i64,
}

/// How much all users together used of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceUse {
    /// The resource.
    pub resource: ResourceName,
    /// The sum of a flow over the range, or what is held of a level now.
    pub amount: i64,
    /// How many users have used it in the range, or hold some of a level now.
    pub users: u64,
    /// Those who used most, first.
    pub top: Vec<UserAmount>,
}

/// What all users together used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totals {
    /// When it was counted: where that takes long, some minutes ago.
    pub counted_at: Timestamp,
    /// How many users have used a flow in the range, or moved a level.
    pub active_users: u64,
    /// One for each resource, by name.
    pub resources: Vec<ResourceUse>,
}

/// What all users together used of a resource on one UTC day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayUse {
    /// Days since 1970-01-01.
    pub day: i64,
    /// For a flow the sum of what occurred that day; for a level what all held at its end.
    pub amount: i64,
    /// How many users have used it that day; of a level, how many held some at its end.
    pub users: u64,
}

/// What all users together used of a resource, day by day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// When it was counted: where that takes long, some minutes ago.
    pub counted_at: Timestamp,
    /// One for every day of the range, ascending.
    pub days: Vec<DayUse>,
}

/// Entries that were just committed for one account, in order.
#[derive(Clone, Debug)]
pub struct Posted {
    /// Whose.
    pub account: Account,
    /// The entries.
    pub entries: Arc<[Entry]>,
}

/// How a store is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreHealth {
    /// Whether commands are accepted.
    pub writable: bool,
    /// Why not, in words for an operator.
    pub why: Option<String>,
    /// Commands that wait.
    pub queue_depth: usize,
    /// Entries that derived data lag behind.
    pub derived_lag: u64,
    /// Accounts in memory.
    pub accounts_loaded: usize,
    /// Entries ever written; where nodes share a ledger, by this one since it started.
    pub entries: u64,
}

/// The results of so many commands at once, if they are too many for one call.
pub fn refuse_too_many(commands: usize) -> Option<Vec<Result<Outcome, StoreError>>> {
    (commands > SUBMIT_COMMANDS_MAX).then(|| vec![Err(StoreError::Overloaded); commands])
}

/// The ledger.
#[async_trait]
pub trait Ledger: Send + Sync + std::fmt::Debug {
    /// Judges a command and makes it durable.
    ///
    /// Fails with [`StoreError::NotFound`] if there is no such user.
    async fn submit(&self, user: UserId, command: Command) -> Result<Outcome, StoreError>;

    /// As [`Ledger::submit`] for many at once; results in the commands' order. Each succeeds or
    /// fails for itself, but for more than [`SUBMIT_COMMANDS_MAX`], which are
    /// [`StoreError::Overloaded`] every one.
    async fn submit_all(
        &self,
        commands: Vec<(UserId, Command)>,
    ) -> Vec<Result<Outcome, StoreError>>;

    /// An account's counters.
    ///
    /// Fails with [`StoreError::NotFound`] if there is no such user.
    async fn account(&self, user: UserId) -> Result<AccountView, StoreError>;

    /// A hold, open or ended.
    async fn hold(&self, id: HoldId) -> Result<Option<Hold>, StoreError>;

    /// Entries, the newest first; with `after`, those just above it, the oldest first.
    async fn entries(&self, query: &EntryQuery) -> Result<Vec<Entry>, StoreError>;

    /// One row for every day of the range, ascending.
    async fn days(
        &self,
        user: UserId,
        resource: &ResourceName,
        range: DayRange,
    ) -> Result<Vec<DayAmount>, StoreError>;

    /// What all users used of each resource, with the `top` users of each. It says when that was
    /// counted, which is now unless the users are many.
    async fn totals(&self, range: DayRange, top: usize) -> Result<Totals, StoreError>;

    /// What all users together used of a resource on each day of the range: each is the sum of the
    /// users' [`Ledger::days`]. It says when that was counted, which is now unless the users are
    /// many.
    async fn series(&self, resource: &ResourceName, range: DayRange) -> Result<Series, StoreError>;

    /// A user's entries as they are committed, by whichever node; perhaps also those of others.
    /// An entry may be posted twice, or after a later one: versions tell, and who sees a gap reads
    /// it with [`Ledger::entries`], as does a receiver that lags. One that is closed while the
    /// store is there subscribes again first.
    fn subscribe(&self, user: UserId) -> broadcast::Receiver<Posted>;

    /// The policy in force.
    fn policy(&self) -> Arc<Policy>;

    /// Adds or replaces a tier, with the audit entry; in force from the next batch on. `version` of
    /// each limit is set by the store: kept where the limit is unchanged, else larger than every
    /// version before.
    async fn put_tier(&self, tier: Tier, audit: &AuditEntry) -> Result<Arc<Policy>, StoreError>;

    /// Sets a user's override, replacing one of the same limit; its `version` is set by the store.
    async fn put_override(
        &self,
        user: UserId,
        value: Override,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Removes a user's override.
    ///
    /// Fails with [`StoreError::NotFound`] if there is none.
    async fn remove_override(
        &self,
        user: UserId,
        resource: &ResourceName,
        limit: Option<&LimitName>,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// How the store is doing.
    fn health(&self) -> StoreHealth;
}
