//! A store in memory: the reference for every other one, and the double for tests of what stands on
//! a store.
//!
//! It is the port written down as plainly as possible: one lock, entries in a list per account,
//! nothing derived.
//! Invariant: every judgement is the book's; nothing here knows a rule of the ledger.
//! Not here: durability.

mod directory;
mod memories;
mod reports;
mod stage;

use async_trait::async_trait;
use memories::Shelf;
use novacore_access::{AuditEntry, Session, User};
use novacore_ledger::{
    AccountState, Command, Correctable, Entry, Hold, LimitName, Outcome, Override, Policy, Profile,
    Tier, Verb,
};
use novacore_store::{
    book::{Book, Item},
    changes::{Listeners, Outdated},
    clock::Clock,
    directory::{Credentials, StoredKey},
    error::StoreError,
    ledger::{
        AccountView, DayAmount, DayRange, ENTRY_PAGE_ROWS_MAX, EntryQuery, Ledger, Posted, Series,
        StoreHealth, Totals, refuse_too_many,
    },
};
use novacore_vocab::{Account, HoldId, KeyId, ResourceName, SessionId, Timestamp, UserId};
use stage::Stage;
use std::{
    collections::{BTreeMap, HashMap},
    convert::Infallible,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicI64, Ordering},
    },
};
use tokio::sync::broadcast;

/// A clock that a test moves by hand.
#[derive(Debug)]
pub struct HandClock(AtomicI64);

impl HandClock {
    /// A clock that shows `at`.
    pub fn at(at: Timestamp) -> HandClock {
        HandClock(AtomicI64::new(at.micros()))
    }

    /// Shows `at` from now on.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.micros(), Ordering::SeqCst);
    }

    /// Moves on by `seconds`.
    pub fn advance_s(&self, seconds: i64) {
        self.set(self.now().plus_seconds(seconds));
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// The store.
#[derive(Debug)]
pub struct Memory {
    clock: Arc<dyn Clock>,
    kept: Mutex<Kept>,
    posted: Mutex<broadcast::Sender<Posted>>,
    listeners: Listeners,
}

#[derive(Debug)]
struct Kept {
    book: Book,
    entries: HashMap<UserId, Vec<Entry>>,
    users: BTreeMap<UserId, Credentials>,
    overrides: HashMap<UserId, Vec<Override>>,
    sessions: HashMap<(Account, SessionId), Session>,
    keys: HashMap<(Account, KeyId), (u64, StoredKey)>,
    audit: Vec<AuditEntry>,
    shelves: HashMap<UserId, Shelf>,
    /// The last version given to a limit or an override.
    limit_version: u64,
    keys_made: u64,
    writable: bool,
    stage: Stage,
}

impl Memory {
    /// An empty store under the built-in policy.
    pub fn new(clock: Arc<dyn Clock>) -> Memory {
        Memory::with_policy(clock, Policy::builtin())
    }

    /// An empty store under a policy.
    pub fn with_policy(clock: Arc<dyn Clock>, policy: Policy) -> Memory {
        let versions = policy.tiers().into_iter().flat_map(|tier| tier.limits.values().flatten());
        let limit_version = versions.map(|limit| limit.version).max().unwrap_or(0);
        let kept = Kept {
            book: Book::new(Arc::new(policy)),
            entries: HashMap::new(),
            users: BTreeMap::new(),
            overrides: HashMap::new(),
            sessions: HashMap::new(),
            keys: HashMap::new(),
            audit: Vec::new(),
            shelves: HashMap::new(),
            limit_version,
            keys_made: 0,
            writable: true,
            stage: Stage::default(),
        };
        Memory {
            clock,
            kept: Mutex::new(kept),
            posted: Mutex::new(broadcast::channel(1_024).0),
            listeners: Listeners::default(),
        }
    }

    /// Stores a user as he is, without password.
    pub fn insert_user(&self, user: User) {
        let id = user.id;
        self.kept().users.insert(id, Credentials { user, password: None });
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("no test goes on after a panic in the store")
    }

    fn posted(&self) -> MutexGuard<'_, broadcast::Sender<Posted>> {
        self.posted.lock().expect("no test goes on after a panic in the store")
    }

    fn run(&self, user: UserId, command: Command) -> Result<Outcome, StoreError> {
        self.run_on(&mut self.kept(), user, command)
    }

    fn run_on(
        &self,
        kept: &mut Kept,
        user: UserId,
        command: Command,
    ) -> Result<Outcome, StoreError> {
        let account = kept.load(user)?;
        if !kept.writable {
            return Err(StoreError::StorageFull);
        }
        kept.load_corrected(user, &command);
        let ran = kept.book.run(&[Item { user, command, seen: None }], self.clock.now());
        kept.book.accept();
        for posting in ran.postings {
            kept.entries.entry(user).or_default().extend(posting.entries.iter().cloned());
            // Without receivers there is nobody to tell.
            let posted = Posted { account, entries: posting.entries.into() };
            if kept.stage.hears {
                let _ = self.posted().send(posted);
            }
        }
        Ok(ran.outcomes.into_iter().next().expect("one item has one outcome"))
    }

    fn sweep(&self, user: UserId) -> Result<(), StoreError> {
        let sweep = Command { key: None, fingerprint: 0, verb: Verb::Sweep };
        match self.run(user, sweep) {
            Ok(_) | Err(StoreError::StorageFull) => Ok(()),
            Err(other) => Err(other),
        }
    }
}

