//! Reports, each a plain walk over the entries.

use novacore_ledger::{Entry, Policy};
use novacore_store::{
    book::kind_of,
    ledger::{DayAmount, DayRange, DayUse, ResourceUse, UserAmount},
};
use novacore_vocab::{ResourceKind, ResourceName, UserId};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
};

pub(super) fn days(
    entries: &[Entry],
    policy: &Policy,
    resource: &ResourceName,
    range: DayRange,
) -> Vec<DayAmount> {
    let own = || entries.iter().filter(|entry| entry.resource == *resource);
    let amount = |day: i64| -> i64 {
        match kind_of(policy, resource) {
            ResourceKind::Flow => {
                let that_day = own().filter(|entry| entry.occurred_at.day_number() == day);
                that_day.map(|entry| entry.amount).sum()
            }
            ResourceKind::Level => {
                let until = own().filter(|entry| entry.recorded_at.day_number() <= day);
                until.map(|entry| entry.amount).sum()
            }
        }
    };
    (range.first..=range.last).map(|day| DayAmount { day, amount: amount(day) }).collect()
}

pub(super) fn totals(
    entries: &HashMap<UserId, Vec<Entry>>,
    policy: &Policy,
    range: DayRange,
    top: usize,
) -> Vec<ResourceUse> {
    let configured = policy.resources().map(|spec| spec.name.clone());
    let used = entries.values().flatten().map(|entry| entry.resource.clone());
    let names: BTreeSet<ResourceName> = configured.chain(used).collect();
    names.into_iter().map(|resource| total(entries, policy, resource, range, top)).collect()
}

/// How many users have moved anything in the range.
pub(super) fn active_users(
    entries: &HashMap<UserId, Vec<Entry>>,
    policy: &Policy,
    range: DayRange,
) -> u64 {
    let in_range = |entry: &&Entry| {
        let day = moved_on(entry, policy);
        entry.amount != 0 && range.first <= day && day <= range.last
    };
    entries.values().filter(|own| own.iter().any(|entry| in_range(&entry))).count() as u64
}

/// The day on which an entry moves what is reported.
fn moved_on(entry: &Entry, policy: &Policy) -> i64 {
    match kind_of(policy, &entry.resource) {
        ResourceKind::Flow => entry.occurred_at.day_number(),
        ResourceKind::Level => entry.recorded_at.day_number(),
    }
}

pub(super) fn series(
    entries: &HashMap<UserId, Vec<Entry>>,
    policy: &Policy,
    resource: &ResourceName,
    range: DayRange,
) -> Vec<DayUse> {
    let is_level = kind_of(policy, resource) == ResourceKind::Level;
    let empty = |day| DayUse { day, amount: 0, users: 0 };
    let mut all: Vec<DayUse> = (range.first..=range.last).map(empty).collect();
    for own in entries.values() {
        for (row, day) in all.iter_mut().zip(days(own, policy, resource, range)) {
            let moved = own.iter().any(|entry| {
                let on = moved_on(entry, policy);
                entry.resource == *resource && entry.amount != 0 && on == row.day
            });
            row.amount += day.amount;
            row.users += u64::from(if is_level { day.amount > 0 } else { moved });
        }
    }
    all
}

fn total(
    entries: &HashMap<UserId, Vec<Entry>>,
    policy: &Policy,
    resource: ResourceName,
    range: DayRange,
    top: usize,
) -> ResourceUse {
    let is_level = kind_of(policy, &resource) == ResourceKind::Level;
    let mut by_user: BTreeMap<UserId, i64> = BTreeMap::new();
    for (user, own) in entries {
        for entry in own.iter().filter(|entry| entry.resource == resource) {
            let day = entry.occurred_at.day_number();
            let counts = is_level || (range.first <= day && day <= range.last);
            if counts && entry.amount != 0 {
                *by_user.entry(*user).or_default() += entry.amount;
            }
        }
    }
    if is_level {
        by_user.retain(|_, held| *held > 0);
    }
    let amount = by_user.values().sum();
    let users = by_user.len() as u64;
    let mut most: Vec<UserAmount> =
        by_user.into_iter().map(|(user, amount)| UserAmount { user, amount }).collect();
    most.sort_by_key(|row| (Reverse(row.amount), row.user));
    most.truncate(top);
    ResourceUse { resource, amount, users, top: most }
}
