//! The invariants of DESIGN section 3, recomputed from the entries alone.

use crate::pair::Pair;
use novacore_ledger::{
    Cap, Command, Entry, EntryKind, Expect, Flags, Hold, HoldStatus, Mode, Outcome, Record,
    Refusal, Verb, decide, standing,
};
use novacore_vocab::{
    AMOUNT_ABS_MAX, Amount, ResourceKind, ResourceName, Source, Timestamp, Version, Window,
};

pub(crate) fn audit(pair: &Pair) {
    versions_and_times(pair);
    counters(pair);
    holds(pair);
    thresholds(pair);
    for spec in pair.policy.resources() {
        grantable(pair, &spec.name);
    }
}

/// I12: versions are gapless, times monotonic.
fn versions_and_times(pair: &Pair) {
    for (index, entry) in pair.entries.iter().enumerate() {
        assert_eq!(entry.version, Version(index as u64 + 1), "I12: a gap");
    }
    assert!(pair.entries.is_sorted_by_key(|entry| entry.recorded_at), "I12: time ran back");
}

fn sums(pair: &Pair, resource: &ResourceName, window: Window, at: Timestamp) -> (i64, i64) {
    let span = window.span_at(at);
    let inside = |entry: &&Entry| entry.resource == *resource && span.contains(entry.counted_at);
    let inside = pair.entries.iter().filter(inside);
    inside.fold((0, 0), |sums, entry| (sums.0 + entry.amount, sums.1 + entry.held))
}

/// I1, I2: every counter that is kept, and every counter in force, is the sum of its entries; none
/// falls below zero or leaves the range.
fn counters(pair: &Pair) {
    for (resource, meter) in &pair.state.meters {
        for kept in &meter.windows {
            let counter = (kept.counter.used, kept.counter.held);
            let (used, held) = sums(pair, resource, kept.window, kept.start);
            assert_eq!(counter, (used, held), "I1: {resource} {}", kept.window);
            assert!(used >= 0 && held >= 0 && used + held <= AMOUNT_ABS_MAX, "{resource}");
        }
        let now = pair.now();
        for &window in windows_of(pair, resource) {
            let sums = sums(pair, resource, window, now);
            assert_eq!(meter.totals(window, now), sums, "I1: {resource} {window}");
        }
    }
}

fn windows_of(pair: &Pair, resource: &ResourceName) -> &'static [Window] {
    match pair.policy.resource(resource).unwrap().kind {
        ResourceKind::Flow => &Window::ALL,
        ResourceKind::Level => &[Window::Lifetime],
    }
}

/// I2, I5: a hold ends once, and what was set aside is then settled or given back to the last unit.
fn holds(pair: &Pair) {
    for hold in pair.state.holds.values() {
        let own = || pair.entries.iter().filter(|entry| entry.hold == Some(hold.version));
        let ends = own().filter(|entry| entry.flags.has(Flags::FINAL)).map(|entry| entry.kind);
        let ends: Vec<EntryKind> = ends.collect();
        let allowed = match hold.status {
            HoldStatus::Open => vec![],
            HoldStatus::Settled => vec![EntryKind::Settle],
            HoldStatus::Released => vec![EntryKind::Release],
            HoldStatus::Expired => vec![EntryKind::Expire],
            HoldStatus::SettledLate => vec![EntryKind::Expire, EntryKind::Settle],
        };
        assert_eq!(ends, allowed, "I5: hold {} ends once", hold.version);
        let held: i64 = own().map(|entry| entry.held).sum();
        let still: i64 = hold.amounts.iter().map(|one| one.held).sum();
        assert_eq!(held, still, "I2: hold {}", hold.version);
        assert!(hold.status == HoldStatus::Open || held == 0, "I5: hold {}", hold.version);
    }
    for resource in pair.state.meters.keys() {
        let open = pair.state.holds.values().filter(|hold| hold.status == HoldStatus::Open);
        let open: i64 = open.filter_map(|hold| hold.amount(resource)).map(|one| one.held).sum();
        let (_, held) = sums(pair, resource, Window::Lifetime, pair.now());
        assert_eq!(held, open, "I2: {resource}");
    }
}

/// I9: at most once per limit version, window and threshold, or per fall of a level; and a counter
/// in force that has passed a threshold by an entry of its own has said so.
fn thresholds(pair: &Pair) {
    for (index, entry) in pair.entries.iter().enumerate() {
        let Some(crossing) = &entry.crossing else { continue };
        let span = crossing.window.span_at(entry.counted_at);
        let twin = pair.entries[..index].iter().rposition(|earlier| {
            earlier.resource == entry.resource
                && span.contains(earlier.counted_at)
                && earlier.crossing.as_ref().is_some_and(|other| {
                    (&other.limit, other.limit_version, other.cap, other.percent)
                        == (&crossing.limit, crossing.limit_version, crossing.cap, crossing.percent)
                })
        });
        let Some(twin) = twin else { continue };
        let fell = crossing.rearm_below.is_some_and(|level| {
            (twin..index).any(|until| used_after(pair, &entry.resource, until) < level)
        });
        assert!(fell, "I9: {crossing:?} fired twice");
    }
    if let Some(last) = pair.entries.iter().rfind(|entry| entry.amount != 0) {
        said_so(pair, last);
    }
}

