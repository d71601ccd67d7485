//! What derived files say of every account is what a plain walk over its entries says.

use super::fixture::{Lived, World, user_id};
use crate::{derived::Derived, row::Seq};
use novacore_ledger::{AccountState, Entry, EntryKind};
use novacore_store::{
    book::kind_of,
    ledger::{DayAmount, DayRange, DayUse, EntryQuery, ResourceUse, UserAmount},
};
use novacore_vocab::{ResourceKind, ResourceName, ResourceSpec, Timestamp, Version};
use std::{cmp::Reverse, collections::BTreeSet};

#[test]
fn whatever_happens_derived_files_say_what_the_entries_say() {
    for seed in 0..6 {
        let mut world = World::new(seed, 5);
        let mut derived = world.ledger.open().unwrap();
        for round in 0..40 {
            // Batches of one operation and of many, so that flushes of both kinds come about.
            let batch = world.batch(1 + (round % 4) * 3);
            // Now and then the thread is not told and must find out at the next start.
            if round % 7 == 3 {
                drop(derived);
                derived = world.ledger.open().unwrap();
            } else if let Some(batch) = batch {
                derived.feed(batch).unwrap();
            }
            if round % 8 == 7 {
                same(&world, &derived);
            }
        }
        same(&world, &derived);
        drop(derived);
        let derived = world.ledger.open().unwrap();
        assert_eq!(derived.keys_covered_through(), derived.watermark());
        same(&world, &derived);
        assert_eq!(differences(&derived), Vec::<String>::new());
    }
}

#[test]
fn levels_close_right_around_days_ahead_and_late_use() {
    let mut world = World::new(77, 2);
    let derived = world.ledger.open().unwrap();
    // Each with the time of the call, the resource, the amount, and when it occurred.
    let story = [
        ("2026-03-01T10:00:00Z", "storage", 100, None),
        ("2026-03-05T10:00:00Z", "storage", -30, None),
        // Use of tomorrow makes tomorrow's day before today has ended.
        ("2026-03-05T23:58:00Z", "free", 5, Some("2026-03-06T00:01:00Z")),
        ("2026-03-05T23:59:00Z", "storage", 7, None),
        ("2026-03-06T00:00:30Z", "storage", 1, None),
        // Use of last week makes a day that lies between two on which the level moved.
        ("2026-03-06T09:00:00Z", "free", 9, Some("2026-03-03T12:00:00Z")),
        ("2026-03-06T09:00:00Z", "free", 9, Some("2026-02-20T12:00:00Z")),
        ("2026-03-06T09:01:00Z", "storage", 4, None),
        ("2026-03-09T09:00:00Z", "free", 2, None),
    ];
    for flush_each in [true, false] {
        let user_no = 1 + i64::from(flush_each);
        for (at, resource, amount, occurred_at) in story {
            let batch = world.record(user_no, at, resource, amount, occurred_at);
            derived.feed(batch).unwrap();
            if flush_each {
                derived.catch_up_to(world.ledger.head.last_seq).unwrap();
            }
        }
        same(&world, &derived);
    }
    let range = DayRange { first: 20_517, last: 20_519 };
    let storage = ResourceName::parse("storage").unwrap();
    let days = derived.days(1, &storage, range).unwrap().0;
    assert_eq!(days.iter().map(|day| day.amount).collect::<Vec<_>>(), [77, 82, 82]);
}

pub(super) fn differences(derived: &Derived) -> Vec<String> {
    let mut found = Vec::new();
    derived.differences(&mut |difference| found.push(difference)).unwrap();
    found
}

/// Compares everything that can be asked.
pub(super) fn same(world: &World, derived: &Derived) {
    derived.catch_up_to(world.ledger.head.last_seq).unwrap();
    let watermark = derived.watermark();
    assert_eq!(watermark, world.ledger.head.last_seq);
    for lived in &world.accounts {
        let mut counted = world.state(lived.user_no).clone();
        let (loaded, seen) =
            derived.load_account(lived.user_no, counted.account, counted.profile.clone()).unwrap();
        for hold in counted.holds.values() {
            let (found, _) = derived.load_hold(lived.user_no, hold.version).unwrap();
            assert_eq!(found.as_ref(), Some(hold));
        }
        assert_eq!(derived.load_hold(lived.user_no, Version(1 << 39)).unwrap().0, None);
        counted.shed();
        assert_eq!((sorted(loaded), seen), (sorted(counted), watermark));
        same_entries(world, derived, lived);
        same_days(world, derived, lived);
    }
    same_totals(world, derived);
    same_holders(world, derived);
    same_keys(world, derived);
}

