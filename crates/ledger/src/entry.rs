//! The ledger's rows.
//!
//! Invariant: everything that changes an account is an entry; its counters are sums of `amount` and
//! `held`.

use crate::LimitName;
use novacore_vocab::{ResourceName, Source, Timestamp, Version, Window};
use std::sync::Arc;

/// What an entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// Something was used, or a level went up or down.
    Record,
    /// An earlier entry of a flow was too high.
    Correction,
    /// Headroom was set aside.
    Reserve,
    /// A hold got more time or more headroom.
    Extend,
    /// Use under a hold was charged.
    Settle,
    /// A hold ended unused.
    Release,
    /// A hold ran out.
    Expire,
    /// A counter crossed a threshold.
    Threshold,
}

impl EntryKind {
    /// Every kind, in the order of their stored discriminants, which are only ever appended to.
    pub const ALL: [EntryKind; 8] = [
        EntryKind::Record,
        EntryKind::Correction,
        EntryKind::Reserve,
        EntryKind::Extend,
        EntryKind::Settle,
        EntryKind::Release,
        EntryKind::Expire,
        EntryKind::Threshold,
    ];

    /// The word used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            EntryKind::Record => "record",
            EntryKind::Correction => "correction",
            EntryKind::Reserve => "reserve",
            EntryKind::Extend => "extend",
            EntryKind::Settle => "settle",
            EntryKind::Release => "release",
            EntryKind::Expire => "expire",
            EntryKind::Threshold => "threshold",
        }
    }
}

/// Marks on an entry or a decision; a set of bits that are only ever appended to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Flags(pub u16);

impl Flags {
    /// No mark.
    pub const NONE: Flags = Flags(0);
    /// The counter is above its cap after this.
    pub const OVERAGE: Flags = Flags(1);
    /// A settle charged more than was held.
    pub const EXCESS: Flags = Flags(2);
    /// A settle charged a resource that was not held.
    pub const UNHELD: Flags = Flags(4);
    /// A settle after expiry, or use reported on a later day than it occurred.
    pub const LATE: Flags = Flags(8);
    /// The entry ends its hold.
    pub const FINAL: Flags = Flags(16);
    /// The hold charges what it holds when it runs out.
    pub const CHARGE_ON_EXPIRY: Flags = Flags(32);
    /// The amount was judged against the limits before it was written.
    pub const ENFORCED: Flags = Flags(64);

    const WORDS: [(Flags, &'static str); 7] = [
        (Flags::OVERAGE, "overage"),
        (Flags::EXCESS, "excess"),
        (Flags::UNHELD, "unheld"),
        (Flags::LATE, "late"),
        (Flags::FINAL, "final"),
        (Flags::CHARGE_ON_EXPIRY, "charge_on_expiry"),
        (Flags::ENFORCED, "enforced"),
    ];

    /// Both sets together.
    pub const fn with(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    /// `flag` if `on`, else this set unchanged.
    pub const fn with_if(self, on: bool, flag: Flags) -> Flags {
        if on { self.with(flag) } else { self }
    }

    /// Whether every mark of `other` is set.
    pub const fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// The words used in JSON, in a fixed order.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Flags::WORDS.into_iter().filter(move |(flag, _)| self.has(*flag)).map(|(_, word)| word)
    }
}

/// A threshold that a counter crossed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// The limit.
    pub limit: LimitName,
    /// Its version.
    pub limit_version: u64,
    /// The kind of its window; which one is told by the entry's `counted_at`.
    pub window: Window,
    /// The threshold in per cent of the cap.
    pub percent: u8,
    /// The cap at that moment.
    pub cap: i64,
    /// What was used at that moment.
    pub used: i64,
    /// A level fires again once it has been below this.
    pub rearm_below: Option<i64>,
}

/// One row of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number within the account.
    pub version: Version,
    /// What it says.
    pub kind: EntryKind,
    /// What is metered.
    pub resource: ResourceName,
    /// Which part of a level it moves.
    pub source: Source,
    /// The change of `used`.
    pub amount: i64,
    /// The change of `held`.
    pub held: i64,
    /// When it was written.
    pub recorded_at: Timestamp,
    /// The time by which it counts against limits.
    pub counted_at: Timestamp,
    /// When the use occurred, for reports.
    pub occurred_at: Timestamp,
    /// The hold that it concerns.
    pub hold: Option<Version>,
    /// The entry that it corrects.
    pub corrects: Option<Version>,
    /// The hold's new end; reserve and extend only.
    pub expires_at: Option<Timestamp>,
    /// Marks.
    pub flags: Flags,
    /// What was crossed; threshold only.
    pub crossing: Option<Crossing>,
    /// The caller's JSON object, at most 2 KiB.
    pub metadata: Option<Arc<str>>,
}
