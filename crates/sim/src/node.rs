//! The simulated store: the real book over the simulated disk, and derived data behind a watermark.
//!
//! The log is the only truth. The index by account stands for what a reader finds in it; derived
//! data (states and keys) may lag behind, be lost, or belong to another log, and are then made
//! again.
//!
//! Invariant: after a crash everything is read from the disk again, nothing is remembered.
//! Invariant: an account in memory, derived or not, is the fold of its entries on the disk.

mod derived;
mod index;
mod twin;

use crate::{
    bug::{Bug, Panicked, decide_or_panic},
    disk::{Disk, Frame},
    rules::{Rulebook, index_of},
};
use derived::Derived;
use index::Index;
use novacore_ledger::{AccountState, Command, KeyRecord, Profile, Verb};
use novacore_store::book::{Book, Item, Ran};
use novacore_vocab::{IdempotencyKey, Timestamp, UserId, Version};
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
};

/// How far a clock may lie behind the last committed entry, in seconds.
const BEHIND_S_MAX: i64 = 300;

/// A store process, and its files, which outlive it.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) disk: Disk,
    derived: Derived,
    pub(crate) book: Book,
    index: Index,
    /// Keys kept outside of the commit, by a bug.
    outside: BTreeMap<(UserId, IdempotencyKey), KeyRecord>,
    last_committed: Timestamp,
    bug: Option<Bug>,
    restarts: usize,
}

impl Node {
    pub(crate) fn new(rulebook: &Rulebook, users: usize, bug: Option<Bug>) -> Node {
        Node {
            disk: Disk::default(),
            derived: Derived::new(users),
            book: fresh_book(rulebook, bug),
            index: Index::new(users),
            outside: BTreeMap::new(),
            last_committed: Timestamp::MIN,
            bug,
            restarts: 0,
        }
    }

    /// Whether the clock is so far behind that nothing must be written.
    pub(crate) fn refuses_clock(&self, clock: Timestamp) -> bool {
        clock.plus_seconds(BEHIND_S_MAX) < self.last_committed
    }

    /// Starts again from the disk: a torn end is dropped, what is left is synced before it is
    /// built upon. How many frames are readable.
    pub(crate) fn restart(&mut self, rulebook: &Rulebook) -> usize {
        let (mut readable, mut chain) = (0, 0);
        for frame in self.disk.frames() {
            if !frame.is_whole(chain) && self.bug != Some(Bug::TornTailKept) {
                break;
            }
            chain = frame.chain;
            readable += 1;
        }
        self.disk.truncate(readable);
        if self.bug != Some(Bug::StartWithoutSync) {
            self.disk.sync();
        }
        self.book = fresh_book(rulebook, self.bug);
        self.outside.clear();
        self.restarts += 1;
        if !self.derived.belongs_to(&self.disk) {
            self.lose_derived();
        }
        self.read_log();
        readable
    }

    /// The derived data are gone.
    pub(crate) fn lose_derived(&mut self) {
        self.derived = Derived::new(self.derived.users());
    }

    fn read_log(&mut self) {
        self.index = Index::new(self.derived.users());
        self.last_committed = Timestamp::MIN;
        for number in 0..self.disk.frames().len() {
            self.committed(number);
        }
        for frame in &self.disk.frames()[self.derived.frames()..] {
            for posting in frame.postings.iter() {
                if let (Some(record), false) =
                    (&posting.key, self.bug == Some(Bug::KeysNotReloaded))
                {
                    self.book.remember_key(posting.user, record.clone());
                }
            }
        }
    }

    fn committed(&mut self, number: usize) {
        let frame = &self.disk.frames()[number];
        self.index.add(number, frame);
        let entries = frame.postings.iter().flat_map(|posting| &posting.entries);
        let last = entries.map(|entry| entry.recorded_at).max();
        self.last_committed = self.last_committed.max(last.unwrap_or(Timestamp::MIN));
    }

    /// Completes commands as a store does before it judges them.
    pub(crate) fn items(
        &mut self,
        rulebook: &Rulebook,
        profiles: &[Profile],
        commands: Vec<(UserId, Command)>,
    ) -> Vec<Item> {
        let mut items = Vec::with_capacity(commands.len());
        for (user, command) in commands {
            self.load(rulebook, &profiles[index_of(user)], user);
            self.load_named(user, &command.verb);
            let seen = command.key.as_ref().and_then(|key| self.find_key(user, key));
            items.push(Item { user, command, seen });
        }
        items
    }

    /// An account as the disk has it.
    fn load(&mut self, rulebook: &Rulebook, profile: &Profile, user: UserId) {
        if self.book.state(user).is_some() {
            return;
        }
        let mut state = self.stored(rulebook, user);
        state.profile = profile.clone();
        if self.bug == Some(Bug::CounterNotLoaded) && self.restarts > 0 {
            for kept in state.meters.values_mut().flat_map(|meter| &mut meter.windows) {
                kept.counter.used = 0;
            }
        }
        self.book.load(state);
    }

