//! What has been used and held of one resource, per window.
//!
//! Every window kind is counted from the first entry on, so a limit with a new window starts exact
//! at once.
//! Invariant: a counter that is kept equals the sum of the entries counted in its window.
//! Invariant: kept are the current and the previous window of each kind, and every window in which
//! something is held.

use crate::{LimitName, policy::EffectiveLimit};
use novacore_vocab::{ResourceKind, Source, Timestamp, Window};

/// One counter.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Counter {
    /// The sum of the entries' amounts.
    pub used: i64,
    /// The sum of the open holds.
    pub held: i64,
    /// Threshold events already written for this window.
    pub fired: Vec<Fired>,
}

/// A threshold that has fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fired {
    /// The limit.
    pub limit: LimitName,
    /// The limit's version.
    pub version: u64,
    /// The cap: limits of two tiers may share name and version, but then they differ here or in
    /// nothing that matters.
    pub cap: i64,
    /// The threshold in per cent of the cap.
    pub percent: u8,
    /// Fires again once `used` has been below this; levels only.
    pub rearm_below: Option<i64>,
}

/// The counter of one window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowCounter {
    /// The kind of window.
    pub window: Window,
    /// Its start.
    pub start: Timestamp,
    /// What was counted in it.
    pub counter: Counter,
}

/// All counters of one resource of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meter {
    /// Counters, in no particular order; at most a few per kind.
    pub windows: Vec<WindowCounter>,
    /// A level's part per source, indexed by [`Source`] as in [`Source::ALL`].
    pub parts: [i64; 2],
}

/// The window kinds that are counted for a resource of this kind.
const fn counted(kind: ResourceKind) -> &'static [Window] {
    match kind {
        ResourceKind::Flow => &Window::ALL,
        ResourceKind::Level => &[Window::Lifetime],
    }
}

impl Meter {
    /// A meter on which nothing was counted.
    pub const fn empty() -> Meter {
        Meter { windows: Vec::new(), parts: [0; 2] }
    }

    /// The counter of the window of this kind around `at`, if anything was counted in it.
    pub fn counter(&self, window: Window, at: Timestamp) -> Option<&Counter> {
        let start = window.span_at(at).start;
        let found = self.windows.iter().find(|kept| kept.window == window && kept.start == start);
        found.map(|kept| &kept.counter)
    }

    /// What is used and held in the window of this kind around `at`.
    pub fn totals(&self, window: Window, at: Timestamp) -> (i64, i64) {
        self.counter(window, at).map_or((0, 0), |counter| (counter.used, counter.held))
    }

    /// The part of a level that `source` put there.
    pub const fn part(&self, source: Source) -> i64 {
        self.parts[source as usize]
    }

    /// Whether the window of this kind around `at` is still open at `now`: it is the current or the
    /// previous one, or something is held in it. Counters of other windows may be gone, and nothing
    /// may depend on when they go.
    pub fn keeps(&self, window: Window, at: Timestamp, now: Timestamp) -> bool {
        is_recent(window, window.span_at(at).start, now) || self.totals(window, at).1 != 0
    }

    /// Adds a change that counts at `at` and is recorded at `now`.
    pub(crate) fn add(&mut self, kind: ResourceKind, change: Change) {
        if kind == ResourceKind::Level {
            self.parts[change.source as usize] += change.used;
        }
        for &window in counted(kind) {
            if let Some(counter) = self.counter_mut(window, change.counted_at, change.now) {
                counter.used += change.used;
                counter.held += change.held;
                let used = counter.used;
                counter.fired.retain(|fired| fired.rearm_below.is_none_or(|level| used >= level));
            }
        }
    }

    /// Notes that a threshold has fired. Firings of other versions stay: a version comes back when
    /// an override expires or a tier is restored.
    pub(crate) fn fire(&mut self, window: Window, at: Timestamp, now: Timestamp, fired: Fired) {
        if let Some(counter) = self.counter_mut(window, at, now) {
            counter.fired.push(fired);
        }
    }

