//! A batch: commands judged in order against the accounts in memory, and what must be written for
//! it.
//!
//! The book is the memory of one writer. It runs ahead of the log by the batch in hand: what
//! [`Book::run`] returns must be committed before an outcome is told to anyone. Then the batch is
//! accepted ([`Book::accept`]), or taken back ([`Book::revert`]) and the touched accounts loaded
//! again as they are stored.
//!
//! Invariant: within a batch commands that make room go first, then the others in order of arrival.
//! Invariant: a key is remembered with the command's entries, in the same batch or not at all.

use novacore_ledger::{
    AccountState, Command, Decided, Entry, KeyRecord, Outcome, Policy, decide, expire_next,
};
use novacore_vocab::{IdempotencyKey, ResourceKind, ResourceName, Timestamp, UserId};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// A command on its way through a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Whose account.
    pub user: UserId,
    /// What is asked.
    pub command: Command,
    /// What is stored under the command's key, as far as the book does not know it itself.
    pub seen: Option<KeyRecord>,
}

/// What one command wrote: its entries in order, and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Whose account.
    pub user: UserId,
    /// The entries, at least one.
    pub entries: Vec<Entry>,
    /// The key to store with the first of them.
    pub key: Option<Arc<KeyRecord>>,
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// One outcome per item, in the items' order.
    pub outcomes: Vec<Outcome>,
    /// What must be written, in this order, in one commit.
    pub postings: Vec<Posting>,
}

/// How a command is judged: [`decide()`], or a broken variant by which a test shows that it would
/// notice.
pub type Decide = fn(&AccountState, &Policy, &Command, Option<&KeyRecord>, Timestamp) -> Decided;

/// The accounts and recent keys in a writer's memory.
#[derive(Debug)]
pub struct Book {
    policy: Arc<Policy>,
    states: HashMap<UserId, AccountState>,
    keys: HashMap<(UserId, IdempotencyKey), Arc<KeyRecord>>,
    /// Keys of the batch in hand.
    fresh_keys: HashMap<(UserId, IdempotencyKey), Arc<KeyRecord>>,
    /// Accounts that the batch in hand has changed.
    touched: BTreeSet<UserId>,
    decide: Decide,
}

impl Book {
    /// An empty book under a policy.
    pub fn new(policy: Arc<Policy>) -> Book {
        Book::with_decide(policy, decide)
    }

    /// A book that judges by another function than [`decide()`]: for tests of tests.
    pub fn with_decide(policy: Arc<Policy>, decide: Decide) -> Book {
        Book {
            policy,
            states: HashMap::new(),
            keys: HashMap::new(),
            fresh_keys: HashMap::new(),
            touched: BTreeSet::new(),
            decide,
        }
    }

    /// The policy in force.
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// Puts another policy in force, for the next batch on.
    pub fn set_policy(&mut self, policy: Arc<Policy>) {
        self.policy = policy;
    }

    /// The state of a loaded account.
    pub fn state(&self, user: UserId) -> Option<&AccountState> {
        self.states.get(&user)
    }

    /// The state of a loaded account, to insert loaded holds or change its profile.
    pub fn state_mut(&mut self, user: UserId) -> Option<&mut AccountState> {
        self.states.get_mut(&user)
    }

    /// Takes over a loaded account, unless it is here already: what is in memory is never older
    /// than what is stored.
    pub fn load(&mut self, state: AccountState) {
        self.states.entry(state.account.user).or_insert(state);
    }

    /// Drops an account from memory.
    pub fn evict(&mut self, user: UserId) -> Option<AccountState> {
        self.states.remove(&user)
    }

    /// How many accounts are loaded.
    pub fn accounts(&self) -> usize {
        self.states.len()
    }

    /// Remembers a key that is stored but not yet found by look-ups.
    pub fn remember_key(&mut self, user: UserId, record: Arc<KeyRecord>) {
        self.keys.insert((user, record.key.clone()), record);
    }

    /// Forgets a key that look-ups find by now.
    pub fn forget_key(&mut self, user: UserId, key: &IdempotencyKey) {
        self.keys.remove(&(user, key.clone()));
    }

    /// What is remembered of a key.
    pub fn key(&self, user: UserId, key: &IdempotencyKey) -> Option<&Arc<KeyRecord>> {
        self.keys.get(&(user, key.clone()))
    }

    /// Judges a batch at `clock` and applies it in memory. Every account must be loaded, with the
    /// holds and corrected entries that its commands name.
    ///
    /// # Panics
    /// If an account is not loaded, or the batch before was neither accepted nor taken back.
    pub fn run(&mut self, items: &[Item], clock: Timestamp) -> Ran {
        assert!(self.touched.is_empty(), "the batch before is still in hand");
        let mut outcomes = vec![None; items.len()];
        let mut postings = Vec::new();
        let order = |frees| {
            items.iter().enumerate().filter(move |(_, item)| item.command.verb.frees() == frees)
        };
        for (index, item) in order(true).chain(order(false)) {
            outcomes[index] = Some(self.run_one(item, clock, &mut postings));
        }
        let outcomes = outcomes.into_iter().map(|outcome| outcome.expect("each ran")).collect();
        Ran { outcomes, postings }
    }

    fn run_one(&mut self, item: &Item, clock: Timestamp, postings: &mut Vec<Posting>) -> Outcome {
        let user = item.user;
        let state = self.states.get_mut(&user).expect("the account was loaded");
        let now = state.last_at.max(clock);
        let policy = &self.policy;
        loop {
            let entries = expire_next(state, policy, now);
            if entries.is_empty() {
                break;
            }
            self.touched.insert(user);
            apply(state, policy, &entries);
            postings.push(Posting { user, entries, key: None });
        }
        let slot = item.command.key.clone().map(|key| (user, key));
        let known = slot.as_ref().and_then(|slot| {
            self.fresh_keys.get(slot).or_else(|| self.keys.get(slot)).map(Arc::as_ref)
        });
        let seen = known.or(item.seen.as_ref());
        let decided = (self.decide)(state, policy, &item.command, seen, now);
        if !decided.entries.is_empty() {
            self.touched.insert(user);
            apply(state, policy, &decided.entries);
            let key = decided.key.map(Arc::new);
            if let (Some(slot), Some(record)) = (slot, &key) {
                self.fresh_keys.insert(slot, record.clone());
            }
            postings.push(Posting { user, entries: decided.entries, key });
        }
        decided.outcome
    }

    /// The batch in hand was committed.
    pub fn accept(&mut self) {
        self.touched.clear();
        self.keys.extend(self.fresh_keys.drain());
    }

    /// Takes the batch in hand back: it was not committed. The accounts that it changed are
    /// dropped, and must be loaded again as they are stored.
    pub fn revert(&mut self) -> BTreeSet<UserId> {
        self.fresh_keys.clear();
        let touched = std::mem::take(&mut self.touched);
        for user in &touched {
            self.states.remove(user);
        }
        touched
    }
}

/// Applies entries to a state, each with the kind of its resource.
pub fn apply(state: &mut AccountState, policy: &Policy, entries: &[Entry]) {
    for entry in entries {
        state.apply(entry, kind_of(policy, &entry.resource));
    }
}

/// The kind of a resource. One that is no longer configured keeps its entries; they fold like those
/// of a flow.
pub fn kind_of(policy: &Policy, resource: &ResourceName) -> ResourceKind {
    policy.resource(resource).map_or(ResourceKind::Flow, |spec| spec.kind)
}
