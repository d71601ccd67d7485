//! The simulated store: the real book over the simulated disk.
//!
//! Invariant: after a crash everything is read from the disk again, nothing is remembered.

use crate::{
    bug::Bug,
    disk::{Disk, Frame},
    rules::Rulebook,
};
use novacore_ledger::{
    AccountState, Command, Correctable, EntryKind, KeyRecord, Profile, Verb, decide,
};
use novacore_store::book::{self, Book, Item, Posting, Ran};
use novacore_vocab::{IdempotencyKey, UserId, Version};
use std::collections::BTreeMap;

/// A store process, and its disk, which outlives it.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) disk: Disk,
    pub(crate) book: Book,
    /// Keys kept outside of the commit, by a bug.
    outside: BTreeMap<(UserId, IdempotencyKey), KeyRecord>,
    bug: Option<Bug>,
    restarts: usize,
}

impl Node {
    pub(crate) fn new(rulebook: &Rulebook, bug: Option<Bug>) -> Node {
        let book = fresh_book(rulebook, bug);
        Node { disk: Disk::default(), book, outside: BTreeMap::new(), bug, restarts: 0 }
    }

    /// Starts again from the disk: a torn end is dropped. How many frames are readable.
    pub(crate) fn restart(&mut self, rulebook: &Rulebook) -> usize {
        let mut readable = 0;
        let mut chain = 0;
        for frame in self.disk.frames() {
            if !frame.is_whole(chain) {
                break;
            }
            chain = frame.chain;
            readable += 1;
        }
        self.disk.truncate(readable);
        self.disk.sync();
        self.book = fresh_book(rulebook, self.bug);
        self.restarts += 1;
        readable
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
            let profile = &profiles[crate::rules::index_of(user)];
            self.load(rulebook, profile, user);
            self.load_corrected(user, &command);
            let seen = command.key.as_ref().and_then(|key| self.find_key(user, key));
            items.push(Item { user, command, seen });
        }
        items
    }

    /// An account as the disk has it.
    pub(crate) fn load(&mut self, rulebook: &Rulebook, profile: &Profile, user: UserId) {
        if self.book.state(user).is_some() {
            return;
        }
        let mut state: AccountState = rulebook.fresh_account(user);
        state.profile = profile.clone();
        for posting in self.postings().filter(|posting| posting.user == user) {
            book::apply(&mut state, &rulebook.policy, &posting.entries);
        }
        if self.bug == Some(Bug::CounterNotLoaded) && self.restarts > 0 {
            for kept in state.meters.values_mut().flat_map(|meter| &mut meter.windows) {
                kept.counter.used = 0;
            }
        }
        self.book.load(state);
    }

    fn postings(&self) -> impl Iterator<Item = &Posting> {
        self.disk.frames().iter().flat_map(|frame| frame.postings.iter())
    }

    fn find_key(&self, user: UserId, key: &IdempotencyKey) -> Option<KeyRecord> {
        if let Some(record) = self.outside.get(&(user, key.clone())) {
            return Some(record.clone());
        }
        let mine = self.postings().filter(|posting| posting.user == user);
        mine.filter_map(|posting| posting.key.as_ref()).find(|record| record.key == *key).cloned()
    }

    fn load_corrected(&mut self, user: UserId, command: &Command) {
        let Verb::Record(record) = &command.verb else { return };
        let Some(version) = record.corrects else { return };
        if let (Some(found), Some(state)) =
            (self.correctable(user, version), self.book.state_mut(user))
        {
            state.correctable.entry(version).or_insert(found);
        }
    }

    fn correctable(&self, user: UserId, version: Version) -> Option<Correctable> {
        let entries = || {
            let mine = self.postings().filter(move |posting| posting.user == user);
            mine.flat_map(|posting| &posting.entries)
        };
        let entry = entries().find(|entry| entry.version == version)?;
        let charges =
            matches!(entry.kind, EntryKind::Record | EntryKind::Settle | EntryKind::Expire);
        let corrections = entries().filter(|entry| entry.corrects == Some(version));
        charges.then(|| Correctable {
            resource: entry.resource.clone(),
            amount: entry.amount,
            counted_at: entry.counted_at,
            occurred_at: entry.occurred_at,
            corrected: corrections.map(|entry| -entry.amount).sum(),
        })
    }

    /// Takes keys out of a batch and keeps them elsewhere, at once: the bug.
    pub(crate) fn take_keys_out(&mut self, ran: &mut Ran) {
        if self.bug == Some(Bug::KeyOutsideCommit) {
            for posting in &mut ran.postings {
                if let Some(record) = posting.key.take() {
                    self.outside.insert((posting.user, record.key.clone()), record);
                }
            }
        }
    }

    /// Writes a batch without syncing it.
    pub(crate) fn write(&mut self, ran: &Ran) {
        let frame = Frame::new(self.disk.chain(), ran.postings.clone());
        self.disk.append(frame);
    }
}

fn fresh_book(rulebook: &Rulebook, bug: Option<Bug>) -> Book {
    Book::with_decide(rulebook.policy.clone(), bug.map_or(decide, Bug::decide))
}
