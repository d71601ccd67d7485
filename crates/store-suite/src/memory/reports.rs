//! Reports, each a plain walk over the entries.

use novacore_ledger::{Entry, Policy};
use novacore_store::{
    book::kind_of,
    ledger::{DayAmount, DayRange, ResourceUse, UserAmount},
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
