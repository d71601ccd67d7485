//! Bugs planted on purpose: a harness that does not notice them is worth nothing.
//!
//! Not here: any of it in the product. Judgements are broken by another function than `decide`,
//! the rest in the simulated node.

use novacore_ledger::{
    AccountState, Answer, Command, Decided, EntryKind, Expect, HoldAsk, HoldStatus, KeyRecord,
    Outcome, Policy, Record, Refusal, Verb, decide,
};
use novacore_store::book::Decide;
use novacore_vocab::{Timestamp, Window};

/// A bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// Two callers check the same counters, and both act.
    CheckThenAct,
    /// Admission does not see what others have set aside.
    HoldsNotCounted,
    /// A replayed reserve gives its hold more time.
    TtlRefreshedOnHit,
    /// Keys are kept apart from the commit.
    KeyOutsideCommit,
    /// After a restart keys that derived data do not have yet are unknown.
    KeysNotReloaded,
    /// After a restart counters begin at zero.
    CounterNotLoaded,
    /// A month is taken for 30 days.
    MonthOf30Days,
    /// A settle counts when it is made, not when its hold was.
    SettleInWrongWindow,
    /// Callers are told before the sync.
    AnsweredBeforeSync,
    /// A sync that failed is taken for one that worked.
    SyncErrorIgnored,
    /// After a restart commands are answered from frames that are not synced.
    StartWithoutSync,
    /// A torn frame is read as if it were whole.
    TornTailKept,
    /// A batch that the disk refused stays in memory.
    RevertForgotten,
    /// A hold that ran out is settled as often as one likes.
    LateSettleTwice,
    /// What a limit refused is counted all the same.
    RefusedIsCounted,
    /// A threshold fires again and again.
    ThresholdFiresAgain,
    /// Callers are told of a commit that never was: whatever else is broken, this must be heard.
    Canary,
}

impl Bug {
    /// Every bug.
    pub const ALL: [Bug; 17] = [
        Bug::CheckThenAct,
        Bug::HoldsNotCounted,
        Bug::TtlRefreshedOnHit,
        Bug::KeyOutsideCommit,
        Bug::KeysNotReloaded,
        Bug::CounterNotLoaded,
        Bug::MonthOf30Days,
        Bug::SettleInWrongWindow,
        Bug::AnsweredBeforeSync,
        Bug::SyncErrorIgnored,
        Bug::StartWithoutSync,
        Bug::TornTailKept,
        Bug::RevertForgotten,
        Bug::LateSettleTwice,
        Bug::RefusedIsCounted,
        Bug::ThresholdFiresAgain,
        Bug::Canary,
    ];

    /// How commands are judged with this bug.
    pub(crate) fn decide(self) -> Decide {
        match self {
            Bug::HoldsNotCounted => without_holds,
            Bug::TtlRefreshedOnHit => refreshing,
            Bug::MonthOf30Days => months_of_30_days,
            Bug::SettleInWrongWindow => settled_now,
            Bug::LateSettleTwice => late_again,
            Bug::RefusedIsCounted => counting_refused,
            Bug::ThresholdFiresAgain => firing_again,
            Bug::CheckThenAct
            | Bug::KeyOutsideCommit
            | Bug::KeysNotReloaded
            | Bug::CounterNotLoaded
            | Bug::AnsweredBeforeSync
            | Bug::SyncErrorIgnored
            | Bug::StartWithoutSync
            | Bug::TornTailKept
            | Bug::RevertForgotten
            | Bug::Canary => decide,
        }
    }
}

/// The metadata of a command whose judgement panics.
pub(crate) const POISON: &str = "{\"poison\":true}";

/// What such a panic carries.
pub(crate) struct Panicked;

