//! Where an account stands: what readers are shown and what the next command would be granted, by
//! one computation.
//!
//! Invariant: `grantable` is what [`crate::decide`] would admit at the same state and time.

use crate::{AccountState, Cap, EffectiveLimit, LimitName, Mode, Policy};
use novacore_vocab::{ResourceKind, ResourceName, Timestamp, Window};

/// One limit with its counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitState {
    /// The limit.
    pub limit: LimitName,
    /// Its window.
    pub window: Window,
    /// The cap; -1 is unlimited.
    pub cap: i64,
    /// What happens beyond the cap.
    pub mode: Mode,
    /// Used in the current window.
    pub used: i64,
    /// Held in the current window.
    pub held: i64,
    /// The percentages of the cap at which a threshold event is written.
    pub warn_at: Vec<u8>,
    /// When the window ends; `None` for a level.
    pub resets_at: Option<Timestamp>,
    /// The user's override that is applied, if one is.
    pub own: Option<OwnLimit>,
}

/// That a limit is a user's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnLimit {
    /// From when on it is the tier's again, if ever.
    pub expires_at: Option<Timestamp>,
}

/// A resource over all its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The resource.
    pub resource: ResourceName,
    /// The limit with the least room; `None` if nothing limits the resource.
    pub limit: Option<LimitName>,
    /// That limit's window, or the current day (for a level: all time).
    pub window: Window,
    /// The cap; -1 is unlimited.
    pub cap: i64,
    /// Used in that window.
    pub used: i64,
    /// Held in that window.
    pub held: i64,
    /// What is left under the least cap, soft ones too, at least 0; -1 is unlimited.
    pub remaining: i64,
    /// What would be admitted now, at least 0; -1 is no bound.
    pub grantable: i64,
    /// When the window ends; `None` for a level.
    pub resets_at: Option<Timestamp>,
}

impl LimitState {
    /// What is left under the cap, at least 0; `None` if unlimited.
    pub fn room(&self) -> Option<i64> {
        (self.cap >= 0).then(|| (self.cap - self.used - self.held).max(0))
    }
}

/// The most that `used + held` may reach under a limit; `None` is no bound. Soft limits have none.
/// Burst and grace will raise it here and nowhere else.
pub(crate) fn ceiling(limit: &EffectiveLimit<'_>) -> Option<i64> {
    match (limit.mode, limit.cap) {
        (Mode::Soft, _) | (Mode::Hard, Cap::Unlimited) => None,
        (Mode::Hard, Cap::Of(cap)) => Some(cap.get()),
    }
}

/// Every limit on a resource with its current counter, in the tier's order.
pub fn limit_states(
    state: &AccountState,
    policy: &Policy,
    resource: &ResourceName,
    now: Timestamp,
) -> Vec<LimitState> {
    let limits = policy.limits(&state.profile, resource, now);
    limits
        .map(|limit| {
            let (used, held) = state.totals(resource, limit.window, now);
            LimitState {
                limit: limit.name.clone(),
                window: limit.window,
                cap: limit.cap.shown(),
                mode: limit.mode,
                used,
                held,
                warn_at: limit.warn_at.to_vec(),
                resets_at: limit.window.resets_at(now),
                own: limit.own.map(|own| OwnLimit { expires_at: own.expires_at }),
            }
        })
        .collect()
}

/// Where the account stands with a resource at `now`. Holds that have run out must have been swept
/// before.
pub fn standing(
    state: &AccountState,
    policy: &Policy,
    resource: &ResourceName,
    now: Timestamp,
) -> Standing {
    standing_after(state, policy, resource, now, Pending { used: 0, held: 0, counted_at: now })
}

/// A change that is decided but not applied yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pending {
    pub(crate) used: i64,
    pub(crate) held: i64,
    pub(crate) counted_at: Timestamp,
}

/// As [`standing`], with a pending change on top.
pub(crate) fn standing_after(
    state: &AccountState,
    policy: &Policy,
    resource: &ResourceName,
    now: Timestamp,
    pending: Pending,
) -> Standing {
    let totals = |window: Window| {
        let (used, held) = state.totals(resource, window, now);
        let reached = window.span_at(now).contains(pending.counted_at);
        if reached { (used + pending.used, held + pending.held) } else { (used, held) }
    };
    let mut grantable: Option<i64> = None;
    let mut tightest: Option<(EffectiveLimit<'_>, Option<i64>)> = None;
    for limit in policy.limits(&state.profile, resource, now) {
        let (used, held) = totals(limit.window);
        if let Some(ceiling) = ceiling(&limit) {
            let free = (ceiling - used - held).max(0);
            grantable = Some(grantable.map_or(free, |least| least.min(free)));
        }
        let room = match limit.cap {
            Cap::Of(cap) => Some((cap.get() - used - held).max(0)),
            Cap::Unlimited => None,
        };
        let tighter = match (&tightest, room) {
            (None, _) | (Some((_, None)), Some(_)) => true,
            (Some((_, Some(least))), Some(room)) => room < *least,
            (Some(_), None) => false,
        };
        if tighter {
            tightest = Some((limit, room));
        }
    }
    let kind = policy.resource(resource).map_or(ResourceKind::Flow, |spec| spec.kind);
    let window = tightest.map_or(default_window(kind), |(limit, _)| limit.window);
    let (used, held) = totals(window);
    Standing {
        resource: resource.clone(),
        limit: tightest.map(|(limit, _)| limit.name.clone()),
        window,
        cap: tightest.map_or(-1, |(limit, _)| limit.cap.shown()),
        used,
        held,
        remaining: tightest.and_then(|(_, room)| room).unwrap_or(-1),
        grantable: grantable.unwrap_or(-1),
        resets_at: window.resets_at(now),
    }
}

/// The window in which an unlimited resource is shown.
const fn default_window(kind: ResourceKind) -> Window {
    match kind {
        ResourceKind::Flow => Window::Day,
        ResourceKind::Level => Window::Lifetime,
    }
}
