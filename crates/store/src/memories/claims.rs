//! Which rows the writes of one batch have laid hands on.
//!
//! Invariant: of the writes of a batch at most one touches a row, and at most one rests on a user's
//! short-term memory, so what was read before the batch still holds for each that is let through.

use super::MemoryWrite;
use crate::error::StoreError;
use novacore_vocab::{MemoryId, UserId};
use std::collections::HashSet;

/// What a store knows when it looks at a write.
#[derive(Clone, Copy)]
pub struct Known<'k> {
    /// Revisions of the rows that the write names, as they are stored; `None` for one that is not
    /// there.
    pub revision: &'k dyn Fn(MemoryId) -> Option<u64>,
    /// The stored revision of the user's short-term memory.
    pub stm_revision: u64,
}

impl std::fmt::Debug for Known<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Known").field("stm_revision", &self.stm_revision).finish_non_exhaustive()
    }
}

/// The claims of a batch. A write that is let through and then refused by the ledger keeps its
/// claim: whoever comes after it in the same batch only has to try again.
#[derive(Debug, Default)]
pub struct Claims {
    rows: HashSet<(UserId, MemoryId)>,
    stm: HashSet<UserId>,
}

impl Claims {
    /// Lets a write of `user` through if everything is as its author read it.
    ///
    /// Fails with [`StoreError::Stale`] `memory`: he must read again.
    pub fn claim(
        &mut self,
        user: UserId,
        write: &MemoryWrite,
        known: Known<'_>,
    ) -> Result<(), StoreError> {
        let stale = StoreError::Stale("memory");
        let is_current = |change: &super::MemoryChange| {
            let stored = (known.revision)(change.id());
            stored == change.before().map(|before| before.revision)
                && !self.rows.contains(&(user, change.id()))
        };
        if !write.changes().iter().all(is_current) {
            return Err(stale);
        }
        let rests_on_stm = write.stm_revision().is_some();
        if write.stm_revision().is_some_and(|read| read != known.stm_revision)
            || (rests_on_stm && self.stm.contains(&user))
        {
            return Err(stale);
        }
        if write.touches_stm() {
            self.stm.insert(user);
        }
        self.rows.extend(write.changes().iter().map(|change| (user, change.id())));
        Ok(())
    }
}
