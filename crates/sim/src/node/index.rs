//! The log by account: what a reader finds in it without knowing where it lies.
//!
//! Invariant: it says nothing that is not on the disk.

use crate::{disk::Frame, rules::index_of};
use novacore_ledger::{AccountState, Correctable, Entry, EntryKind, Hold, Policy, Profile};
use novacore_store::book;
use novacore_vocab::{Account, TierName, UserId, Version};
use std::{collections::BTreeMap, slice};

#[derive(Clone, Copy, Debug)]
struct Place {
    frame: usize,
    posting: usize,
    entry: usize,
}

#[derive(Debug, Default)]
struct Rows {
    /// By version, the first at 0.
    places: Vec<Place>,
    /// The entries of each hold.
    holds: BTreeMap<Version, Vec<Version>>,
    /// What corrections took from an entry.
    corrected: BTreeMap<Version, i64>,
}

/// The index.
#[derive(Debug)]
pub(super) struct Index {
    accounts: Vec<Rows>,
    frames: usize,
}

impl Index {
    pub(super) fn new(users: usize) -> Index {
        Index { accounts: (0..users).map(|_| Rows::default()).collect(), frames: 0 }
    }

    /// How many frames are in it.
    pub(super) fn frames(&self) -> usize {
        self.frames
    }

    pub(super) fn add(&mut self, number: usize, frame: &Frame) {
        self.frames = number + 1;
        for (posting, posted) in frame.postings.iter().enumerate() {
            let rows = &mut self.accounts[index_of(posted.user)];
            for (index, entry) in posted.entries.iter().enumerate() {
                rows.places.push(Place { frame: number, posting, entry: index });
                if let Some(hold) = entry.hold {
                    rows.holds.entry(hold).or_default().push(entry.version);
                }
                if let Some(version) = entry.corrects {
                    *rows.corrected.entry(version).or_default() -= entry.amount;
                }
            }
        }
    }

    fn entry<'a>(&self, frames: &'a [Frame], user: UserId, version: Version) -> Option<&'a Entry> {
        let index = usize::try_from(version.0.checked_sub(1)?).ok()?;
        let place = self.accounts[index_of(user)].places.get(index)?;
        frames[place.frame].postings[place.posting].entries.get(place.entry)
    }

    /// A hold as it stood before an entry.
    pub(super) fn hold(
        &self,
        frames: &[Frame],
        user: UserId,
        version: Version,
        before: Version,
    ) -> Option<Hold> {
        let rows = self.accounts[index_of(user)].holds.get(&version)?;
        let nobody = TierName::parse("none").expect("a valid name");
        let profile = Profile { tier: nobody, overrides: Vec::new() };
        let mut scratch = AccountState::new(Account::personal(user), profile);
        for row in rows.iter().filter(|row| **row < before) {
            scratch.apply_to_hold(self.entry(frames, user, *row)?);
        }
        scratch.holds.remove(&version)
    }

    pub(super) fn correctable(
        &self,
        frames: &[Frame],
        user: UserId,
        version: Version,
    ) -> Option<Correctable> {
        let found = Correctable::of(self.entry(frames, user, version)?)?;
        let corrected = self.accounts[index_of(user)].corrected.get(&version);
        Some(Correctable { corrected: corrected.copied().unwrap_or(0), ..found })
    }

    /// Brings a state up to date with the log, or with its first `until` frames.
    pub(super) fn fold(
        &self,
        frames: &[Frame],
        state: &mut AccountState,
        policy: &Policy,
        until: Option<usize>,
    ) {
        let user = state.account.user;
        let until = until.unwrap_or(usize::MAX);
        let places = &self.accounts[index_of(user)].places;
        let from = usize::try_from(state.version.0).expect("a version that is in memory");
        for place in places[from..].iter().take_while(|place| place.frame < until) {
            let entry = &frames[place.frame].postings[place.posting].entries[place.entry];
            if let Some(version) = entry.hold
                && entry.kind != EntryKind::Reserve
                && !state.holds.contains_key(&version)
            {
                let hold = self.hold(frames, user, version, entry.version);
                state.insert_hold(hold.expect("its reserve is in the log before it"));
            }
            book::apply(state, policy, slice::from_ref(entry));
        }
        state.shed();
    }
}