fn used_after(pair: &Pair, resource: &ResourceName, index: usize) -> i64 {
    let until = pair.entries[..=index].iter().filter(|entry| entry.resource == *resource);
    until.map(|entry| entry.amount).sum()
}

/// The last change was written just now, under the limits in force: what it reached is on record.
fn said_so(pair: &Pair, last: &Entry) {
    let just_now = last.recorded_at == pair.now() && last.recorded_at == pair.view.clock;
    let current = last.counted_at == last.recorded_at;
    if last.amount < 0 || !just_now || !current || pair.profile_changed_since(last.version) {
        return;
    }
    for limit in pair.policy.limits(&pair.state.profile, &last.resource, pair.now()) {
        let Cap::Of(cap) = limit.cap else { continue };
        let (used, _) = sums(pair, &last.resource, limit.window, last.counted_at);
        for percent in limit.warn_at.iter().copied().chain([100]) {
            let reached = i128::from(used) * 100 >= i128::from(cap.get()) * i128::from(percent);
            let span = limit.window.span_at(last.counted_at);
            let told = pair.entries.iter().any(|entry| {
                entry.resource == last.resource
                    && span.contains(entry.counted_at)
                    && entry.crossing.as_ref().is_some_and(|crossing| {
                        crossing.limit == *limit.name
                            && crossing.limit_version == limit.version
                            && crossing.percent == percent
                            && crossing.cap == cap.get()
                    })
            });
            assert!(told || !reached || cap.is_zero(), "I9: {} {percent}% is lost", limit.name);
        }
    }
}

/// I3: what is admitted fits under every hard limit, counted where it counts. Called before the
/// command's entries are applied.
pub(crate) fn admission(pair: &Pair, command: &Command) {
    let now = pair.now();
    let known = command.key.as_ref().is_some_and(|key| pair.knows(key));
    let (asked, at): (Vec<_>, Timestamp) = match &command.verb {
        Verb::Reserve(reserve) => (reserve.amounts.clone(), now),
        Verb::Extend(ask) => (ask.amounts.clone(), reserved_at(pair, ask.hold)),
        Verb::Record(record) if record.expect == Expect::Admission => {
            (vec![(record.resource.clone(), record.amount)], now)
        }
        Verb::Record(_) | Verb::Settle(_) | Verb::Release(_) | Verb::Sweep => return,
    };
    assert!(!known, "I4: a known key was applied again");
    for (resource, amount) in asked.into_iter().filter(|(_, amount)| amount.get() > 0) {
        for limit in pair.policy.limits(&pair.state.profile, &resource, now) {
            let (used, held) = sums(pair, &resource, limit.window, at);
            if let (Mode::Hard, Cap::Of(cap)) = (limit.mode, limit.cap) {
                let after = used + held + amount.get();
                assert!(after <= cap.get(), "I3: {resource} {} at {after}", limit.name);
            }
        }
    }
}

fn reserved_at(pair: &Pair, version: Version) -> Timestamp {
    let hold: &Hold = &pair.state.holds[&version];
    hold.reserved_at
}

/// I11: what is shown as grantable is what the next operation is granted.
fn grantable(pair: &Pair, resource: &ResourceName) {
    let most = standing(&pair.state, &pair.policy, resource, pair.now()).grantable;
    if most > 0 {
        let granted = ask(pair, resource, most);
        let range = matches!(granted, Outcome::Refused(Refusal::CounterRange(_)));
        assert!(range || matches!(granted, Outcome::Applied(_)), "I11: {granted:?}");
    }
    if (0..AMOUNT_ABS_MAX).contains(&most) {
        let granted = ask(pair, resource, most + 1);
        let refused =
            matches!(granted, Outcome::Refused(Refusal::Quota(_) | Refusal::CounterRange(_)));
        assert!(refused, "I11: more than {most} of {resource}");
    }
}

fn ask(pair: &Pair, resource: &ResourceName, raw: i64) -> Outcome {
    let record = Record {
        resource: resource.clone(),
        amount: Amount::new(raw).unwrap(),
        source: Source::Api,
        expect: Expect::Admission,
        corrects: None,
        occurred_at: None,
        metadata: None,
    };
    let command = Command { key: None, fingerprint: 0, verb: Verb::Record(record) };
    decide(&pair.state, &pair.policy, &command, None, pair.now()).outcome
}
