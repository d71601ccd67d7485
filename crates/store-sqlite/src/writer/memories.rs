//! Memories that change with a batch: what lets a change through to the ledger, and the rows that
//! are written with its entry.
//!
//! A change is looked at before the book judges its command. What could not be written is refused
//! there: it is stale, or its user's head says less than the rows that would go. So once a command
//! is applied its rows can be written, and a head that then does not fit is damage of which nobody
//! knows the extent: it stops the writer as an I/O error does.
//!
//! Invariant: rows are written for commands that this batch has applied, once each, in the
//! transaction of their entries.

use crate::{
    accounts::Slot,
    memories::{self, CHANGE_NO_LET_THROUGH_MAX, Owner},
};
use novacore_ledger::Outcome;
use novacore_store::{
    error::StoreError,
    memories::{Claims, Known, MemoryChange, MemoryHead, MemoryWrite},
};
use novacore_vocab::UserId;
use rusqlite::{Connection, Transaction};
use std::{collections::HashMap, sync::Arc};

/// Bytes of the log that one row of `entry` takes, about.
const ENTRY_BYTES: i64 = 256;
/// Bytes of the log that a change takes besides its texts and vector: pages of table and indexes.
const CHANGE_BYTES: i64 = 4_096;
/// How many bytes of memories weigh as much as a command.
const COMMAND_BYTES: i64 = 16 << 10;

/// A change of memories, and which of a batch's commands it rests on.
#[derive(Debug)]
struct Asked {
    index: usize,
    slot: Arc<Slot>,
    write: Box<MemoryWrite>,
}

/// The changes of memories in a batch.
#[derive(Debug, Default)]
pub(super) struct Changes {
    claims: Claims,
    /// What would be left if all that goes had gone and nothing had come.
    left: HashMap<UserId, MemoryHead>,
    asked: Vec<Asked>,
}

impl Changes {
    /// Lets a change through to be judged as the command with this index, or says why not.
    pub(super) fn let_through(
        &mut self,
        connection: &Connection,
        index: usize,
        slot: &Arc<Slot>,
        write: Box<MemoryWrite>,
    ) -> Result<(), StoreError> {
        let user = slot.account.user;
        let stored = memories::sound_head(connection, slot.user_no)?;
        let revisions = memories::revisions(connection, user, &write).map_err(memories::of_read)?;
        let revision = |id| revisions.get(&id).copied();
        let known = Known { revision: &revision, stm_revision: stored.stm_revision };
        self.claims.claim(user, &write, known)?;
        let left = self.left.entry(user).or_insert(stored);
        *left = least_after(left, &write)?;
        self.asked.push(Asked { index, slot: slot.clone(), write });
        Ok(())
    }

    /// Keeps those whose command was applied.
    pub(super) fn keep_applied(&mut self, results: &super::Results) {
        self.asked.retain(|asked| matches!(results[asked.index], Ok(Outcome::Applied(_))));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    /// Writes the rows of all that were kept.
    pub(super) fn write(&self, tx: &Transaction<'_>) -> rusqlite::Result<()> {
        for Asked { slot, write, .. } in &self.asked {
            let owner = Owner { user: slot.account.user, user_no: slot.user_no };
            memories::apply(tx, owner, write)?;
        }
        Ok(())
    }

    /// What the log grows by, in rows of `entry`.
    pub(super) fn log_rows(&self) -> usize {
        let bytes: i64 = self.asked.iter().map(|asked| log_bytes(&asked.write)).sum();
        usize::try_from(bytes / ENTRY_BYTES).unwrap_or(0)
    }
}

/// The head with what a write takes away and without what it adds, but for the numbers it takes.
fn least_after(head: &MemoryHead, write: &MemoryWrite) -> Result<MemoryHead, StoreError> {
    let left = head.without(write);
    let mut least =
        left.ok_or_else(|| memories::damage("a user's rows are more than his head says"))?;
    let stays = |change: &&MemoryChange| change.after().is_some();
    least.change_no += write.changes().iter().filter(stays).count() as u64;
    if least.change_no > CHANGE_NO_LET_THROUGH_MAX {
        return Err(StoreError::Internal("a user's memories have changed too often".to_owned()));
    }
    Ok(least)
}

fn log_bytes(write: &MemoryWrite) -> i64 {
    let sizes = write.changes().iter().map(|change| {
        let before = change.before().map_or(0, |before| before.size_bytes);
        before + change.after().map_or(0, novacore_memory::Memory::size_bytes)
    });
    sizes.sum::<i64>() + CHANGE_BYTES * write.changes().len() as i64
}

/// How many commands a change weighs as much as, itself included. At most `most`, so that a lane
/// that is empty takes any.
pub(crate) fn weight(write: &MemoryWrite, most: usize) -> usize {
    let extra = usize::try_from(log_bytes(write) / COMMAND_BYTES).unwrap_or(most);
    extra.saturating_add(1).min(most)
}
