//! What follows a batch: derived files are fed, memory is kept bounded, the disk is watched.

use super::{Fatal, Writer};
use crate::{accounts::Slot, journal::Prepared, profile, row::Seq};
use novacore_ledger::{AccountState, Entry, Profile};
use novacore_store::{book, error::StoreError};
use std::sync::Arc;

/// How often the free space is looked at, in batches; at once after the disk was full.
const DISK_LOOK_BATCHES: u64 = 64;
/// How many keys may be dropped from memory after a batch, at least; twice as many as it added if
/// that is more, so that they never pile up.
const KEYS_DROPPED_MIN: usize = 1_024;
/// How many keys may be dropped in a second in which nothing else happens.
const KEYS_DROPPED_WHEN_IDLE: usize = 16_384;
/// How many accounts may be looked at for eviction after a batch.
const EVICTION_TRIES: usize = 1_024;

impl Writer {
    /// Hands a committed batch on. Blocks while derived files lag too far behind: that is the
    /// back-pressure.
    pub(super) fn settle_down(&mut self, prepared: Prepared) -> Result<(), Fatal> {
        let known = self.recent_keys.len();
        let fresh = prepared.keys().map(|(seq, user, key)| (seq, user, key.clone()));
        self.recent_keys.extend(fresh);
        let fresh = self.recent_keys.len() - known;
        let fed = self.setup.shared.derived.feed(prepared.batch);
        fed.map_err(|error| Fatal(format!("derived files cannot be kept: {error}")))?;
        self.drop_keys(KEYS_DROPPED_MIN.max(2 * fresh));
        let keep = self.setup.accounts_max;
        if self.setup.shared.accounts.len() > keep {
            self.evict(keep);
        }
        Ok(())
    }

    /// Counts what the log grew by, in rows of `entry`, towards the next checkpoint.
    pub(super) fn note_written(&mut self, log_rows: usize) -> Result<(), Fatal> {
        self.checkpointer.note_rows(&self.setup.connection, log_rows).map_err(Fatal)
    }

    /// Drops keys from memory that look-ups find by now. Look-ups learn of many at a time, which
    /// are dropped bit by bit: nobody shall wait for all of them.
    fn drop_keys(&mut self, at_most: usize) {
        let covered = self.setup.shared.derived.keys_covered_through();
        for _ in 0..at_most {
            match self.recent_keys.pop_front_if(|(seq, _, _)| *seq <= covered) {
                Some((seq, user, key)) => {
                    self.book.forget_key(user, &key);
                    self.keys_dropped_through = seq;
                }
                None => {
                    self.keys_dropped_through = covered;
                    break;
                }
            }
        }
    }

    fn evict(&mut self, keep: usize) {
        let shared = &self.setup.shared;
        let watermark = shared.derived.watermark();
        let book = &self.book;
        let may_go = |slot: &Slot| {
            let idle = book.state(slot.account.user).is_none_or(|state| state.open_holds() == 0);
            idle && slot.seen().view.open_holds == 0 && slot.is_derived(watermark)
        };
        for user in shared.accounts.evict(keep, EVICTION_TRIES, may_go) {
            self.book.evict(user);
        }
    }

    /// Once a second: forget ended holds and corrected entries that derived files show by now.
    pub(super) fn tidy_up(&mut self) {
        let watermark = self.setup.shared.derived.watermark();
        self.drop_keys(KEYS_DROPPED_WHEN_IDLE);
        for user in std::mem::take(&mut self.cluttered) {
            let Some(slot) = self.setup.shared.accounts.get(user) else { continue };
            if let Some(state) = self.book.state_mut(user) {
                state.shed_but(&slot.needed(watermark));
            }
            if !slot.is_derived(watermark) {
                self.cluttered.insert(user);
            }
        }
    }

    /// Loads an account as it is stored: what derived files show, and the tail that they do not
    /// show yet.
    pub(super) fn reload(&mut self, slot: &Slot) -> Result<(), Fatal> {
        let fatal = |error: String| Fatal(format!("an account cannot be loaded again: {error}"));
        let user = slot.account.user;
        let found = profile::find(&self.setup.connection, user);
        let found = found.map_err(|error| fatal(error.to_string()))?;
        let (_, _, profile) = found.ok_or_else(|| fatal("its user is gone".into()))?;
        // The tail is read first: what leaves it meanwhile has reached the derived files.
        let tail = slot.tail();
        let mut state = loop {
            let loaded = self.load_with_holds(slot, profile.clone(), &tail);
            if let Some(state) = loaded.map_err(|error| fatal(error.to_string()))? {
                break state;
            }
        };
        for (_, entry) in tail {
            if entry.version > state.version {
                state.apply(&entry, book::kind_of(self.book.policy(), &entry.resource));
            }
        }
        self.cluttered.insert(user);
        self.book.load(state);
        Ok(())
    }

    /// An account with every hold that the tail concerns, all as of one watermark; `None` if it
    /// moved meanwhile.
    fn load_with_holds(
        &self,
        slot: &Slot,
        profile: Profile,
        tail: &[(Seq, Arc<Entry>)],
    ) -> Result<Option<AccountState>, StoreError> {
        let derived = &self.setup.shared.derived;
        let (mut state, watermark) = derived.load_account(slot.user_no, slot.account, profile)?;
        for version in tail.iter().filter_map(|(_, entry)| entry.hold) {
            if state.holds.contains_key(&version) {
                continue;
            }
            let (hold, seen) = derived.load_hold(slot.user_no, version)?;
            if seen != watermark {
                return Ok(None);
            }
            if let Some(hold) = hold {
                state.insert_hold(hold);
            }
        }
        Ok(Some(state))
    }

    pub(super) fn note_full(&mut self) {
        self.disk_full = true;
    }

    /// Whether there is too little space to go on; looked at now and then, and always after it was
    /// so.
    pub(super) fn disk_is_full(&mut self) -> bool {
        if self.setup.shared.derived.is_full() {
            return true;
        }
        if !self.disk_full && !self.batches.is_multiple_of(DISK_LOOK_BATCHES) {
            return false;
        }
        let free = rustix::fs::statvfs(&self.setup.ledger_path)
            .map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
        // A file system that cannot say is not full; SQLite will tell.
        self.disk_full = free.is_ok_and(|bytes| bytes < self.setup.free_bytes_min);
        self.disk_full
    }
}
