//! The judgement: the book runs over what was loaded.
//!
//! Invariant: every judgement is the book's; nothing here knows a rule of the ledger.
//! Invariant: a change of memories whose rows are not as they were read is not judged.
//! Invariant: a command that panics fails alone; those beside it are judged as if it were not
//! there.

use super::{
    Ask, Batch, Results,
    load::Loaded,
    memories::{Entrance, Shelved},
};
use novacore_ledger::{AccountState, Outcome, Policy};
use novacore_store::{
    book::{Book, Item, Posting, Ran},
    error::StoreError,
};
use novacore_vocab::{Timestamp, UserId};
use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

/// A judged batch: what is told once it is committed, and what is to be written.
pub(super) struct Judged {
    pub(super) results: Results,
    pub(super) postings: Vec<Posting>,
    pub(super) shelved: Shelved,
    pub(super) policy: Arc<Policy>,
    /// The accounts that change, as they are afterwards.
    pub(super) accounts: HashMap<UserId, Changed>,
    /// The time of the batch.
    pub(super) now: Timestamp,
}

/// An account that changes.
pub(super) struct Changed {
    pub(super) state: AccountState,
    /// No open hold runs out before this.
    pub(super) next_due: Option<Timestamp>,
}

/// Judges the commands of a batch at the time at which it was read.
///
/// Fails if what is stored of memories contradicts itself, so that applied changes cannot be kept.
pub(super) fn judge(batch: &Batch, loaded: &Loaded) -> Result<Judged, StoreError> {
    let now = loaded.clocks.after;
    let mut entrance = Entrance::new(&loaded.memories);
    let mut results: Vec<Option<Result<Outcome, StoreError>>> = Vec::new();
    let mut items = Vec::with_capacity(batch.asks.len());
    for ask in &batch.asks {
        match complete(ask, loaded, &mut entrance) {
            Ok(item) => {
                items.push(item);
                results.push(None);
            }
            Err(error) => results.push(Some(Err(error))),
        }
    }
    let (book, ran, outcomes) = run(loaded, &items, now);
    let mut outcomes = outcomes.into_iter();
    let results = results
        .into_iter()
        .map(|result| result.unwrap_or_else(|| outcomes.next().expect("each item has an outcome")));
    let results: Results = results.collect();
    let shelved = Shelved::of(batch, &results, &loaded.memories)?;
    let accounts = changed(book, &ran.postings, loaded);
    let policy = loaded.policy.policy.clone();
    Ok(Judged { results, postings: ran.postings, shelved, policy, accounts, now })
}

/// A command with what is stored under its key, if its account could be read and its memories are
/// as they were read.
fn complete(ask: &Ask, loaded: &Loaded, entrance: &mut Entrance<'_>) -> Result<Item, StoreError> {
    let user = ask.place.user;
    match loaded.accounts.get(&user) {
        Some(Ok(_)) => {}
        Some(Err(error)) => return Err(error.clone()),
        None => return Err(StoreError::NotFound("user")),
    }
    if let Some(write) = &ask.write {
        entrance.pass(user, write)?;
    }
    let stored = ask.command.key.as_ref().and_then(|key| {
        // The map's key is a pair, so the look-up needs a copy; a key is a counted reference.
        loaded.keys.get(&(user, key.clone()))
    });
    let seen = stored.cloned().transpose()?;
    Ok(Item { user, command: ask.command.clone(), seen })
}

/// Runs the book. If a command panics all are tried singly, and those that are sound run again.
fn run(
    loaded: &Loaded,
    items: &[Item],
    now: Timestamp,
) -> (Book, Ran, Vec<Result<Outcome, StoreError>>) {
    if let Some((book, mut ran)) = try_run(loaded, items, now) {
        let outcomes = std::mem::take(&mut ran.outcomes);
        return (book, ran, outcomes.into_iter().map(Ok).collect());
    }
    tracing::error!("a batch of {} commands panicked; they are tried singly", items.len());
    let is_sound = |item: &Item| try_run(loaded, std::slice::from_ref(item), now).is_some();
    let sound: Vec<bool> = items.iter().map(is_sound).collect();
    let kept = items.iter().zip(&sound).filter(|(_, sound)| **sound).map(|(item, _)| item.clone());
    let kept: Vec<Item> = kept.collect();
    let (book, mut ran) = try_run(loaded, &kept, now).unwrap_or_else(|| {
        tracing::error!("commands panic together but not singly; none is applied");
        (Book::new(loaded.policy.policy.clone()), Ran { outcomes: vec![], postings: vec![] })
    });
    let mut outcomes = std::mem::take(&mut ran.outcomes).into_iter();
    let panicked = || Err(StoreError::Internal("the command panicked".into()));
    let results = sound
        .into_iter()
        .map(|sound| if sound { outcomes.next().map(Ok) } else { None })
        .map(|outcome| outcome.unwrap_or_else(panicked));
    (book, ran, results.collect())
}

fn try_run(loaded: &Loaded, items: &[Item], now: Timestamp) -> Option<(Book, Ran)> {
    let mut book = Book::new(loaded.policy.policy.clone());
    for account in loaded.accounts.values().flatten() {
        book.load(account.state.clone());
    }
    catch_unwind(AssertUnwindSafe(move || {
        let ran = book.run(items, now);
        (book, ran)
    }))
    .ok()
}

fn changed(mut book: Book, postings: &[Posting], loaded: &Loaded) -> HashMap<UserId, Changed> {
    let mut accounts = HashMap::new();
    for posting in postings {
        if let (Some(state), Some(Ok(before))) =
            (book.evict(posting.user), loaded.accounts.get(&posting.user))
        {
            let next_due = [before.unloaded_due, state.next_due()].into_iter().flatten().min();
            accounts.insert(posting.user, Changed { state, next_due });
        }
    }
    accounts
}
