//! What a world has reached: counts by word, so that a run that never tried something shows.

use crate::fault::Fault;
use novacore_ledger::{EntryKind, Outcome, Refusal, Verb};
use std::collections::BTreeMap;

/// How often each kind of thing happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage(BTreeMap<&'static str, u64>);

/// What a smoke run must reach to be worth anything.
pub const SMOKE: [&str; 57] = [
    "verb record",
    "verb reserve",
    "verb settle",
    "verb extend",
    "verb release",
    "verb sweep",
    "outcome applied",
    "outcome replayed",
    "refused key_reused",
    "refused invalid",
    "refused hold_unknown",
    "refused hold_ended",
    "refused quota",
    "refused counter_range",
    "refused level_below_zero",
    "entry record",
    "entry correction",
    "entry reserve",
    "entry extend",
    "entry settle",
    "entry release",
    "entry expire",
    "entry threshold",
    "overage",
    "excess",
    "unheld",
    "late",
    "final",
    "charge_on_expiry",
    "enforced",
    "fault crash_before_write",
    "fault crash_before_sync",
    "fault kill_before_sync",
    "fault crash_after_sync",
    "fault sync_fails",
    "fault sync_slow",
    "fault disk_full",
    "fault panic",
    "fault crash_idle",
    "fault derived_lost",
    "fault reply_lost",
    "recovered torn",
    "recovered whole",
    "recovered without",
    "clock back",
    "clock forward",
    "clock to_window_end",
    "clock to_hold_end",
    "clock refused",
    "operator tier",
    "operator override",
    "operator limit",
    "probe granted",
    "probe refused",
    "probe unbounded",
    "evicted",
    "derived",
];

impl Coverage {
    pub(crate) fn count(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    /// How often something happened.
    pub fn of(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or(0)
    }

    /// Adds what another world has reached.
    pub fn add(&mut self, other: &Coverage) {
        for (what, count) in &other.0 {
            *self.0.entry(what).or_default() += count;
        }
    }

    /// All counts, by word.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().map(|(what, count)| (*what, *count))
    }
}

pub(crate) const fn verb_word(verb: &Verb) -> &'static str {
    match verb {
        Verb::Record(_) => "verb record",
        Verb::Reserve(_) => "verb reserve",
        Verb::Settle(_) => "verb settle",
        Verb::Extend(_) => "verb extend",
        Verb::Release(_) => "verb release",
        Verb::Sweep => "verb sweep",
    }
}

pub(crate) const fn outcome_word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Applied(_) => "outcome applied",
        Outcome::Replayed(_) => "outcome replayed",
        Outcome::Refused(Refusal::KeyReused) => "refused key_reused",
        Outcome::Refused(Refusal::Invalid(_)) => "refused invalid",
        Outcome::Refused(Refusal::HoldUnknown) => "refused hold_unknown",
        Outcome::Refused(Refusal::HoldEnded(_)) => "refused hold_ended",
        Outcome::Refused(Refusal::Quota(_)) => "refused quota",
        Outcome::Refused(Refusal::TooManyHolds) => "refused too_many_holds",
        Outcome::Refused(Refusal::CounterRange(_)) => "refused counter_range",
        Outcome::Refused(Refusal::LevelBelowZero { .. }) => "refused level_below_zero",
    }
}

pub(crate) const fn entry_word(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Record => "entry record",
        EntryKind::Correction => "entry correction",
        EntryKind::Reserve => "entry reserve",
        EntryKind::Extend => "entry extend",
        EntryKind::Settle => "entry settle",
        EntryKind::Release => "entry release",
        EntryKind::Expire => "entry expire",
        EntryKind::Threshold => "entry threshold",
    }
}

pub(crate) const fn fault_word(fault: Fault) -> &'static str {
    match fault {
        Fault::CrashBeforeWrite => "fault crash_before_write",
        Fault::CrashBeforeSync(_) => "fault crash_before_sync",
        Fault::KillBeforeSync => "fault kill_before_sync",
        Fault::SyncFails(_) => "fault sync_fails",
        Fault::SyncSlow(_) => "fault sync_slow",
        Fault::CrashAfterSync => "fault crash_after_sync",
        Fault::DiskFull => "fault disk_full",
    }
}