impl Kept {
    /// Loads an account into the book.
    fn load(&mut self, user: UserId) -> Result<Account, StoreError> {
        let known = self.users.get(&user).ok_or(StoreError::NotFound("user"))?;
        let account = known.user.account();
        if self.book.state(user).is_none() {
            let overrides = self.overrides.get(&user).cloned().unwrap_or_default();
            let profile = Profile { tier: known.user.tier.clone(), overrides };
            self.book.load(AccountState::new(account, profile));
        }
        Ok(account)
    }

    /// Loads the entry that a command corrects.
    fn load_corrected(&mut self, user: UserId, command: &Command) {
        let Verb::Record(record) = &command.verb else { return };
        let Some(version) = record.corrects else { return };
        let entries = self.entries.get(&user).map_or(&[][..], Vec::as_slice);
        let Some(found) = entries.iter().find(|entry| entry.version == version) else { return };
        let corrections = entries.iter().filter(|entry| entry.corrects == Some(version));
        let corrected = corrections.map(|entry| -entry.amount).sum();
        if let Some(found) = Correctable::of(found) {
            let state = self.book.state_mut(user).expect("just loaded");
            state.correctable.insert(version, Correctable { corrected, ..found });
        }
    }

    fn next_limit_version(&mut self) -> u64 {
        self.limit_version += 1;
        self.limit_version
    }

    /// The tier with the versions of its limits: kept where a limit is unchanged, else new.
    fn with_versions(&mut self, tier: Tier) -> Tier {
        let policy = self.book.policy().clone();
        let before = policy.tier(&tier.name);
        let Ok(tier) =
            tier.with_versions(before, || Ok::<_, Infallible>(self.next_limit_version()));
        tier
    }

    /// Puts the stored overrides of a user in force.
    fn enforce_overrides(&mut self, user: UserId) {
        let overrides = self.overrides.get(&user).cloned().unwrap_or_default();
        if let Some(state) = self.book.state_mut(user) {
            state.profile.overrides = overrides;
        }
    }
}

#[async_trait]
impl Ledger for Memory {
    async fn submit(&self, user: UserId, command: Command) -> Result<Outcome, StoreError> {
        self.run(user, command)
    }

    async fn submit_all(
        &self,
        commands: Vec<(UserId, Command)>,
    ) -> Vec<Result<Outcome, StoreError>> {
        if let Some(refused) = refuse_too_many(commands.len()) {
            return refused;
        }
        commands.into_iter().map(|(user, command)| self.run(user, command)).collect()
    }

    async fn account(&self, user: UserId) -> Result<AccountView, StoreError> {
        self.sweep(user)?;
        let kept = self.kept();
        let state = kept.book.state(user).expect("the sweep has loaded it");
        Ok(AccountView { open_holds: state.open_holds(), state: Arc::new(state.counters_only()) })
    }

