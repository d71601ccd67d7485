//! Threshold events: a counter crossed a warning percentage of its cap, or the cap.
//!
//! Invariant: at most one event per limit version, window and threshold; a level re-arms 5 points
//! below.
//! Invariant: holds are not looked at, only what is used.

use crate::{AccountState, Cap, Crossing, EffectiveLimit, Policy};
use novacore_vocab::{ResourceKind, ResourceName, Timestamp};

const REARM_POINTS: i64 = 5;

/// The thresholds that `amount` more, counted at `counted_at`, crosses; lowest first per limit.
pub(crate) fn crossings(
    state: &AccountState,
    policy: &Policy,
    resource: &ResourceName,
    amount: i64,
    counted_at: Timestamp,
    now: Timestamp,
) -> Vec<Crossing> {
    if amount <= 0 {
        return Vec::new();
    }
    let level = policy.resource(resource).is_some_and(|spec| spec.kind == ResourceKind::Level);
    let mut crossed = Vec::new();
    for limit in policy.limits(&state.profile, resource, now) {
        let Cap::Of(cap) = limit.cap else { continue };
        let meter = state.meters.get(resource);
        if cap.is_zero() || !state.keeps(resource, limit.window, counted_at, now) {
            continue;
        }
        let used = state.totals(resource, limit.window, counted_at).0 + amount;
        for percent in thresholds(&limit) {
            let reached = i128::from(used) * 100 >= i128::from(cap.get()) * i128::from(percent);
            let fired = meter.is_some_and(|meter| meter.has_fired(&limit, percent, counted_at));
            if reached && !fired {
                let rearm = level.then(|| rearm_below(cap.get(), percent));
                crossed.push(crossing(&limit, percent, cap.get(), used, rearm));
            }
        }
    }
    crossed
}

/// The warning percentages in ascending order, the cap itself always among them.
fn thresholds(limit: &EffectiveLimit<'_>) -> Vec<u8> {
    let mut percents = limit.warn_at.to_vec();
    percents.push(100);
    percents.sort_unstable();
    percents.dedup();
    percents
}

fn crossing(
    limit: &EffectiveLimit<'_>,
    percent: u8,
    cap: i64,
    used: i64,
    rearm_below: Option<i64>,
) -> Crossing {
    Crossing {
        limit: limit.name.clone(),
        limit_version: limit.version,
        window: limit.window,
        percent,
        cap,
        used,
        rearm_below,
    }
}

/// The least whole level that is not yet 5 points below the threshold; at least 1, so that an empty
/// level re-arms all.
fn rearm_below(cap: i64, percent: u8) -> i64 {
    let points = (i64::from(percent) - REARM_POINTS).max(0);
    let scaled = i128::from(cap) * i128::from(points);
    i64::try_from((scaled + 99) / 100).unwrap_or(i64::MAX).max(1)
}