/// [`decide`], but for a poisoned command: there it panics, without a word on the console.
pub(crate) fn decide_or_panic(
    state: &AccountState,
    policy: &Policy,
    command: &Command,
    seen: Option<&KeyRecord>,
    now: Timestamp,
) -> Decided {
    let metadata = match &command.verb {
        Verb::Record(record) => record.metadata.as_deref(),
        Verb::Reserve(reserve) => reserve.metadata.as_deref(),
        Verb::Settle(settle) => settle.metadata.as_deref(),
        Verb::Extend(_) | Verb::Release(_) | Verb::Sweep => None,
    };
    if metadata == Some(POISON) {
        std::panic::resume_unwind(Box::new(Panicked));
    }
    decide(state, policy, command, seen, now)
}

fn without_holds(
    state: &AccountState,
    policy: &Policy,
    command: &Command,
    seen: Option<&KeyRecord>,
    now: Timestamp,
) -> Decided {
    let mut blind = state.clone();
    for kept in blind.meters.values_mut().flat_map(|meter| &mut meter.windows) {
        kept.counter.held = 0;
    }
    decide(&blind, policy, command, seen, now)
}

fn refreshing(
    state: &AccountState,
    policy: &Policy,
    command: &Command,
    seen: Option<&KeyRecord>,
    now: Timestamp,
) -> Decided {
    let decided = decide(state, policy, command, seen, now);
    match (&decided.outcome, &command.verb) {
        (Outcome::Replayed(Answer { hold: Some(hold), .. }), Verb::Reserve(reserve)) => {
            let (hold, ttl_s) = (*hold, reserve.ttl_s);
            let verb = Verb::Extend(HoldAsk { hold, ttl_s, amounts: Vec::new() });
            let extend = Command { key: None, fingerprint: 0, verb };
            let Decided { entries, .. } = decide(state, policy, &extend, None, now);
            Decided { entries, ..decided }
        }
        _ => decided,
    }
}

fn counting_refused(
    state: &AccountState,
    policy: &Policy,
    command: &Command,
    seen: Option<&KeyRecord>,
    now: Timestamp,
) -> Decided {
    let decided = decide(state, policy, command, seen, now);
    match (&decided.outcome, &command.verb) {
        (Outcome::Refused(Refusal::Quota(_)), Verb::Record(record)) => {
            let verb = Verb::Record(Record { expect: Expect::Fact, ..record.clone() });
            let fact = Command { key: None, fingerprint: 0, verb };
            let Decided { entries, .. } = decide(state, policy, &fact, None, now);
            Decided { entries, ..decided }
        }
        _ => decided,
    }
}

fn months_of_30_days(
    state: &AccountState,
    policy: &Policy,
    command: &Command,
    seen: Option<&KeyRecord>,
    now: Timestamp,
) -> Decided {
    let block = |at: Timestamp| at.day_number().div_euclid(30);
    let mut wrong = state.clone();
    for meter in wrong.meters.values_mut() {
        meter
            .windows
            .retain(|kept| kept.window != Window::Month || block(kept.start) == block(now));
    }
    decide(&wrong, policy, command, seen, now)
}

fn settled_now(
    state: &AccountState,
    policy: &Policy,
    command: &Command,
    seen: Option<&KeyRecord>,
    now: Timestamp,
) -> Decided {
    let mut decided = decide(state, policy, command, seen, now);
    for entry in &mut decided.entries {
        if entry.kind == EntryKind::Settle {
            entry.counted_at = now;
        }
    }
    decided
}

fn late_again(
    state: &AccountState,
    policy: &Policy,
    command: &Command,
    seen: Option<&KeyRecord>,
    now: Timestamp,
) -> Decided {
    let mut forgetful = state.clone();
    for hold in forgetful.holds.values_mut() {
        if hold.status == HoldStatus::SettledLate {
            hold.status = HoldStatus::Expired;
        }
    }
    decide(&forgetful, policy, command, seen, now)
}

fn firing_again(
    state: &AccountState,
    policy: &Policy,
    command: &Command,
    seen: Option<&KeyRecord>,
    now: Timestamp,
) -> Decided {
    let mut forgetful = state.clone();
    for kept in forgetful.meters.values_mut().flat_map(|meter| &mut meter.windows) {
        kept.counter.fired.clear();
    }
    decide(&forgetful, policy, command, seen, now)
}
