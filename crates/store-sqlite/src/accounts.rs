//! The accounts in memory as readers see them: committed, never ahead of the disk.
//!
//! Invariant: an account is in this map exactly while its state is in the writer's book, or on its
//! way there.
//! Invariant: `tail` holds every entry of the account that derived files may not show yet.

use crate::row::{Row, Seq, UserNo};
use novacore_ledger::{AccountState, Entry, Profile};
use novacore_store::ledger::AccountView;
use novacore_vocab::{Account, ResourceKind, Timestamp, UserId, Version};
use parking_lot::{Mutex, RwLock};
use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// An account in memory.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) user_no: UserNo,
    pub(crate) account: Account,
    /// The state as loaded, until the writer takes it over.
    pub(crate) loaded: Mutex<Option<AccountState>>,
    shown: Mutex<Shown>,
    used: AtomicBool,
}

#[derive(Debug)]
struct Shown {
    view: AccountView,
    next_due: Option<Timestamp>,
    tail: VecDeque<(Seq, Arc<Entry>)>,
    last_seq: Seq,
}

/// What a reader gets.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) view: AccountView,
    pub(crate) next_due: Option<Timestamp>,
}

impl Slot {
    pub(crate) fn new(user_no: UserNo, state: AccountState) -> Slot {
        Slot {
            user_no,
            account: state.account,
            shown: Mutex::new(Shown {
                view: AccountView {
                    state: Arc::new(state.counters_only()),
                    open_holds: state.open_holds(),
                },
                next_due: state.next_due(),
                tail: VecDeque::new(),
                last_seq: 0,
            }),
            loaded: Mutex::new(Some(state)),
            used: AtomicBool::new(true),
        }
    }

    /// The committed counters.
    pub(crate) fn seen(&self) -> Seen {
        let shown = self.shown.lock();
        Seen { view: shown.view.clone(), next_due: shown.next_due }
    }

    /// When the next open hold runs out.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.shown.lock().next_due
    }

    /// The entries that derived files may not show yet, oldest first.
    pub(crate) fn tail(&self) -> Vec<(Seq, Arc<Entry>)> {
        self.shown.lock().tail.iter().cloned().collect()
    }

    /// The holds and corrected entries that recent entries concern: derived files do not show them
    /// as they are now. Forgets what they do show.
    pub(crate) fn needed(&self, watermark: Seq) -> BTreeSet<Version> {
        let mut shown = self.shown.lock();
        shown.forget(watermark);
        let entries = shown.tail.iter();
        entries.flat_map(|(_, entry)| entry.hold.into_iter().chain(entry.corrects)).collect()
    }

    /// Shows what was just committed, and forgets what derived files show by now. `state` is the
    /// account after these entries, of which each resource's kind is told.
    pub(crate) fn show<'a>(
        &self,
        state: &AccountState,
        rows: impl Iterator<Item = (&'a Row, ResourceKind)>,
        watermark: Seq,
    ) {
        let mut shown = self.shown.lock();
        let shown = &mut *shown;
        shown.view.open_holds = state.open_holds();
        shown.next_due = state.next_due();
        // Copied only while a reader still looks at the account as it was.
        let seen = Arc::make_mut(&mut shown.view.state);
        for (row, kind) in rows {
            seen.apply_to_counters(&row.entry, kind);
            shown.last_seq = row.seq;
            shown.tail.push_back((row.seq, row.entry.clone()));
        }
        debug_assert_eq!(*seen, state.counters_only(), "readers see what the writer knows");
        shown.forget(watermark);
    }

    /// Shows another tier or other overrides.
    pub(crate) fn show_profile(&self, profile: &Profile) {
        let mut shown = self.shown.lock();
        Arc::make_mut(&mut shown.view.state).profile.clone_from(profile);
    }

    /// Whether derived files show everything, forgetting the tail if so.
    pub(crate) fn is_derived(&self, watermark: Seq) -> bool {
        let mut shown = self.shown.lock();
        let derived = shown.last_seq <= watermark;
        if derived {
            shown.tail.clear();
        }
        derived
    }
}

impl Shown {
    /// Forgets the entries that derived files show.
    fn forget(&mut self, watermark: Seq) {
        while self.tail.front().is_some_and(|(seq, _)| *seq <= watermark) {
            self.tail.pop_front();
        }
    }
}

/// All accounts in memory.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    slots: RwLock<HashMap<UserId, Arc<Slot>>>,
    /// In order of loading, for eviction by second chance.
    queue: Mutex<VecDeque<UserId>>,
    /// Grows with each eviction: what was read before may be older than what was evicted.
    epoch: AtomicU64,
}

impl Accounts {
    pub(crate) fn get(&self, user: UserId) -> Option<Arc<Slot>> {
        let slot = self.slots.read().get(&user).cloned()?;
        slot.used.store(true, Ordering::Relaxed);
        Some(slot)
    }

    /// The account, if it is in memory; if not, whoever is loading it must load it again.
    pub(crate) fn refresh(&self, user: UserId) -> Option<Arc<Slot>> {
        let slots = self.slots.write();
        let slot = slots.get(&user).cloned();
        if slot.is_none() {
            self.epoch.fetch_add(1, Ordering::Release);
        }
        slot
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.read().len()
    }

    /// To be read before an account is loaded, and handed to [`Accounts::insert`].
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Adds a loaded account; the one that is there if another was faster; `None` if it must be
    /// loaded again.
    pub(crate) fn insert(&self, slot: Slot, epoch: u64) -> Option<Arc<Slot>> {
        let mut slots = self.slots.write();
        let user = slot.account.user;
        if let Some(present) = slots.get(&user) {
            return Some(present.clone());
        }
        if self.epoch.load(Ordering::Acquire) != epoch {
            return None;
        }
        let slot = Arc::new(slot);
        slots.insert(user, slot.clone());
        self.queue.lock().push_back(user);
        Some(slot)
    }

    /// Evicts accounts until at most `keep` are left or `tries` were looked at. `may_go` says
    /// whether the writer can do without one.
    pub(crate) fn evict(
        &self,
        keep: usize,
        tries: usize,
        mut may_go: impl FnMut(&Slot) -> bool,
    ) -> Vec<UserId> {
        let mut gone = Vec::new();
        let mut slots = self.slots.write();
        let mut queue = self.queue.lock();
        for _ in 0..tries {
            if slots.len() <= keep {
                break;
            }
            let Some(user) = queue.pop_front() else { break };
            let Some(slot) = slots.get(&user) else { continue };
            let recent = slot.used.swap(false, Ordering::Relaxed);
            // Whoever holds the slot may be about to queue a command for it.
            if recent || Arc::strong_count(slot) > 1 || !may_go(slot) {
                queue.push_back(user);
                continue;
            }
            slots.remove(&user);
            gone.push(user);
        }
        if !gone.is_empty() {
            self.epoch.fetch_add(1, Ordering::Release);
        }
        gone
    }
}
