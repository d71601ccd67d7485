//! What a user's memories add up to.
//!
//! Invariant: the tallies equal a count of the rows, since each write moves them by what it changes
//! in the same commit; `verify` counts anew.
//! Invariant: the bytes of the charged terms together are the part of `memory_storage` whose source
//! is memory.

use super::{MemoryChange, MemoryWrite, Trace};
use crate::error::StoreError;
use novacore_memory::Term;

/// What the memories of a user in one term add up to, those that have expired and are not swept
/// among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Tally {
    /// How many.
    pub rows: i64,
    /// What they count, in bytes.
    pub size_bytes: i64,
    /// UTF-8 bytes of their inputs and outputs.
    pub text_bytes: i64,
}

/// What is kept per user about his memories, beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct MemoryHead {
    /// By term, in the order of [`Term::ALL`].
    pub tallies: [Tally; 3],
    /// Counts the writes that touched short-term memory.
    pub stm_revision: u64,
    /// The number of the last row that was written; each row that is stored, replaced or embedded
    /// gets the next one.
    pub change_no: u64,
    /// Counts the writes that removed rows. Who keeps a copy knows by it that some have gone.
    pub removals: u64,
}

impl MemoryHead {
    /// What the memories of a term add up to.
    pub const fn tally(&self, term: Term) -> Tally {
        self.tallies[term as usize]
    }

    /// What counts against the user's `memory_storage`.
    pub fn charged_bytes(&self) -> i64 {
        let charged = Term::ALL.into_iter().filter(|term| term.is_charged());
        charged.map(|term| self.tally(term).size_bytes).sum()
    }

    /// How many memories there are.
    pub fn rows(&self) -> i64 {
        self.tallies.iter().map(|tally| tally.rows).sum()
    }

    /// What is left once all that `write` takes away has gone and nothing of it has come; `None` if
    /// that is more than there was. If it is possible, so is whatever comes of this write together
    /// with others that were looked at like this one after the other, applied or not.
    pub fn without(&self, write: &MemoryWrite) -> Option<MemoryHead> {
        let mut left = *self;
        for before in write.changes().iter().filter_map(MemoryChange::before) {
            left.add(&before, -1);
        }
        left.is_possible().then_some(left)
    }

    /// This once `write` is committed. The rows that it stores or replaces have the numbers from
    /// `change_no + 1` on, in the order of its changes.
    ///
    /// Fails with [`StoreError::Damaged`] if more would go than was there.
    pub fn after(&self, write: &MemoryWrite) -> Result<MemoryHead, StoreError> {
        let mut after = *self;
        let mut removes = false;
        for change in write.changes() {
            if let Some(before) = change.before() {
                after.add(&before, -1);
            }
            match change.after() {
                Some(memory) => {
                    after.add(&Trace::of(memory), 1);
                    after.change_no += 1;
                }
                None => removes = true,
            }
        }
        after.stm_revision += u64::from(write.touches_stm());
        after.removals += u64::from(removes);
        if after.is_possible() {
            Ok(after)
        } else {
            let why = "the tallies of a user's memories are less than his rows".to_owned();
            Err(StoreError::Damaged { file: "memory".to_owned(), why })
        }
    }

    /// Whether a count could have said so.
    fn is_possible(&self) -> bool {
        let parts = |tally: &Tally| [tally.rows, tally.size_bytes, tally.text_bytes];
        self.tallies.iter().flat_map(parts).all(|part| part >= 0)
    }

    /// Adds a row to the tallies, or takes it away with -1.
    pub fn add(&mut self, row: &Trace, times: i64) {
        let tally = &mut self.tallies[row.term as usize];
        tally.rows += times;
        tally.size_bytes += times * row.size_bytes;
        tally.text_bytes += times * row.text_bytes;
    }
}