/// The order of counters within a meter means nothing.
fn sorted(mut state: AccountState) -> AccountState {
    for meter in state.meters.values_mut() {
        meter.windows.sort_by_key(|kept| (kept.window, kept.start));
    }
    state
}

fn same_entries(world: &World, derived: &Derived, lived: &Lived) {
    for version in (0..=lived.entries.len() as u64 + 1).map(Version) {
        let (found, _) = derived.load_correctable(lived.user_no, version).unwrap();
        assert_eq!(found, lived.correctable(version), "entry {version}");
    }
    for query in queries(lived) {
        let matching = lived.entries.iter().filter(|entry| query.matches(entry)).cloned();
        let mut expected: Vec<Entry> = matching.collect();
        if query.after.is_none() {
            expected.reverse();
        }
        expected.truncate(query.rows_max);
        let page = derived.entries(&world.ledger.connection, lived.user_no, &query).unwrap();
        assert_eq!(page, expected, "{query:?}");
    }
}

fn queries(lived: &Lived) -> Vec<EntryQuery> {
    let all = EntryQuery::newest(user_id(lived.user_no), 500);
    let last = lived.entries.len() as u64;
    let middle = lived.entries.get(lived.entries.len() / 2).map(|entry| entry.recorded_at);
    let name = |text| ResourceName::parse(text).ok();
    let mut queries = vec![
        all.clone(),
        EntryQuery { rows_max: 7, ..all.clone() },
        EntryQuery { resource: name("tokens"), ..all.clone() },
        EntryQuery { resource: name("never_used"), ..all.clone() },
        EntryQuery { kinds: vec![EntryKind::Threshold, EntryKind::Settle], ..all.clone() },
        EntryQuery { from: middle, ..all.clone() },
        EntryQuery { until: middle, rows_max: 3, ..all.clone() },
        EntryQuery { from: middle, until: middle, ..all.clone() },
        EntryQuery { from: Some(Timestamp::MAX), ..all.clone() },
    ];
    for version in [0, 1, 64, 65, last / 2, last, last + 1].map(Version) {
        queries.push(EntryQuery { before: Some(version), rows_max: 70, ..all.clone() });
        queries.push(EntryQuery { after: Some(version), rows_max: 70, ..all.clone() });
    }
    queries
}

/// Every day on which anything occurred or was recorded, with some before and after.
fn range_of(world: &World) -> DayRange {
    let entries = world.accounts.iter().flat_map(|lived| &lived.entries);
    let days = entries.flat_map(|entry| [entry.occurred_at, entry.recorded_at]);
    let days: BTreeSet<i64> = days.map(Timestamp::day_number).collect();
    let first = days.first().copied().unwrap_or(0) - 2;
    DayRange { first, last: days.last().copied().unwrap_or(0) + 2 }
}

fn same_days(world: &World, derived: &Derived, lived: &Lived) {
    let all = range_of(world);
    let middle = all.first + (all.last - all.first) / 2;
    for resource in world.ledger.policy.resources() {
        for range in [all, DayRange { first: middle, last: all.last }] {
            let (days, _) = derived.days(lived.user_no, &resource.name, range).unwrap();
            assert_eq!(days, days_of(lived, &resource.name, resource.kind, range));
        }
    }
}

fn days_of(
    lived: &Lived,
    resource: &ResourceName,
    kind: ResourceKind,
    range: DayRange,
) -> Vec<DayAmount> {
    let counts = |entry: &Entry, day: i64| match kind {
        ResourceKind::Flow => entry.occurred_at.day_number() == day,
        ResourceKind::Level => entry.recorded_at.day_number() <= day,
    };
    let own: Vec<&Entry> =
        lived.entries.iter().filter(|entry| entry.resource == *resource).collect();
    let amount =
        |day| own.iter().filter(|entry| counts(entry, day)).map(|entry| entry.amount).sum();
    (range.first..=range.last).map(|day| DayAmount { day, amount: amount(day) }).collect()
}

