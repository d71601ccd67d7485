//! Sums over the list, the limits in force, and what they say.

use super::{Model, calendar};
use novacore_ledger::{Cap, Flags, LimitName, Mode, QuotaRefusal, Refusal, Standing, Tier};
use novacore_vocab::{AMOUNT_ABS_MAX, ResourceKind, ResourceName, Source, Timestamp, Window};

/// A limit in force.
#[derive(Clone, Debug)]
pub(super) struct InForce {
    pub(super) name: LimitName,
    /// `None` is unlimited.
    pub(super) cap: Option<i64>,
    pub(super) window: Window,
    pub(super) is_hard: bool,
    pub(super) warn_at: Vec<u8>,
    pub(super) version: u64,
}

/// So much more of a resource, counted at an instant.
#[derive(Clone, Copy, Debug)]
pub(super) struct More<'a> {
    pub(super) resource: &'a ResourceName,
    pub(super) amount: i64,
    pub(super) at: Timestamp,
    pub(super) now: Timestamp,
}

/// The user's tier; the lowest one if it is gone.
fn tier(model: &Model) -> &Tier {
    let tiers = model.policy.tiers();
    let own = tiers.iter().find(|tier| tier.name == model.profile.tier);
    own.or(tiers.first()).expect("a policy has a tier")
}

/// The limits of the user on a resource.
pub(super) fn limits(model: &Model, resource: &ResourceName, now: Timestamp) -> Vec<InForce> {
    limits_in(model, tier(model), resource, now)
}

fn limits_in(model: &Model, tier: &Tier, resource: &ResourceName, now: Timestamp) -> Vec<InForce> {
    let mut found = Vec::new();
    for (index, limit) in tier.limits.get(resource).into_iter().flatten().enumerate() {
        let (mut cap, mut mode) = (limit.cap, limit.mode);
        let (mut warn_at, mut version) = (limit.warn_at.clone(), limit.version);
        let own = model.profile.overrides.iter().find(|over| {
            let names_it = match &over.limit {
                Some(name) => *name == limit.name,
                None => index == 0,
            };
            let expired = over.expires_at.is_some_and(|end| end <= now);
            over.resource == *resource && names_it && !expired
        });
        if let Some(over) = own {
            cap = over.cap.unwrap_or(cap);
            mode = over.mode.unwrap_or(mode);
            warn_at = over.warn_at.clone().unwrap_or(warn_at);
            version = over.version;
        }
        found.push(InForce {
            name: limit.name.clone(),
            cap: match cap {
                Cap::Of(amount) => Some(amount.get()),
                Cap::Unlimited => None,
            },
            window: limit.window,
            is_hard: mode == Mode::Hard,
            warn_at,
            version,
        });
    }
    found
}

/// Used and held of a resource in the window around an instant.
pub(super) fn sums(
    model: &Model,
    resource: &ResourceName,
    window: Window,
    at: Timestamp,
) -> (i64, i64) {
    let mut sums = (0, 0);
    for entry in &model.entries {
        if entry.resource == *resource && calendar::same(window, at, entry.counted_at) {
            sums = (sums.0 + entry.amount, sums.1 + entry.held);
        }
    }
    sums
}

/// Used and held where `more` would count; `None` if that window is closed: neither the current one
/// nor the previous one, and nothing is held in it.
pub(super) fn open_sums(model: &Model, window: Window, more: &More<'_>) -> Option<(i64, i64)> {
    let (used, held) = sums(model, more.resource, window, more.at);
    let open = held != 0 || calendar::is_recent(window, more.at, more.now);
    open.then_some((used, held))
}

/// What a source has put into a level.
pub(super) fn part(model: &Model, resource: &ResourceName, source: Source) -> i64 {
    let own =
        |entry: &&novacore_ledger::Entry| entry.resource == *resource && entry.source == source;
    model.entries.iter().filter(own).map(|entry| entry.amount).sum()
}

/// Whether all that ever counted, and `change`, stays within the numbers that every reader keeps
/// exact.
pub(super) fn check_range(
    model: &Model,
    resource: &ResourceName,
    change: i64,
) -> Result<(), Refusal> {
    let (used, held) = sums(model, resource, Window::Lifetime, Timestamp::from_micros(0));
    let after = i128::from(used) + i128::from(held) + i128::from(change);
    let most = i128::from(AMOUNT_ABS_MAX);
    if (-most..=most).contains(&after) {
        Ok(())
    } else {
        Err(Refusal::CounterRange(resource.clone()))
    }
}

