//! An account's state: the fold of its entries.
//!
//! Invariant: versions are gapless and times monotonic; [`AccountState::apply`] panics rather than
//! break that.
//! Invariant: `held` of every counter is the sum of the open holds of its window.

use crate::{
    Entry, EntryKind, Fired, Flags, Hold, HoldStatus, Meter, OnExpiry, Profile,
    meter::{Change, is_recent},
};
use novacore_vocab::{Account, ResourceKind, ResourceName, Source, Timestamp, Version, Window};
use std::collections::{BTreeMap, BTreeSet};

/// What a correction needs to know of the entry that it corrects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correctable {
    /// The entry's resource.
    pub resource: ResourceName,
    /// What it charged.
    pub amount: i64,
    /// When it counts.
    pub counted_at: Timestamp,
    /// When it occurred.
    pub occurred_at: Timestamp,
    /// The sum of its corrections so far, as a positive number.
    pub corrected: i64,
}

impl Correctable {
    /// What may be corrected of an entry that was just written or loaded, `corrected` still 0.
    /// `None` if it has charged nothing, or was charged by an expiry: that is put right by the
    /// hold's late settle, and must not be twice.
    pub fn of(entry: &Entry) -> Option<Correctable> {
        let by_caller = match entry.kind {
            EntryKind::Record | EntryKind::Settle => true,
            EntryKind::Correction
            | EntryKind::Reserve
            | EntryKind::Extend
            | EntryKind::Release
            | EntryKind::Expire
            | EntryKind::Threshold => false,
        };
        (by_caller && entry.amount > 0).then(|| Correctable {
            resource: entry.resource.clone(),
            amount: entry.amount,
            counted_at: entry.counted_at,
            occurred_at: entry.occurred_at,
            corrected: 0,
        })
    }
}

/// All that a decision may depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountState {
    /// Whose it is.
    pub account: Account,
    /// Tier and overrides.
    pub profile: Profile,
    /// The version of the last entry; 0 if there is none.
    pub version: Version,
    /// The time of the last entry.
    pub last_at: Timestamp,
    /// Counters by resource.
    pub meters: BTreeMap<ResourceName, Meter>,
    /// Every open hold but the unloaded, and those ended ones that a command in hand concerns.
    pub holds: BTreeMap<Version, Hold>,
    /// The open holds by end.
    due: BTreeSet<(Timestamp, Version)>,
    /// Entries that a command in hand corrects.
    pub correctable: BTreeMap<Version, Correctable>,
    /// Open holds that are stored but not in `holds`: of a store that loads an account for each
    /// batch anew. None of them has run out, and no command in hand concerns one.
    pub open_unloaded: usize,
}

impl AccountState {
    /// An account without entries.
    pub fn new(account: Account, profile: Profile) -> AccountState {
        AccountState {
            account,
            profile,
            version: Version(0),
            last_at: Timestamp::MIN,
            meters: BTreeMap::new(),
            holds: BTreeMap::new(),
            due: BTreeSet::new(),
            correctable: BTreeMap::new(),
            open_unloaded: 0,
        }
    }

    /// What is used and held of a resource in the window of this kind around `at`.
    pub fn totals(&self, resource: &ResourceName, window: Window, at: Timestamp) -> (i64, i64) {
        self.meters.get(resource).map_or((0, 0), |meter| meter.totals(window, at))
    }

    /// Whether the counter of the window of this kind around `at` is complete at `now`.
    pub fn keeps(
        &self,
        resource: &ResourceName,
        window: Window,
        at: Timestamp,
        now: Timestamp,
    ) -> bool {
        match self.meters.get(resource) {
            Some(meter) => meter.keeps(window, at, now),
            None => is_recent(window, window.span_at(at).start, now),
        }
    }

    /// What a source has put into a level.
    pub fn part(&self, resource: &ResourceName, source: Source) -> i64 {
        self.meters.get(resource).map_or(0, |meter| meter.part(source))
    }

    /// How many holds are open.
    pub fn open_holds(&self) -> usize {
        self.due.len() + self.open_unloaded
    }

