//! What a command needs to know and the book does not: ended holds, entries to correct, keys that
//! slipped through.
//!
//! Invariant: the book forgets an ended hold or a corrected entry only once derived files show the
//! account whole; so what is not in memory is complete there.

use super::{Ask, Writer};
use crate::{accounts::Slot, keys};
use novacore_ledger::{AccountState, Correctable, Verb};
use novacore_store::{book::Item, error::StoreError};
use novacore_vocab::Version;

impl Writer {
    /// Puts the account of a slot into the book, if it is not there.
    pub(super) fn take_over(&mut self, slot: &Slot) {
        if let Some(state) = slot.loaded.lock().take() {
            self.book.load(state);
        }
    }

    /// Completes a command with all that its judgement needs.
    pub(super) fn complete(&mut self, ask: Ask) -> Result<Item, StoreError> {
        let Ask { slot, command, mut seen, keys_through, memories: _ } = ask;
        self.take_over(&slot);
        let user = slot.account.user;
        self.provide(&slot, &command.verb)?;
        if let Some(key) = &command.key {
            let slipped = seen.is_none() && keys_through < self.keys_dropped_through;
            if slipped && self.book.key(user, key).is_none() {
                seen = keys::find(
                    &self.setup.shared.derived,
                    &self.setup.connection,
                    slot.user_no,
                    user,
                    key,
                )?;
            }
        }
        Ok(Item { user, command, seen })
    }

    /// Loads the hold or the entry that a command names, if it is not in memory.
    pub(super) fn provide(&mut self, slot: &Slot, verb: &Verb) -> Result<(), StoreError> {
        match verb {
            Verb::Settle(settle) => self.need_hold(slot, settle.hold),
            Verb::Extend(extend) => self.need_hold(slot, extend.hold),
            Verb::Release(version) => self.need_hold(slot, *version),
            Verb::Record(record) => match record.corrects {
                Some(version) => self.need_correctable(slot, version),
                None => Ok(()),
            },
            Verb::Reserve(_) | Verb::Sweep => Ok(()),
        }
    }

    fn state(&self, slot: &Slot) -> Result<&AccountState, StoreError> {
        let state = self.book.state(slot.account.user);
        state.ok_or_else(|| StoreError::Internal("an account in use was evicted".into()))
    }

    fn need_hold(&mut self, slot: &Slot, version: Version) -> Result<(), StoreError> {
        let state = self.state(slot)?;
        if version > state.version || state.holds.contains_key(&version) {
            return Ok(());
        }
        let (found, _) = self.setup.shared.derived.load_hold(slot.user_no, version)?;
        if let (Some(hold), Some(state)) = (found, self.book.state_mut(slot.account.user)) {
            state.insert_hold(hold);
        }
        Ok(())
    }

    fn need_correctable(&mut self, slot: &Slot, version: Version) -> Result<(), StoreError> {
        let state = self.state(slot)?;
        if version > state.version || state.correctable.contains_key(&version) {
            return Ok(());
        }
        // The tail is read first: what leaves it meanwhile has reached the derived files.
        let tail = slot.tail();
        let recent = tail.iter().find(|(_, entry)| entry.version == version);
        let (found, shown_through) = match recent {
            Some((_, entry)) => (Correctable::of(entry), 0),
            None => self.setup.shared.derived.load_correctable(slot.user_no, version)?,
        };
        let found = found.map(|mut found| {
            let later = tail.iter().filter(|(seq, _)| *seq > shown_through);
            let later = later.filter(|(_, entry)| entry.corrects == Some(version));
            found.corrected -= later.map(|(_, entry)| entry.amount).sum::<i64>();
            found
        });
        if let (Some(found), Some(state)) = (found, self.book.state_mut(slot.account.user)) {
            state.correctable.insert(version, found);
        }
        Ok(())
    }
}