    /// An account from derived data and the log after them.
    fn stored(&self, rulebook: &Rulebook, user: UserId) -> AccountState {
        let derived = self.derived.state(user).cloned();
        let mut state = derived.unwrap_or_else(|| rulebook.fresh_account(user));
        self.index.fold(self.disk.frames(), &mut state, &rulebook.policy, None);
        state
    }

    /// Whether derived data, the log alone and the memory agree about an account.
    pub(crate) fn agrees(&self, rulebook: &Rulebook, user: UserId) -> bool {
        let from_derived = self.stored(rulebook, user);
        let mut from_log = rulebook.fresh_account(user);
        self.index.fold(self.disk.frames(), &mut from_log, &rulebook.policy, None);
        let mut in_memory = self.book.state(user).cloned();
        if let Some(state) = &mut in_memory {
            state.shed();
            from_log.profile = state.profile.clone();
        }
        let same_log = in_memory.is_none_or(|state| state == from_log);
        from_log.profile = from_derived.profile.clone();
        same_log && from_derived == from_log
    }

    fn find_key(&self, user: UserId, key: &IdempotencyKey) -> Option<KeyRecord> {
        let slot = (user, key.clone());
        self.outside.get(&slot).or_else(|| self.derived.key(&slot)).cloned()
    }

    /// The ended hold and the corrected entry that a command names.
    fn load_named(&mut self, user: UserId, verb: &Verb) {
        let (hold, corrects) = match verb {
            Verb::Record(record) => (None, record.corrects),
            Verb::Settle(settle) => (Some(settle.hold), None),
            Verb::Extend(ask) => (Some(ask.hold), None),
            Verb::Release(hold) => (Some(*hold), None),
            Verb::Reserve(_) | Verb::Sweep => (None, None),
        };
        let Some(state) = self.book.state_mut(user) else { return };
        let frames = self.disk.frames();
        if let Some(version) = hold
            && !state.holds.contains_key(&version)
            && let Some(hold) = self.index.hold(frames, user, version, Version(u64::MAX))
        {
            state.insert_hold(hold);
        }
        if let Some(version) = corrects
            && let Some(found) = self.index.correctable(frames, user, version)
        {
            state.correctable.entry(version).or_insert(found);
        }
    }

    /// Judges a batch; nothing if that panicked.
    pub(crate) fn run(&mut self, items: &[Item], clock: Timestamp) -> Option<Ran> {
        let judge = AssertUnwindSafe(|| match self.bug {
            Some(Bug::CheckThenAct) => twin::run(&mut self.book, items, clock),
            _ => self.book.run(items, clock),
        });
        let mut ran = match catch_unwind(judge) {
            Ok(ran) => ran,
            Err(payload) if payload.is::<Panicked>() => return None,
            Err(payload) => resume_unwind(payload),
        };
        if self.bug == Some(Bug::KeyOutsideCommit) {
            for posting in &mut ran.postings {
                if let Some(record) = posting.key.take() {
                    self.outside
                        .insert((posting.user, record.key.clone()), Arc::unwrap_or_clone(record));
                }
            }
        }
        Some(ran)
    }

    /// Writes a batch without syncing it.
    pub(crate) fn write(&mut self, ran: &Ran) {
        let frame = Frame::new(self.disk.chain(), ran.postings.clone());
        self.disk.append(frame);
    }

    /// The batch in hand is on the disk, or wrote nothing.
    pub(crate) fn accept(&mut self, items: &[Item]) {
        self.book.accept();
        for number in self.index.frames()..self.disk.frames().len() {
            self.committed(number);
        }
        for item in items {
            if let Some(state) = self.book.state_mut(item.user) {
                state.shed();
            }
        }
    }

    /// The batch in hand will not be on the disk.
    pub(crate) fn revert(&mut self) {
        if self.bug == Some(Bug::RevertForgotten) {
            return self.book.accept();
        }
        self.book.revert();
    }

    /// Drops an account from memory.
    pub(crate) fn evict(&mut self, user: UserId) {
        if self.book.state(user).is_some_and(|state| state.open_holds() == 0) {
            self.book.evict(user);
        }
    }

    /// Lets derived data catch up to a number of frames.
    pub(crate) fn derive(&mut self, rulebook: &Rulebook, until: usize) {
        let frames = self.disk.frames();
        let until = until.min(self.index.frames());
        for (user, key) in self.derived.advance(rulebook, &self.index, frames, until) {
            self.book.forget_key(user, &key);
        }
        for (slot, record) in std::mem::take(&mut self.outside) {
            self.derived.keep_key(slot, record);
        }
    }

    /// How many frames are committed.
    pub(crate) fn frames(&self) -> usize {
        self.index.frames()
    }
}

fn fresh_book(rulebook: &Rulebook, bug: Option<Bug>) -> Book {
    Book::with_decide(rulebook.policy.clone(), bug.map_or(decide_or_panic, Bug::decide))
}
