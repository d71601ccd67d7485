//! May this much more be used? The ladder of limits, one line per step.
//!
//! Invariant: a hard limit admits only while `used + held + amount` stays within its ceiling.
//! Invariant: all limits of a resource must pass, and all resources of a command, or nothing is
//! written.

use crate::{
    AccountState, EffectiveLimit, Flags, Policy, QuotaRefusal, Refusal, standing::ceiling,
};
use novacore_vocab::{Amount, ResourceName, Timestamp, Window};

/// More of a resource.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    /// The resource.
    pub(crate) resource: &'a ResourceName,
    /// How much more, above 0.
    pub(crate) amount: Amount,
    /// The time by which it will count: now, or the time of the hold that it is added to.
    pub(crate) counted_at: Timestamp,
    /// The time of the decision.
    pub(crate) now: Timestamp,
}

/// Admits an ask under all limits of its resource, or names the limit that refuses.
/// The marks returned say how it was admitted.
pub(crate) fn admit(
    state: &AccountState,
    policy: &Policy,
    ask: &Ask<'_>,
) -> Result<Flags, Refusal> {
    let mut flags = Flags::NONE;
    let mut refused_by: Option<EffectiveLimit<'_>> = None;
    for limit in policy.limits(&state.profile, ask.resource, ask.now) {
        match judge(state, &limit, ask) {
            Verdict::Admit(marks) => flags = flags.with(marks),
            Verdict::Refuse => refused_by = Some(later(refused_by, limit, ask.counted_at)),
        }
    }
    match refused_by {
        None => Ok(flags),
        Some(limit) => Err(Refusal::Quota(Box::new(refusal(state, policy, &limit, ask)))),
    }
}

enum Verdict {
    Admit(Flags),
    Refuse,
}

fn judge(state: &AccountState, limit: &EffectiveLimit<'_>, ask: &Ask<'_>) -> Verdict {
    let amount = ask.amount.get();
    // Burst and grace will raise the ceiling, not add a step.
    match (ceiling(limit), counted(state, limit.window, ask)) {
        (Some(ceiling), Some(sum)) if sum.total() + amount > ceiling => Verdict::Refuse,
        // A window that is closed cannot be judged: no more of it.
        (Some(_), None) => Verdict::Refuse,
        (None, Some(sum)) if is_over(limit, sum.total() + amount) => Verdict::Admit(Flags::OVERAGE),
        (Some(_) | None, Some(_)) | (None, None) => Verdict::Admit(Flags::NONE),
    }
}

/// What is counted in a window.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    used: i64,
    held: i64,
}

impl Counted {
    const fn total(self) -> i64 {
        self.used + self.held
    }
}

/// What is counted where the ask will count; `None` if that window is closed.
fn counted(state: &AccountState, window: Window, ask: &Ask<'_>) -> Option<Counted> {
    let open = state.keeps(ask.resource, window, ask.counted_at, ask.now);
    let (used, held) = state.totals(ask.resource, window, ask.counted_at);
    open.then_some(Counted { used, held })
}

/// Whether `wanted` lies above the cap, whatever the mode.
pub(crate) fn is_over(limit: &EffectiveLimit<'_>, wanted: i64) -> bool {
    limit.cap.shown() >= 0 && wanted > limit.cap.shown()
}

/// Of two refusing limits the one whose window ends last: trying again before that is pointless.
fn later<'a>(
    earlier: Option<EffectiveLimit<'a>>,
    limit: EffectiveLimit<'a>,
    at: Timestamp,
) -> EffectiveLimit<'a> {
    let end = |limit: &EffectiveLimit<'_>| limit.window.span_at(at).end;
    match earlier {
        Some(earlier) if end(&earlier) >= end(&limit) => earlier,
        _ => limit,
    }
}

fn refusal(
    state: &AccountState,
    policy: &Policy,
    limit: &EffectiveLimit<'_>,
    ask: &Ask<'_>,
) -> QuotaRefusal {
    let sum = |window| counted(state, window, ask).unwrap_or_default();
    let need = |window| sum(window).total() + ask.amount.get();
    let upgrade = policy.upgrade_for(&state.profile, ask.resource, ask.now, need);
    let Counted { used, held } = sum(limit.window);
    QuotaRefusal {
        resource: ask.resource.clone(),
        limit: limit.name.clone(),
        window: limit.window,
        used,
        held,
        cap: limit.cap.shown(),
        requested: ask.amount.get(),
        remaining: remaining(state, policy, ask),
        resets_at: limit.window.resets_at(ask.counted_at).filter(|end| *end > ask.now),
        decided_at: ask.now,
        upgrade_to: upgrade.cloned(),
    }
}

/// The most that the ask could have been granted.
fn remaining(state: &AccountState, policy: &Policy, ask: &Ask<'_>) -> i64 {
    let limits = policy.limits(&state.profile, ask.resource, ask.now);
    let rooms = limits.filter_map(|limit| {
        let ceiling = ceiling(&limit)?;
        Some(counted(state, limit.window, ask).map_or(0, |sum| ceiling - sum.total()))
    });
    rooms.min().unwrap_or(0).max(0)
}
