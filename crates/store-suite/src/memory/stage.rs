//! What a test may see and arrange beside the port.

use super::Memory;
use novacore_access::AuditEntry;
use novacore_store::changes::Outdated;
use std::sync::Arc;
use tokio::sync::{Barrier, broadcast};

/// What a test has arranged, and what was counted for it.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) advances_refused: usize,
    pub(super) touches: usize,
    pub(super) changes_to_refuse: usize,
    /// Whether changes are told of; a store that shares its data may not hear of them.
    pub(super) hears: bool,
    /// How often the nearest memories were found, if they may be.
    pub(super) nearest: Option<usize>,
    gate: Option<Gate>,
}

/// Makes so many readers of sessions wait for each other.
#[derive(Debug)]
struct Gate {
    barrier: Arc<Barrier>,
    awaited: usize,
}

impl Default for Stage {
    fn default() -> Stage {
        Stage {
            advances_refused: 0,
            touches: 0,
            changes_to_refuse: 0,
            hears: true,
            nearest: None,
            gate: None,
        }
    }
}

impl Stage {
    /// What a reader of sessions must wait at, having read.
    pub(super) fn pass_gate(&mut self) -> Option<Arc<Barrier>> {
        let open = self.gate.as_mut().filter(|gate| gate.awaited > 0)?;
        open.awaited -= 1;
        Some(open.barrier.clone())
    }
}

impl Memory {
    /// Refuses commands from now on as a full disk does, or accepts them again.
    pub fn set_writable(&self, writable: bool) {
        self.kept().writable = writable;
    }

    /// Answers the next `count` changes of users as if another had come before.
    pub fn refuse_changes(&self, count: usize) {
        self.kept().stage.changes_to_refuse = count;
    }

    /// Tells of no entry and no change from now on; or tells of them again, and ends all
    /// subscriptions, since some may have been missed.
    pub fn set_hearing(&self, hears: bool) {
        self.kept().stage.hears = hears;
        if hears {
            self.listeners.tell(Outdated::Everything);
            *self.posted() = broadcast::channel(1_024).0;
        }
    }

    /// Lets the next `count` readers of sessions go on only when all have read.
    pub fn gather(&self, count: usize) {
        let barrier = Arc::new(Barrier::new(count));
        self.kept().stage.gate = Some(Gate { barrier, awaited: count });
    }

    /// How many entries there are.
    pub fn entry_count(&self) -> usize {
        self.kept().entries.values().map(Vec::len).sum()
    }

    /// How many users there are.
    pub fn users_count(&self) -> usize {
        self.kept().users.len()
    }

    /// The audit log, oldest first.
    pub fn audited(&self) -> Vec<AuditEntry> {
        self.kept().audit.clone()
    }

    /// How often a session was not advanced because another had come before.
    pub fn advances_refused(&self) -> usize {
        self.kept().stage.advances_refused
    }

    /// Finds nearest memories by itself from now on.
    pub fn find_nearest(&self) {
        self.kept().stage.nearest = Some(0);
    }

    /// How often it did.
    pub fn nearest_found(&self) -> usize {
        self.kept().stage.nearest.unwrap_or_default()
    }

    /// How often the use of a key was noted.
    pub fn touches(&self) -> usize {
        self.kept().stage.touches
    }
}
