//! The memories of a batch: what its changes rest on, which are let through to the judgement, and
//! what those that were applied come to.
//!
//! Invariant: whatever the ledger applies can be written: what could fail is looked at before.
//! Invariant: the heads of a batch are chained in the order of its commands, whichever of them were
//! applied.

use super::{Ask, Batch, Results};
use crate::{
    failure,
    memories::{
        row::{read_head, read_revision},
        tables::MemoryTables,
    },
};
use novacore_access::AuditEntry;
use novacore_ledger::Outcome;
use novacore_store::{
    error::StoreError,
    memories::{Claims, Known, MemoryChange, MemoryHead, MemoryWrite},
};
use novacore_vocab::{MemoryId, UserId};
use std::collections::HashMap;
use tokio_postgres::Row;

/// What is stored of the memories that a batch names.
#[derive(Default)]
pub(super) struct LoadedMemories {
    revisions: HashMap<(UserId, MemoryId), Result<u64, StoreError>>,
    heads: HashMap<UserId, Result<MemoryHead, StoreError>>,
}

impl LoadedMemories {
    /// Of the rows of the first flight.
    pub(super) fn of(revisions: &[Row], heads: &[Row]) -> LoadedMemories {
        let revision =
            |row: &Row| ((UserId(row.get(0)), MemoryId(row.get(1))), read_revision(row, 2));
        let head = |row: &Row| (UserId(row.get(0)), read_head(row, 1));
        LoadedMemories {
            revisions: revisions.iter().map(revision).collect(),
            heads: heads.iter().map(head).collect(),
        }
    }

    /// A user who never had a memory has no head.
    fn head(&self, user: UserId) -> Result<MemoryHead, StoreError> {
        self.heads.get(&user).cloned().unwrap_or(Ok(MemoryHead::default()))
    }
}

/// Lets changes through to the judgement, one after the other.
pub(super) struct Entrance<'l> {
    loaded: &'l LoadedMemories,
    claims: Claims,
    /// What would be left of each user's memories if all of the removals went through, and none of
    /// what comes.
    least: HashMap<UserId, MemoryHead>,
}

impl<'l> Entrance<'l> {
    pub(super) fn new(loaded: &'l LoadedMemories) -> Entrance<'l> {
        Entrance { loaded, claims: Claims::default(), least: HashMap::new() }
    }

    /// Lets a change through if everything is as its author read it and it can be written.
    pub(super) fn pass(&mut self, user: UserId, write: &MemoryWrite) -> Result<(), StoreError> {
        let loaded = self.loaded;
        let head = loaded.head(user)?;
        let named = write.changes().iter().map(MemoryChange::id);
        let broken =
            named.filter_map(|id| loaded.revisions.get(&(user, id))?.as_ref().err()).next();
        if let Some(error) = broken {
            return Err(error.clone());
        }
        let revision = |id| loaded.revisions.get(&(user, id))?.as_ref().ok().copied();
        let known = Known { revision: &revision, stm_revision: head.stm_revision };
        self.claims.claim(user, write, known)?;
        let least = self.least.entry(user).or_insert(head);
        let why = "the tallies of a user's memories are less than his rows";
        let left = least.without(write);
        *least = left.ok_or_else(|| failure::damaged("memory_head", why))?;
        Ok(())
    }
}

/// What the applied changes of a batch come to.
#[derive(Default)]
pub(super) struct Shelved {
    /// Of each that was applied: which ask it is, and the number of the user's last row before.
    numbers: Vec<(usize, u64)>,
    /// What the users' memories add up to afterwards.
    heads: HashMap<UserId, MemoryHead>,
}

impl Shelved {
    /// Of the outcomes of a batch.
    pub(super) fn of(
        batch: &Batch,
        results: &Results,
        loaded: &LoadedMemories,
    ) -> Result<Shelved, StoreError> {
        let mut shelved = Shelved::default();
        for (index, (ask, result)) in batch.asks.iter().zip(results).enumerate() {
            if let (Some(write), Ok(Outcome::Applied(_))) = (&ask.write, result) {
                let user = ask.place.user;
                let before = match shelved.heads.get(&user) {
                    Some(head) => *head,
                    None => loaded.head(user)?,
                };
                shelved.numbers.push((index, before.change_no));
                shelved.heads.insert(user, before.after(write)?);
            }
        }
        Ok(shelved)
    }

    /// Whether there is anything to be written.
    pub(super) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// What the audit log is told of them.
    pub(super) fn audits<'b>(&'b self, batch: &'b Batch) -> impl Iterator<Item = &'b AuditEntry> {
        let writes = self.numbers.iter().filter_map(|(index, _)| {
            let ask = batch.asks.get(*index)?;
            ask.write.as_ref()
        });
        writes.filter_map(|write| write.audit())
    }

    /// The rows.
    pub(super) fn tables(&self, batch: &Batch) -> MemoryTables {
        let mut tables = MemoryTables::default();
        for (index, change_no) in &self.numbers {
            if let Some(Ask { place, write: Some(write), .. }) = batch.asks.get(*index) {
                tables.add_write(*place, write, *change_no);
            }
        }
        for place in &batch.places {
            if let Some(head) = self.heads.get(&place.user) {
                tables.add_head(*place, head);
            }
        }
        tables
    }
}