    async fn hold(&self, id: HoldId) -> Result<Option<Hold>, StoreError> {
        match self.sweep(id.user) {
            Err(StoreError::NotFound(_)) => return Ok(None),
            other => other?,
        }
        let kept = self.kept();
        let state = kept.book.state(id.user);
        Ok(state.and_then(|state| state.holds.get(&id.version)).cloned())
    }

    async fn entries(&self, query: &EntryQuery) -> Result<Vec<Entry>, StoreError> {
        let mut kept = self.kept();
        kept.load(query.user)?;
        let all = kept.entries.get(&query.user).map_or(&[][..], Vec::as_slice);
        let matching = all.iter().filter(|entry| query.matches(entry)).cloned();
        let rows_max = query.rows_max.min(ENTRY_PAGE_ROWS_MAX);
        Ok(match query.after {
            Some(_) => matching.take(rows_max).collect(),
            None => matching.rev().take(rows_max).collect(),
        })
    }

    async fn days(
        &self,
        user: UserId,
        resource: &ResourceName,
        range: DayRange,
    ) -> Result<Vec<DayAmount>, StoreError> {
        let kept = self.kept();
        let entries = kept.entries.get(&user).map_or(&[][..], Vec::as_slice);
        Ok(reports::days(entries, kept.book.policy(), resource, range))
    }

    async fn totals(&self, range: DayRange, top: usize) -> Result<Totals, StoreError> {
        let kept = self.kept();
        let (entries, policy) = (&kept.entries, kept.book.policy());
        let resources = reports::totals(entries, policy, range, top);
        let active_users = reports::active_users(entries, policy, range);
        Ok(Totals { counted_at: self.clock.now(), active_users, resources })
    }

    async fn series(&self, resource: &ResourceName, range: DayRange) -> Result<Series, StoreError> {
        let kept = self.kept();
        let days = reports::series(&kept.entries, kept.book.policy(), resource, range);
        Ok(Series { counted_at: self.clock.now(), days })
    }

    fn subscribe(&self, _user: UserId) -> broadcast::Receiver<Posted> {
        self.posted().subscribe()
    }

    fn policy(&self) -> Arc<Policy> {
        self.kept().book.policy().clone()
    }

    async fn put_tier(&self, tier: Tier, audit: &AuditEntry) -> Result<Arc<Policy>, StoreError> {
        let mut kept = self.kept();
        let tier = kept.with_versions(tier);
        let policy = kept.book.policy().with_tier(tier);
        let policy = Arc::new(policy.map_err(|error| StoreError::Internal(error.to_string()))?);
        kept.book.set_policy(policy.clone());
        kept.audit.push(audit.clone());
        self.tell(&kept, Outdated::Tiers);
        Ok(policy)
    }

    async fn put_override(
        &self,
        user: UserId,
        value: Override,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut kept = self.kept();
        kept.load(user)?;
        let version = kept.next_limit_version();
        let own = kept.overrides.entry(user).or_default();
        own.retain(|old| (&old.resource, &old.limit) != (&value.resource, &value.limit));
        own.push(Override { version, ..value });
        kept.enforce_overrides(user);
        kept.audit.push(audit.clone());
        self.tell(&kept, Outdated::User(user));
        Ok(())
    }

    async fn remove_override(
        &self,
        user: UserId,
        resource: &ResourceName,
        limit: Option<&LimitName>,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut kept = self.kept();
        let own = kept.overrides.entry(user).or_default();
        let before = own.len();
        own.retain(|old| (&old.resource, old.limit.as_ref()) != (resource, limit));
        if own.len() == before {
            return Err(StoreError::NotFound("override"));
        }
        kept.enforce_overrides(user);
        kept.audit.push(audit.clone());
        self.tell(&kept, Outdated::User(user));
        Ok(())
    }

    fn health(&self) -> StoreHealth {
        let kept = self.kept();
        StoreHealth {
            writable: kept.writable,
            why: (!kept.writable).then(|| "the disk is full".to_owned()),
            queue_depth: 0,
            derived_lag: 0,
            accounts_loaded: kept.book.accounts(),
            entries: kept.entries.values().map(|all| all.len() as u64).sum(),
        }
    }
}
