//! One account as the auditor keeps it. Nothing is ever forgotten: neither old windows nor ended
//! holds nor keys.

use crate::calendar;
use novacore_ledger::{Answer, HoldStatus, LimitName, Profile};
use novacore_vocab::{IdempotencyKey, Window};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What was used and held in one window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) used: i64,
    pub(super) held: i64,
}

/// One resource of a hold.
#[derive(Clone, Debug)]
pub(super) struct HoldPart {
    pub(super) resource: usize,
    pub(super) reserved: i64,
    pub(super) held: i64,
    pub(super) given_back: i64,
    pub(super) charged: i64,
    pub(super) charged_on_expiry: i64,
}

/// A hold.
#[derive(Clone, Debug)]
pub(super) struct HoldBook {
    pub(super) reserved_at: i64,
    pub(super) expires_at: i64,
    pub(super) charges: bool,
    pub(super) status: HoldStatus,
    pub(super) parts: Vec<HoldPart>,
}

impl HoldBook {
    pub(super) fn part(&self, resource: usize) -> Option<&HoldPart> {
        self.parts.iter().find(|part| part.resource == resource)
    }
}

/// What a correction needs to know of an entry.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) resource: usize,
    /// What may be corrected of it.
    pub(super) amount: i64,
    pub(super) counted_at: i64,
    pub(super) occurred_at: i64,
    pub(super) corrected: i64,
}

/// A threshold event, by limit version, cap, window number, percentage and limit.
pub(super) type FiredKey = (u64, i64, i64, u8, LimitName);

/// One account.
#[derive(Debug)]
pub(super) struct Books {
    pub(super) version: u64,
    pub(super) last_at: i64,
    pub(super) profile: Profile,
    /// By resource and window kind, by number of window.
    pub(super) sums: Vec<[BTreeMap<i64, Sum>; Window::ALL.len()]>,
    /// Of a level, by source.
    pub(super) parts: Vec<[i64; 2]>,
    pub(super) holds: BTreeMap<u64, HoldBook>,
    /// The open holds by end.
    pub(super) due: BTreeSet<(i64, u64)>,
    pub(super) keys: HashMap<IdempotencyKey, (u128, Answer)>,
    /// By version, the first at 0.
    pub(super) rows: Vec<Row>,
    /// By resource; of a level until it is armed again.
    pub(super) fired: Vec<BTreeSet<FiredKey>>,
}

impl Books {
    pub(super) fn new(resources: usize, profile: Profile) -> Books {
        Books {
            version: 0,
            last_at: i64::MIN,
            profile,
            sums: (0..resources).map(|_| Default::default()).collect(),
            parts: vec![[0; 2]; resources],
            holds: BTreeMap::new(),
            due: BTreeSet::new(),
            keys: HashMap::new(),
            rows: Vec::new(),
            fired: vec![BTreeSet::new(); resources],
        }
    }

    /// What was used and held in the window around `at`.
    pub(super) fn sum(&self, resource: usize, window: Window, at: i64) -> Sum {
        let number = calendar::number(window, at);
        self.sums[resource][window as usize].get(&number).copied().unwrap_or_default()
    }

    /// Adds a change to every window around `at`.
    pub(super) fn add(&mut self, resource: usize, at: i64, used: i64, held: i64) {
        for window in Window::ALL {
            let number = calendar::number(window, at);
            let sum = self.sums[resource][window as usize].entry(number).or_default();
            sum.used += used;
            sum.held += held;
        }
    }
}