fn same_totals(world: &World, derived: &Derived) {
    let all = range_of(world);
    let middle = all.first + (all.last - all.first) / 2;
    for range in [all, DayRange { first: middle, last: middle + 1 }] {
        let (active, totals) = derived.totals(&world.ledger.connection, range, 3).unwrap();
        let resources = world.ledger.policy.resources();
        let expected: Vec<ResourceUse> =
            resources.map(|spec| total_of(world, &spec.name, range)).collect();
        assert_eq!(totals, expected);
        let is_active =
            |lived: &&Lived| world.ledger.policy.resources().any(|spec| moves(lived, spec, range));
        assert_eq!(active, world.accounts.iter().filter(is_active).count() as u64);
        for spec in world.ledger.policy.resources() {
            let series = derived.series(&spec.name, range).unwrap();
            assert_eq!(series, series_of(world, spec, range), "{}", spec.name);
        }
    }
}

/// Whether an account moved a resource in a range.
fn moves(lived: &Lived, spec: &ResourceSpec, range: DayRange) -> bool {
    lived.entries.iter().filter(|entry| entry.resource == spec.name).any(|entry| {
        let at = match spec.kind {
            ResourceKind::Flow => entry.occurred_at,
            ResourceKind::Level => entry.recorded_at,
        };
        entry.amount != 0 && (range.first..=range.last).contains(&at.day_number())
    })
}

fn series_of(world: &World, spec: &ResourceSpec, range: DayRange) -> Vec<DayUse> {
    let day_use = |day| {
        let one = DayRange { first: day, last: day };
        let mut sum = DayUse { day, amount: 0, users: 0 };
        for lived in &world.accounts {
            let amount = days_of(lived, &spec.name, spec.kind, one)[0].amount;
            sum.amount += amount;
            sum.users += u64::from(match spec.kind {
                ResourceKind::Flow => moves(lived, spec, one),
                ResourceKind::Level => amount > 0,
            });
        }
        sum
    };
    (range.first..=range.last).map(day_use).collect()
}

fn total_of(world: &World, resource: &ResourceName, range: DayRange) -> ResourceUse {
    let level = kind_of(&world.ledger.policy, resource) == ResourceKind::Level;
    let mut used = Vec::new();
    for lived in &world.accounts {
        let inside = |entry: &&Entry| {
            let day = entry.occurred_at.day_number();
            level || (range.first <= day && day <= range.last)
        };
        let own = lived.entries.iter().filter(|entry| entry.resource == *resource);
        let amounts: Vec<i64> =
            own.filter(inside).map(|entry| entry.amount).filter(|amount| *amount != 0).collect();
        let amount = amounts.iter().sum();
        if if level { amount > 0 } else { !amounts.is_empty() } {
            used.push(UserAmount { user: user_id(lived.user_no), amount });
        }
    }
    used.sort_by_key(|row| (Reverse(row.amount), row.user));
    let amount = used.iter().map(|row| row.amount).sum();
    let users = used.len() as u64;
    used.truncate(3);
    ResourceUse { resource: resource.clone(), amount, users, top: used }
}

fn same_holders(world: &World, derived: &Derived) {
    let holders: BTreeSet<_> =
        derived.accounts_with_open_holds(&world.ledger.connection).unwrap().into_iter().collect();
    let numbers = world.accounts.iter().map(|lived| lived.user_no);
    let open = numbers.filter(|user_no| world.state(*user_no).open_holds() > 0);
    assert_eq!(holders, open.map(user_id).collect());
}

/// Every key up to the index's mark is found at its row.
fn same_keys(world: &World, derived: &Derived) {
    for (seq, hash) in keys(world, derived) {
        assert!(derived.find_key(hash).unwrap().0.contains(&seq), "the key of row {seq}");
    }
}

/// The rows up to the index's mark that carry a key, and its hash.
pub(super) fn keys(world: &World, derived: &Derived) -> Vec<(Seq, u64)> {
    let through = derived.keys_covered_through();
    let mut select = world
        .ledger
        .connection
        .prepare("SELECT seq, user_no, idem_key FROM entry WHERE idem_key NOT NULL AND seq <= ?1")
        .unwrap();
    let rows = select.query_map([through as i64], |row| {
        let (user_no, key) = (row.get(1)?, row.get::<_, String>(2)?);
        Ok((row.get::<_, i64>(0)? as Seq, crate::row::key_hash(user_id(user_no), &key)))
    });
    rows.unwrap().map(Result::unwrap).collect()
}