    /// Whether this threshold of a limit has fired in the window around `at`.
    pub(crate) fn has_fired(&self, limit: &EffectiveLimit<'_>, percent: u8, at: Timestamp) -> bool {
        self.counter(limit.window, at).is_some_and(|counter| {
            counter.fired.iter().any(|fired| {
                fired.limit == *limit.name
                    && fired.version == limit.version
                    && fired.cap == limit.cap.shown()
                    && fired.percent == percent
            })
        })
    }

    /// The kept counter for `at`, made if its window is recent; older windows without one are
    /// closed for good.
    fn counter_mut(
        &mut self,
        window: Window,
        at: Timestamp,
        now: Timestamp,
    ) -> Option<&mut Counter> {
        let start = window.span_at(at).start;
        let found =
            self.windows.iter().position(|kept| kept.window == window && kept.start == start);
        let index = match found {
            Some(index) => index,
            None if is_recent(window, start, now) => {
                self.windows.retain(|kept| {
                    kept.window != window
                        || kept.counter.held != 0
                        || is_recent(window, kept.start, now)
                });
                self.windows.push(WindowCounter { window, start, counter: Counter::default() });
                self.windows.len() - 1
            }
            None => return None,
        };
        Some(&mut self.windows[index].counter)
    }
}

/// A change of a meter by one entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    pub(crate) source: Source,
    pub(crate) used: i64,
    pub(crate) held: i64,
    pub(crate) counted_at: Timestamp,
    pub(crate) now: Timestamp,
}

/// Whether the window that starts at `start` is the current or the previous one at `now`.
pub(crate) fn is_recent(window: Window, start: Timestamp, now: Timestamp) -> bool {
    let current = window.span_at(now).start;
    start >= current || window.span_at(start).end == current
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn change(used: i64, held: i64, counted: &str, now: &str) -> Change {
        Change { source: Source::Api, used, held, counted_at: at(counted), now: at(now) }
    }

    #[test]
    fn windows_older_than_the_previous_are_forgotten_unless_held() {
        let mut meter = Meter::empty();
        let kind = ResourceKind::Flow;
        meter.add(kind, change(5, 0, "2026-01-01T10:00:00Z", "2026-01-01T10:00:00Z"));
        meter.add(kind, change(0, 7, "2026-01-02T10:00:00Z", "2026-01-02T10:00:00Z"));
        meter.add(kind, change(1, 0, "2026-01-09T10:00:00Z", "2026-01-09T10:00:00Z"));
        assert_eq!(meter.counter(Window::Day, at("2026-01-01T00:00:00Z")), None);
        assert_eq!(meter.totals(Window::Day, at("2026-01-02T00:00:00Z")), (0, 7));
        assert_eq!(meter.totals(Window::Month, at("2026-01-09T00:00:00Z")), (6, 7));
        // A window that is closed stays closed: a part of its sum would be wrong.
        meter.add(kind, change(3, 0, "2026-01-01T10:00:00Z", "2026-01-09T10:00:00Z"));
        assert_eq!(meter.counter(Window::Day, at("2026-01-01T00:00:00Z")), None);
        assert_eq!(meter.totals(Window::Lifetime, at("2026-01-09T00:00:00Z")), (9, 7));
    }

    #[test]
    fn a_level_has_one_window_and_a_part_per_source() {
        let mut meter = Meter::empty();
        let now = "2026-01-01T10:00:00Z";
        meter.add(ResourceKind::Level, change(5, 0, now, now));
        meter.add(ResourceKind::Level, Change { source: Source::Memory, ..change(7, 0, now, now) });
        assert_eq!(meter.windows.len(), 1);
        assert_eq!((meter.part(Source::Api), meter.part(Source::Memory)), (5, 7));
        assert_eq!(meter.totals(Window::Lifetime, at(now)), (12, 0));
    }
}
