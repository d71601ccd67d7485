//! A change on its way to the store: read, plan, commit; and again if somebody came between.
//!
//! Under a key three things may be found: it is new, it was used for the same (then nothing changes
//! again), or for something else. That is asked before anything is read, since what is read later
//! may be the work of the first call.
//!
//! Invariant: tries are bounded; each of them reads anew.

use crate::{cx::Cx, error::AppError, submit};
use novacore_ledger::{Command, Expect, Invalid, Outcome, Record, Refusal, Verb};
use novacore_store::{
    error::StoreError,
    memories::{ChangeKey, MEMORY_STORAGE, MemoryWrite},
};
use novacore_vocab::{Amount, IdempotencyKey, ResourceName, Source, UserId};

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

/// Counts tries.
#[derive(Debug, Default)]
pub(super) struct Tries(usize);

impl Tries {
    /// Another try, unless there were too many.
    pub(super) fn again(&mut self) -> Result<(), AppError> {
        self.0 += 1;
        if self.0 < TRIES_MAX {
            return Ok(());
        }
        Err(AppError::Conflict("the memory is changed by too many at once".to_owned()))
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
        resource: ResourceName::parse(MEMORY_STORAGE).expect("a constant name"),
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
