//! Threshold events, found by reading what was written before.

use super::{
    Model, calendar,
    limits::{self, InForce, More},
};
use novacore_ledger::{Crossing, Entry};
use novacore_vocab::ResourceKind;

/// The thresholds that a line crosses which is about to be written.
pub(super) fn crossings(model: &Model, line: &Entry) -> Vec<Crossing> {
    let mut crossed = Vec::new();
    if line.amount <= 0 {
        return crossed;
    }
    let (resource, at, now) = (&line.resource, line.counted_at, line.recorded_at);
    for limit in limits::limits(model, resource, now) {
        let more = More { resource, amount: line.amount, at, now };
        let Some((used, _)) = limits::open_sums(model, limit.window, &more) else { continue };
        let Some(cap @ 1..) = limit.cap else { continue };
        let used = used + line.amount;
        for percent in 1..=100 {
            let asked = percent == 100 || limit.warn_at.contains(&percent);
            let reached = i128::from(used) * 100 >= i128::from(cap) * i128::from(percent);
            if asked && reached && !is_armed_off(model, line, &limit, cap, percent) {
                crossed.push(Crossing {
                    limit: limit.name.clone(),
                    limit_version: limit.version,
                    window: limit.window,
                    percent,
                    cap,
                    used,
                    rearm_below: is_level(model, line).then(|| rearm_below(cap, percent)),
                });
            }
        }
    }
    crossed
}

fn is_level(model: &Model, line: &Entry) -> bool {
    model.kind(&line.resource) == Some(ResourceKind::Level)
}

/// Whether the threshold has fired in the line's window and, if a level, has not been 5 points
/// below since.
fn is_armed_off(model: &Model, line: &Entry, limit: &InForce, cap: i64, percent: u8) -> bool {
    let fired = model.entries.iter().rposition(|entry| {
        entry.resource == line.resource
            && calendar::same(limit.window, line.counted_at, entry.counted_at)
            && entry.crossing.as_ref().is_some_and(|crossing| {
                crossing.limit == limit.name
                    && crossing.window == limit.window
                    && crossing.limit_version == limit.version
                    && crossing.cap == cap
                    && crossing.percent == percent
            })
    });
    match fired {
        None => false,
        Some(index) if is_level(model, line) => !fell_below(model, line, index, cap, percent),
        Some(_) => true,
    }
}

/// Whether a level has been empty or more than 5 points below a threshold at any time after entry
/// `index`.
fn fell_below(model: &Model, line: &Entry, index: usize, cap: i64, percent: u8) -> bool {
    let mut used = 0;
    for (position, entry) in model.entries.iter().enumerate() {
        if entry.resource == line.resource {
            used += entry.amount;
        }
        let below = i128::from(used) * 100 < i128::from(cap) * (i128::from(percent) - 5);
        if position > index && (used == 0 || below) {
            return true;
        }
    }
    false
}

/// The least level that does not re-arm.
fn rearm_below(cap: i64, percent: u8) -> i64 {
    let low = |used: i64| {
        used == 0 || i128::from(used) * 100 < i128::from(cap) * (i128::from(percent) - 5)
    };
    let (mut below, mut above) = (0, cap);
    while above - below > 1 {
        let middle = below + (above - below) / 2;
        if low(middle) { below = middle } else { above = middle }
    }
    above
}
