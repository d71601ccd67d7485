//! How often memories were read, gathered in memory and noted in the store now and then.
//!
//! Invariant: a read costs no write; what a killed process had not noted yet is lost, and nothing
//! else. Counts are hints for what to recall, not accounts.
//! Invariant: what is gathered is bounded.

use novacore_memory::{Access, Memory};
use novacore_store::memories::{MemoryPlace, NewReads};
use novacore_vocab::{Timestamp, UserId};
use parking_lot::Mutex;
use std::collections::HashMap;

/// Most memories whose reads wait to be noted; reads of further ones are not counted.
const PLACES_MAX: usize = 100_000;

/// Reads that the store does not know of yet.
#[derive(Debug, Default)]
pub(crate) struct Reads(Mutex<HashMap<MemoryPlace, Access>>);

impl Reads {
    /// Counts a read of a memory as it is stored, and shows it with all its reads.
    pub(crate) fn count(&self, user: UserId, memory: Memory, at: Timestamp) -> Memory {
        self.count_shown(user, self.shown(user, memory), at)
    }

    /// Counts a read of a memory that shows those before already.
    pub(crate) fn count_shown(&self, user: UserId, memory: Memory, at: Timestamp) -> Memory {
        let once = Access { count: 1, last_at: Some(at) };
        let place = MemoryPlace { user, id: memory.id };
        self.put_back(vec![NewReads { place, access: once }]);
        Memory { access: memory.access.plus(once), ..memory }
    }

    /// A memory with the reads that wait.
    pub(crate) fn shown(&self, user: UserId, memory: Memory) -> Memory {
        let waiting = self.0.lock().get(&MemoryPlace { user, id: memory.id }).copied();
        let access = waiting.map_or(memory.access, |waiting| memory.access.plus(waiting));
        Memory { access, ..memory }
    }

    /// At most `rows_max` of what waits, to be noted.
    pub(crate) fn take(&self, rows_max: usize) -> Vec<NewReads> {
        let mut waiting = self.0.lock();
        let mut places: Vec<MemoryPlace> = waiting.keys().copied().take(rows_max).collect();
        places.sort();
        let taken = places.into_iter().filter_map(|place| {
            let access = waiting.remove(&place)?;
            Some(NewReads { place, access })
        });
        taken.collect()
    }

    /// Adds reads, or takes back what could not be noted.
    pub(crate) fn put_back(&self, reads: Vec<NewReads>) {
        let mut waiting = self.0.lock();
        for NewReads { place, access } in reads {
            if let Some(known) = waiting.get_mut(&place) {
                *known = known.plus(access);
            } else if waiting.len() < PLACES_MAX {
                waiting.insert(place, access);
            }
        }
    }
}
