//! Data derived from the log: states and keys up to a watermark.
//!
//! Invariant: they belong to the log whose chain they carry; with another log they are worthless.

use super::index::Index;
use crate::{
    disk::{Disk, Frame},
    rules::{Rulebook, index_of, user_at},
};
use novacore_ledger::{AccountState, KeyRecord};
use novacore_vocab::{IdempotencyKey, UserId};
use std::collections::{BTreeSet, HashMap};

type Slot = (UserId, IdempotencyKey);

/// A derived file.
#[derive(Debug)]
pub(super) struct Derived {
    states: Vec<Option<AccountState>>,
    keys: HashMap<Slot, KeyRecord>,
    frames: usize,
    chain: u64,
}

impl Derived {
    pub(super) fn new(users: usize) -> Derived {
        Derived { states: vec![None; users], keys: HashMap::new(), frames: 0, chain: 0 }
    }

    pub(super) fn users(&self) -> usize {
        self.states.len()
    }

    /// The watermark.
    pub(super) fn frames(&self) -> usize {
        self.frames
    }

    pub(super) fn belongs_to(&self, disk: &Disk) -> bool {
        self.frames <= disk.frames().len() && self.chain == disk.chain_at(self.frames)
    }

    pub(super) fn state(&self, user: UserId) -> Option<&AccountState> {
        self.states[index_of(user)].as_ref()
    }

    pub(super) fn key(&self, slot: &Slot) -> Option<&KeyRecord> {
        self.keys.get(slot)
    }

    pub(super) fn keep_key(&mut self, slot: Slot, record: KeyRecord) {
        self.keys.insert(slot, record);
    }

    /// Takes over the log up to `until` frames. Returns the keys that are found here from now on.
    pub(super) fn advance(
        &mut self,
        rulebook: &Rulebook,
        index: &Index,
        frames: &[Frame],
        until: usize,
    ) -> Vec<Slot> {
        let (mut users, mut slots) = (BTreeSet::new(), Vec::new());
        for frame in frames.get(self.frames..until).unwrap_or_default() {
            for posting in frame.postings.iter() {
                users.insert(index_of(posting.user));
                if let Some(record) = &posting.key {
                    let slot = (posting.user, record.key.clone());
                    self.keys.insert(slot.clone(), record.as_ref().clone());
                    slots.push(slot);
                }
            }
            (self.frames, self.chain) = (self.frames + 1, frame.chain);
        }
        for user in users {
            let state = &mut self.states[user];
            let state = state.get_or_insert_with(|| rulebook.fresh_account(user_at(user)));
            index.fold(frames, state, &rulebook.policy, Some(until));
        }
        slots
    }
}