    /// When the next open hold that is loaded runs out.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(end, _)| *end)
    }

    /// The open hold that ran out first, if any has at `now`.
    pub fn next_due_hold(&self, now: Timestamp) -> Option<&Hold> {
        let (end, version) = self.due.first()?;
        (*end <= now).then(|| &self.holds[version])
    }

    /// Adds a hold that was stored; open or ended.
    pub fn insert_hold(&mut self, hold: Hold) {
        if hold.status == HoldStatus::Open {
            self.due.insert((hold.expires_at, hold.version));
        }
        self.holds.insert(hold.version, hold);
    }

    /// This state without its holds and correctable entries: enough for every reader of counters,
    /// and cheap to copy.
    pub fn counters_only(&self) -> AccountState {
        AccountState {
            account: self.account,
            profile: self.profile.clone(),
            version: self.version,
            last_at: self.last_at,
            meters: self.meters.clone(),
            holds: BTreeMap::new(),
            due: BTreeSet::new(),
            correctable: BTreeMap::new(),
            open_unloaded: 0,
        }
    }

    /// As [`AccountState::shed`], but keeps these holds and entries.
    pub fn shed_but(&mut self, needed: &BTreeSet<Version>) {
        self.holds
            .retain(|version, hold| hold.status == HoldStatus::Open || needed.contains(version));
        self.correctable.retain(|version, _| needed.contains(version));
    }

    /// Forgets ended holds and correctable entries: they are loaded again when a command concerns
    /// them.
    pub fn shed(&mut self) {
        self.shed_but(&BTreeSet::new());
    }

    /// Applies one entry. `kind` is that of the entry's resource.
    ///
    /// # Panics
    /// If the entry is not the account's next one, or concerns a hold that was not loaded: the
    /// store and its memory disagree, and going on would corrupt the books.
    pub fn apply(&mut self, entry: &Entry, kind: ResourceKind) {
        self.apply_to_counters(entry, kind);
        self.apply_correction(entry);
        self.apply_to_hold(entry);
    }

    /// Applies what an entry does to the counters, the version and the time, and nothing else of
    /// it: keeps a copy made by [`AccountState::counters_only`] equal to a new one.
    ///
    /// # Panics
    /// If the entry is not the account's next one.
    pub fn apply_to_counters(&mut self, entry: &Entry, kind: ResourceKind) {
        assert_eq!(entry.version, self.version.next(), "entries of {:?} have a gap", self.account);
        assert!(entry.recorded_at >= self.last_at, "time of {:?} runs backwards", self.account);
        self.version = entry.version;
        self.last_at = entry.recorded_at;
        self.count(entry, kind);
    }

    /// Applies what an entry does to its hold, and nothing else of it: for a reader who knows a
    /// hold as it was, and the entries since.
    ///
    /// # Panics
    /// If the hold is neither here nor made by the entry.
    pub fn apply_to_hold(&mut self, entry: &Entry) {
        match entry.kind {
            EntryKind::Record | EntryKind::Correction | EntryKind::Threshold => {}
            EntryKind::Reserve => self.apply_reserve(entry),
            EntryKind::Extend => self.apply_extend(entry),
            EntryKind::Settle => self.apply_charge(entry, HoldStatus::Settled),
            EntryKind::Release => self.apply_charge(entry, HoldStatus::Released),
            EntryKind::Expire => self.apply_charge(entry, HoldStatus::Expired),
        }
    }

    fn count(&mut self, entry: &Entry, kind: ResourceKind) {
        if !self.meters.contains_key(&entry.resource) {
            self.meters.insert(entry.resource.clone(), Meter::empty());
        }
        let meter = self.meters.get_mut(&entry.resource).expect("just inserted");
        match &entry.crossing {
            None => meter.add(
                kind,
                Change {
                    source: entry.source,
                    used: entry.amount,
                    held: entry.held,
                    counted_at: entry.counted_at,
                    now: entry.recorded_at,
                },
            ),
            Some(crossing) => meter.fire(
                crossing.window,
                entry.counted_at,
                entry.recorded_at,
                Fired {
                    limit: crossing.limit.clone(),
                    version: crossing.limit_version,
                    cap: crossing.cap,
                    percent: crossing.percent,
                    rearm_below: crossing.rearm_below,
                },
            ),
        }
    }

    fn apply_correction(&mut self, entry: &Entry) {
        let corrected = entry.corrects.and_then(|version| self.correctable.get_mut(&version));
        if let Some(correctable) = corrected {
            correctable.corrected -= entry.amount;
        }
    }

    fn apply_reserve(&mut self, entry: &Entry) {
        let version = entry.hold.expect("a reserve names its hold");
        let expires_at = entry.expires_at.expect("a reserve has an end");
        let charge = entry.flags.has(Flags::CHARGE_ON_EXPIRY);
        let hold = self.holds.entry(version).or_insert_with(|| Hold {
            version,
            reserved_at: entry.recorded_at,
            expires_at,
            on_expiry: if charge { OnExpiry::Charge } else { OnExpiry::Release },
            status: HoldStatus::Open,
            amounts: Vec::new(),
        });
        let held = hold.amount_mut(&entry.resource);
        held.reserved += entry.held;
        held.held += entry.held;
        self.due.insert((expires_at, version));
    }

    fn apply_extend(&mut self, entry: &Entry) {
        let hold = held_by(&mut self.holds, entry);
        let held = hold.amount_mut(&entry.resource);
        held.reserved += entry.held;
        held.held += entry.held;
        let expires_at = entry.expires_at.expect("an extension has an end");
        self.due.remove(&(hold.expires_at, hold.version));
        hold.expires_at = expires_at;
        self.due.insert((expires_at, hold.version));
    }

    /// Settle, release and expiry: charge, give headroom back, and end the hold if the entry is
    /// final.
    fn apply_charge(&mut self, entry: &Entry, end: HoldStatus) {
        let hold = held_by(&mut self.holds, entry);
        let held = hold.amount_mut(&entry.resource);
        held.held += entry.held;
        assert!(held.held >= 0, "hold {} gives back more than it holds", hold.version);
        held.charged += entry.amount;
        if entry.kind == EntryKind::Expire {
            held.charged_on_expiry += entry.amount;
        }
        if !entry.flags.has(Flags::FINAL) {
            return;
        }
        assert!(
            hold.amounts.iter().all(|held| held.held == 0),
            "hold {} ends but still holds something",
            hold.version
        );
        self.due.remove(&(hold.expires_at, hold.version));
        let late = hold.status == HoldStatus::Expired && end == HoldStatus::Settled;
        hold.status = if late { HoldStatus::SettledLate } else { end };
    }
}

fn held_by<'a>(holds: &'a mut BTreeMap<Version, Hold>, entry: &Entry) -> &'a mut Hold {
    let version = entry.hold.expect("the entry names its hold");
    holds.get_mut(&version).expect("the hold was loaded")
}
