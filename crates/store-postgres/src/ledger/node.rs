//! What the parts of a node share.
//!
//! Invariant: nothing here is needed by another node.

use super::{audience::Audience, place::Places, policy::Versioned};
use crate::{directory::Hearing, distribution::Distribution, pool::Pool};
use arc_swap::ArcSwap;
use novacore_store::{
    changes::{Listeners, Outdated},
    clock::Clock,
    error::StoreError,
    observe::Observer,
};
use novacore_vocab::{ResourceSpec, Timestamp};
use parking_lot::RwLock;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use uuid::Uuid;

/// A node.
#[derive(Debug)]
pub(crate) struct Node {
    /// Told apart from other nodes by this.
    pub(crate) id: Uuid,
    pub(crate) pool: Pool,
    /// The lanes' own connections, so that no number of readers keeps a batch waiting.
    pub(crate) writers: Pool,
    pub(crate) distribution: Distribution,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) clock_offset_max: Option<Duration>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) resources: Vec<ResourceSpec>,
    pub(crate) policy: ArcSwap<Versioned>,
    pub(crate) places: Places,
    pub(crate) audience: Audience,
    /// Who remembers users and keys.
    pub(crate) listeners: Listeners,
    pub(crate) hearing: Hearing,
    /// Entries that this node has written: those of all are in the sum over nodes, and would take a
    /// walk through every account.
    pub(crate) entries: AtomicU64,
    pub(super) trouble: RwLock<Option<StoreError>>,
    /// Whether the database keeps embeddings as vectors of pgvector too.
    pub(crate) vectors: AtomicBool,
}

impl Node {
    /// Takes over a policy unless a newer one is known, and tells of it if it is new.
    pub(crate) fn take_policy(&self, read: Versioned) -> Arc<Versioned> {
        let read = Arc::new(read);
        let before = self
            .policy
            .rcu(|known| if known.version > read.version { known.clone() } else { read.clone() });
        if before.version < read.version {
            self.listeners.tell(Outdated::Tiers);
        }
        read
    }

    pub(crate) fn count_entries(&self, more: u64) {
        self.entries.fetch_add(more, Ordering::AcqRel);
    }

    /// Notes whether writes are possible, and says so when that changes.
    pub(crate) fn note_trouble(&self, trouble: Option<StoreError>) {
        if *self.trouble.read() == trouble {
            return;
        }
        let mut known = self.trouble.write();
        if *known != trouble {
            match &trouble {
                Some(error) => tracing::error!("writes are refused: {error}"),
                None => tracing::info!("writes are accepted again"),
            }
            *known = trouble;
        }
    }

    /// Notes an error of a batch, if it says something about the next one too.
    pub(crate) fn note_failure(&self, error: &StoreError) {
        match error {
            StoreError::StorageFull | StoreError::ClockBehind | StoreError::Unavailable => {
                self.note_trouble(Some(error.clone()));
            }
            StoreError::Overloaded
            | StoreError::Taken { .. }
            | StoreError::NotFound(_)
            | StoreError::Stale(_)
            | StoreError::Damaged { .. }
            | StoreError::Internal(_) => {}
        }
    }

    pub(crate) fn trouble(&self) -> Option<StoreError> {
        self.trouble.read().clone()
    }

    /// Compares this machine's clock with the database's, which was read between two readings of
    /// ours.
    pub(crate) fn check_clock(&self, reading: ClockReading) -> Result<(), StoreError> {
        reading.check(self.clock_offset_max)
    }
}

/// The database's clock between two readings of ours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClockReading {
    pub(crate) before: Timestamp,
    pub(crate) database: Timestamp,
    pub(crate) after: Timestamp,
}

impl ClockReading {
    /// Refuses a clock that is certainly further off than that.
    pub(crate) fn check(self, offset_max: Option<Duration>) -> Result<(), StoreError> {
        match offset_max {
            Some(offset_max) if self.offset_micros() > offset_max.as_micros() => {
                Err(StoreError::ClockBehind)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// How far the clocks are apart at least.
    fn offset_micros(self) -> u128 {
        let ahead = self.before.micros() - self.database.micros();
        let behind = self.database.micros() - self.after.micros();
        u128::try_from(ahead.max(behind)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_offset_that_is_certain_counts() {
        let reading = |before, database, after| {
            let at = Timestamp::from_millis;
            ClockReading { before: at(before), database: at(database), after: at(after) }
        };
        for (reading, micros) in [
            (reading(1_000, 1_000, 1_000), 0),
            (reading(1_000, 1_900, 2_000), 0),
            (reading(1_000, 2_251, 2_000), 251_000),
            (reading(1_000, 749, 2_000), 251_000),
        ] {
            assert_eq!(reading.offset_micros(), micros, "{reading:?}");
        }
    }
}
