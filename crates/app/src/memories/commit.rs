//! A change on its way to the store: read, plan, commit; and again if somebody came between.
//!
//! Under a key three things may be found: it is new, it was used for the same (then nothing changes
//! again), or for something else. That is asked before anything is read, since what is read later
//! may be the work of the first call.
//!
//! Whoever has come too late once waits for his turn: of many who change the same at once, one is
//! let through at a time, and without an order the others would try in vain again and again.
//!
//! Invariant: tries are bounded; each of them reads anew.

use crate::{cx::Cx, error::AppError, submit};
use novacore_ledger::{Command, Expect, Invalid, Outcome, Record, Refusal, Verb};
use novacore_store::{
    error::StoreError,
    memories::{ChangeKey, MemoryWrite, memory_storage},
};
use novacore_vocab::{Amount, IdempotencyKey, Source, UserId};
use tokio::sync::{Mutex, MutexGuard};

/// How often a change is planned again after another came between.
const TRIES_MAX: usize = 128;

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Committed {
    /// It is done.
    Done,
    /// It was done before, under the same key; nothing has changed.
    Replayed,
    /// What it rests on was read too early.
    Stale,
}

/// In so many groups users are put, each of which has one turn at a time.
const GROUPS: usize = 64;

/// Turns of calls that came too late, one after the other.
#[derive(Debug)]
pub(crate) struct Turns(Vec<Mutex<()>>);

impl Default for Turns {
    fn default() -> Turns {
        Turns((0..GROUPS).map(|_| Mutex::default()).collect())
    }
}

impl Turns {
    async fn take(&self, user: UserId) -> MutexGuard<'_, ()> {
        // The end of an id is random.
        let group = usize::from(user.0.as_bytes()[15]) % GROUPS;
        self.0[group].lock().await
    }
}

/// Counts the tries of one call.
#[derive(Debug, Default)]
pub(super) struct Tries<'c> {
    count: usize,
    turn: Option<MutexGuard<'c, ()>>,
}

impl<'c> Tries<'c> {
    /// Another try when it is the call's turn, unless there were too many.
    pub(super) async fn again(&mut self, cx: &'c Cx, user: UserId) -> Result<(), AppError> {
        self.count += 1;
        if self.count >= TRIES_MAX {
            let why = "the memory is changed by too many at once";
            return Err(AppError::Conflict(why.to_owned()));
        }
        if self.turn.is_none() {
            self.turn = Some(cx.memories.turns.take(user).await);
        }
        Ok(())
    }
}

/// Has a write judged and made.
pub(super) async fn commit(
    cx: &Cx,
    user: UserId,
    write: MemoryWrite,
) -> Result<Committed, AppError> {
    let resources = submit::resources(&write.command().verb);
    let outcome = match cx.memories.store.change_memories(user, write).await {
        Err(StoreError::Stale(_)) => return Ok(Committed::Stale),
        other => other,
    };
    let done = submit::judged(cx, user, &resources, outcome)?;
    Ok(if done.replayed { Committed::Replayed } else { Committed::Done })
}

/// A key with what it stands for.
pub(super) fn change_key(
    key: Option<IdempotencyKey>,
    fingerprint: impl FnOnce() -> u128,
) -> Option<ChangeKey> {
    key.map(|key| ChangeKey { key, fingerprint: fingerprint() })
}

/// Whether this was done before under the same key.
pub(super) async fn is_replay(
    cx: &Cx,
    user: UserId,
    key: Option<&ChangeKey>,
) -> Result<bool, AppError> {
    let Some(ChangeKey { key, fingerprint }) = key else { return Ok(false) };
    // A command that is refused if it is judged at all: only what is stored under its key can
    // answer it otherwise.
    let nothing = Record {
        resource: memory_storage(),
        amount: Amount::ZERO,
        source: Source::Api,
        expect: Expect::Fact,
        corrects: None,
        occurred_at: None,
        metadata: None,
    };
    let command =
        Command { key: Some(key.clone()), fingerprint: *fingerprint, verb: Verb::Record(nothing) };
    match cx.ledger.submit(user, command).await? {
        Outcome::Replayed(_) => Ok(true),
        Outcome::Refused(Refusal::Invalid(Invalid::AmountZero)) => Ok(false),
        Outcome::Refused(refusal) => Err(refusal.into()),
        Outcome::Applied(_) => Err(AppError::Internal("an entry of zero was applied".to_owned())),
    }
}
