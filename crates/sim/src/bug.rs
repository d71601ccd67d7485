//! Bugs planted on purpose: a harness that does not notice them is worth nothing.
//!
//! Not here: any of it in the product. Judgements are broken by another function than `decide`,
//! the rest in the simulated node.

use novacore_ledger::{
    AccountState, Command, Decided, Entry, EntryKind, Flags, HoldStatus, KeyRecord, Outcome,
    Policy, Verb, decide,
};
use novacore_store::book::Decide;
use novacore_vocab::{Timestamp, Version, Window};

/// A bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// Admission does not see what others have set aside.
    CheckThenAct,
    /// A partial settle gives the hold more time.
    TtlRefreshedOnHit,
    /// Keys are kept apart from the commit.
    KeyOutsideCommit,
    /// After a restart counters begin at zero.
    CounterNotLoaded,
    /// A month is taken for 30 days.
    MonthOf30Days,
    /// A settle counts when it is made, not when its hold was.
    SettleInWrongWindow,
    /// Callers are told before the sync.
    AnsweredBeforeSync,
    /// A hold that ran out is settled as often as one likes.
    LateSettleTwice,
    /// A threshold fires again and again.
    ThresholdFiresAgain,
}

impl Bug {
    /// Every bug.
    pub const ALL: [Bug; 9] = [
        Bug::CheckThenAct,
        Bug::TtlRefreshedOnHit,
        Bug::KeyOutsideCommit,
        Bug::CounterNotLoaded,
        Bug::MonthOf30Days,
        Bug::SettleInWrongWindow,
        Bug::AnsweredBeforeSync,
        Bug::LateSettleTwice,
        Bug::ThresholdFiresAgain,
    ];

    /// How commands are judged with this bug.
    pub(crate) fn decide(self) -> Decide {
        match self {
            Bug::CheckThenAct => without_holds,
            Bug::TtlRefreshedOnHit => refreshing,
            Bug::MonthOf30Days => months_of_30_days,
            Bug::SettleInWrongWindow => settled_now,
            Bug::LateSettleTwice => late_again,
            Bug::ThresholdFiresAgain => firing_again,
            Bug::KeyOutsideCommit | Bug::CounterNotLoaded | Bug::AnsweredBeforeSync => decide,
        }
    }
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
    let mut decided = decide(state, policy, command, seen, now);
    let (Verb::Settle(settle), Some(last)) = (&command.verb, decided.entries.last()) else {
        return decided;
    };
    if !last.flags.has(Flags::FINAL) {
        let version = Version(last.version.0 + 1);
        let hold = &state.holds[&settle.hold];
        decided.entries.push(Entry {
            version,
            kind: EntryKind::Extend,
            resource: hold.amounts[0].resource.clone(),
            amount: 0,
            held: 0,
            counted_at: hold.reserved_at,
            hold: Some(settle.hold),
            expires_at: Some(hold.expires_at.max(now.plus_seconds(600))),
            crossing: None,
            metadata: None,
            ..last.clone()
        });
    }
    decided
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

/// Whether an outcome is that of a command that was done now.
pub(crate) fn is_applied(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Applied(_))
}
