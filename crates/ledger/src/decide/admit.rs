//! May this much more be used? The ladder of limits, one line per step.
//!
//! Invariant: a hard limit admits only while `used + held + amount` stays within its ceiling.
//! Invariant: all limits of a resource must pass, and all resources of a command, or nothing is written.

use crate::{
    AccountState, EffectiveLimit, Flags, Policy, QuotaRefusal, Refusal, standing::ceiling,
    standing::standing,
};
use novacore_vocab::{Amount, ResourceName, Timestamp};

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
    let (used, held) = state.totals(ask.resource, limit.window, ask.counted_at);
    let wanted = used + held + ask.amount.get();
    // Burst and grace will raise the ceiling, not add a step.
    match ceiling(limit) {
        Some(ceiling) if wanted > ceiling => Verdict::Refuse,
        // A window that is no longer counted cannot be judged: closed, not open.
        Some(_) if !state.keeps(ask.resource, limit.window, ask.counted_at, ask.now) => {
            Verdict::Refuse
        }
        Some(_) => Verdict::Admit(Flags::NONE),
        None => Verdict::Admit(Flags::NONE.with_if(is_over(limit, wanted), Flags::OVERAGE)),
    }
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
    let (used, held) = state.totals(ask.resource, limit.window, ask.counted_at);
    let need = used + held + ask.amount.get();
    let upgrade = policy.upgrade_for(&state.profile.tier, ask.resource, need);
    QuotaRefusal {
        resource: ask.resource.clone(),
        limit: limit.name.clone(),
        window: limit.window,
        used,
        held,
        cap: limit.cap.shown(),
        requested: ask.amount.get(),
        remaining: standing(state, policy, ask.resource, ask.now).grantable.max(0),
        resets_at: limit.window.resets_at(ask.counted_at),
        decided_at: ask.now,
        upgrade_to: upgrade.cloned(),
    }
}
