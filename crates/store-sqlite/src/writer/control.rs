//! Writes of the control plane: users, sessions, keys, tiers, overrides, audit.

use super::{Job, Writer};
use crate::{failure, profile};
use novacore_ledger::Policy;
use novacore_store::{error::StoreError, lane::LaneSender};
use novacore_vocab::UserId;
use rusqlite::{Connection, Transaction};
use std::sync::Arc;
use tokio::sync::oneshot;

/// What a write changes in the writer's memory once it is committed.
#[derive(Clone, Debug)]
pub(crate) enum Touch {
    /// Nothing.
    Nothing,
    /// A user's tier or overrides.
    Profile(UserId),
    /// The policy.
    Policy(Arc<Policy>),
}

/// A write that runs in a savepoint of the batch's transaction.
pub(crate) struct Control {
    write: Write,
}

/// Makes the write, or is told why it may not.
type Write = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Written + Send>;

/// A write that was made but not committed.
pub(crate) struct Written {
    /// What to do to memory once it is; or why it was taken back.
    pub(crate) touch: Result<Touch, StoreError>,
    /// Tells the caller; `Err` if the commit failed.
    pub(crate) tell: Box<dyn FnOnce(Result<(), StoreError>) + Send>,
}

impl Control {
    /// Makes the write, or takes it back if it fails; either way whoever waits is among `written`.
    /// A full disk ends the whole transaction.
    pub(super) fn write(
        self,
        tx: &mut Transaction<'_>,
        written: &mut Vec<Written>,
    ) -> rusqlite::Result<()> {
        let mut savepoint = tx.savepoint()?;
        let made = (self.write)(Ok(&savepoint));
        let is_kept = made.touch.is_ok();
        let is_full = made.touch.as_ref().err() == Some(&StoreError::StorageFull);
        written.push(made);
        if is_full {
            let full = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL);
            return Err(rusqlite::Error::SqliteFailure(full, None));
        }
        if !is_kept {
            savepoint.rollback()?;
        }
        savepoint.commit()
    }

    /// Whoever waits for a write whose transaction has ended before its turn.
    pub(super) fn unwritten(self) -> Written {
        (self.write)(Err(StoreError::Unavailable))
    }

    /// Tells the caller why nothing is written.
    pub(super) fn refuse(self, error: StoreError) {
        let written = (self.write)(Err(error.clone()));
        (written.tell)(Err(error));
    }
}

/// Runs a write on the writer's thread, and answers once it is durable.
pub(crate) async fn control<R: Send + 'static>(
    jobs: &LaneSender<Job>,
    write: impl FnOnce(&Connection) -> Result<(R, Touch), StoreError> + Send + 'static,
) -> Result<R, StoreError> {
    let (reply, result) = oneshot::channel();
    let write = Box::new(move |connection: Result<&Connection, StoreError>| {
        let (touch, value) = match connection.and_then(write) {
            Ok((value, touch)) => (Ok(touch), Ok(value)),
            Err(error) => (Err(error.clone()), Err(error)),
        };
        let tell = Box::new(move |committed: Result<(), StoreError>| {
            // A caller who has gone away needs no answer.
            let _ = reply.send(committed.and(value));
        });
        Written { touch, tell }
    });
    jobs.send(Job::Control(Control { write }))?;
    result.await.map_err(|_| StoreError::Unavailable)?
}

impl Writer {
    /// Brings memory in line with a committed write of the control plane.
    pub(super) fn touch(&mut self, touch: Touch) -> Result<(), StoreError> {
        match touch {
            Touch::Nothing => Ok(()),
            Touch::Policy(policy) => {
                self.setup.shared.policy.store(policy.clone());
                self.book.set_policy(policy);
                Ok(())
            }
            Touch::Profile(user) => self.reload_profile(user),
        }
    }

    fn reload_profile(&mut self, user: UserId) -> Result<(), StoreError> {
        // Whoever loads the account right now may have read its profile before the commit:
        // `refresh` makes him load it again.
        let Some(slot) = self.setup.shared.accounts.refresh(user) else { return Ok(()) };
        let found = profile::find(&self.setup.connection, user).map_err(failure::of_read)?;
        let Some((_, _, profile)) = found else { return Ok(()) };
        self.take_over(&slot);
        slot.show_profile(&profile);
        if let Some(state) = self.book.state_mut(user) {
            state.profile = profile;
        }
        Ok(())
    }
}