/// Whether every limit allows it, and the marks it then gets.
pub(super) fn admit(model: &Model, more: &More<'_>) -> Result<Flags, Refusal> {
    let limits = limits(model, more.resource, more.now);
    let over = |limit: &InForce| {
        let cap = limit.cap?;
        let Some((used, held)) = open_sums(model, limit.window, more) else {
            return Some(limit.is_hard);
        };
        Some(used + held + more.amount > cap)
    };
    let over: Vec<&InForce> = limits.iter().filter(|limit| over(limit) == Some(true)).collect();
    let refusing: Vec<&InForce> = over.iter().copied().filter(|limit| limit.is_hard).collect();
    if refusing.is_empty() {
        return Ok(Flags::NONE.with_if(!over.is_empty(), Flags::OVERAGE));
    }
    // All time ends after everything; of equals the first.
    let end = |limit: &InForce| calendar::end(limit.window, more.at).unwrap_or(Timestamp::MAX);
    let last = refusing.iter().map(|limit| end(limit)).max();
    let named = refusing.iter().find(|limit| Some(end(limit)) == last).expect("one refuses");
    Err(Refusal::Quota(Box::new(refusal(model, named, more))))
}

fn refusal(model: &Model, limit: &InForce, more: &More<'_>) -> QuotaRefusal {
    let (used, held) = open_sums(model, limit.window, more).unwrap_or((0, 0));
    QuotaRefusal {
        resource: more.resource.clone(),
        limit: limit.name.clone(),
        window: limit.window,
        used,
        held,
        cap: limit.cap.unwrap_or(-1),
        requested: more.amount,
        remaining: remaining(model, more),
        resets_at: calendar::end(limit.window, more.at).filter(|end| *end > more.now),
        decided_at: more.now,
        upgrade_to: upgrade(model, more),
    }
}

fn remaining(model: &Model, more: &More<'_>) -> i64 {
    let mut least = AMOUNT_ABS_MAX;
    for limit in limits(model, more.resource, more.now) {
        if let (true, Some(cap)) = (limit.is_hard, limit.cap) {
            let room =
                open_sums(model, limit.window, more).map_or(0, |(used, held)| cap - used - held);
            least = least.min(room.max(0));
        }
    }
    least
}

fn upgrade(model: &Model, more: &More<'_>) -> Option<novacore_vocab::TierName> {
    let rank = tier(model).rank;
    for candidate in model.policy.tiers() {
        let limits = limits_in(model, candidate, more.resource, more.now);
        let fits = limits.iter().all(|limit| {
            let (used, held) = open_sums(model, limit.window, more).unwrap_or((0, 0));
            !limit.is_hard || limit.cap.is_none_or(|cap| used + held + more.amount <= cap)
        });
        if candidate.rank > rank && fits {
            return Some(candidate.name.clone());
        }
    }
    None
}

/// Where the account stands.
pub(super) fn standing(model: &Model, resource: &ResourceName, now: Timestamp) -> Standing {
    let limits = limits(model, resource, now);
    let room = |limit: &InForce| {
        let (used, held) = sums(model, resource, limit.window, now);
        limit.cap.map(|cap| (cap - used - held).max(0))
    };
    let least = limits.iter().filter_map(room).min();
    let hard = limits.iter().filter(|limit| limit.is_hard).filter_map(room).min();
    // The first of the tightest; if all are unlimited, the first.
    let shown = limits.iter().find(|limit| room(limit) == least);
    let window = match (shown, model.kind(resource)) {
        (Some(limit), _) => limit.window,
        (None, Some(ResourceKind::Level)) => Window::Lifetime,
        (None, Some(ResourceKind::Flow) | None) => Window::Day,
    };
    let (used, held) = sums(model, resource, window, now);
    Standing {
        resource: resource.clone(),
        limit: shown.map(|limit| limit.name.clone()),
        window,
        cap: shown.and_then(|limit| limit.cap).unwrap_or(-1),
        used,
        held,
        remaining: least.unwrap_or(-1),
        grantable: hard.unwrap_or(-1),
        resets_at: calendar::end(window, now),
    }
}
