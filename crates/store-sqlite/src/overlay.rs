//! Acknowledged entries that derived files do not show yet, laid over what they show.
//!
//! Invariant: the tail is taken before the derived files are read, so that together they miss
//! nothing; what both show counts once.

use crate::{profile, row::Seq};
use novacore_ledger::{AccountState, Entry, Hold};
use novacore_store::ledger::{DayAmount, EntryQuery};
use novacore_vocab::{ResourceKind, Timestamp, Version};
use std::sync::Arc;

type Tail = [(Seq, Arc<Entry>)];

/// A hold as it stands after the tail; `stored` shows it up to `watermark`.
pub(crate) fn hold(
    stored: Option<Hold>,
    watermark: Seq,
    version: Version,
    tail: &Tail,
) -> Option<Hold> {
    let mut state = AccountState::new(profile::nobody(0), profile::of_nobody());
    if let Some(hold) = stored {
        state.insert_hold(hold);
    }
    for (seq, entry) in tail {
        if *seq > watermark && entry.hold == Some(version) {
            state.apply_to_hold(entry);
        }
    }
    state.holds.remove(&version)
}

/// A page of entries: those of the tail that derived files did not show, then what they showed.
pub(crate) fn entries(stored: Vec<Entry>, tail: &Tail, query: &EntryQuery) -> Vec<Entry> {
    let mut page = stored;
    let shown: std::collections::BTreeSet<Version> =
        page.iter().map(|entry| entry.version).collect();
    let missing = tail.iter().map(|(_, entry)| entry.as_ref());
    let missing = missing.filter(|entry| query.matches(entry) && !shown.contains(&entry.version));
    page.extend(missing.cloned());
    match query.after {
        Some(_) => page.sort_by_key(|entry| entry.version),
        None => page.sort_by_key(|entry| std::cmp::Reverse(entry.version)),
    }
    page.truncate(query.rows_max);
    page
}

/// A series with the tail's entries of the resource added: a flow on the day it occurred, a level
/// from the day it was written on.
pub(crate) fn days<'a>(
    mut stored: Vec<DayAmount>,
    kind: ResourceKind,
    tail: impl Iterator<Item = &'a Arc<Entry>>,
) -> Vec<DayAmount> {
    for entry in tail {
        let day = |at: Timestamp| at.day_number();
        for row in &mut stored {
            let counts = match kind {
                ResourceKind::Flow => row.day == day(entry.occurred_at),
                ResourceKind::Level => row.day >= day(entry.recorded_at),
            };
            if counts {
                row.amount += entry.amount;
            }
        }
    }
    stored
}
