//! What all users together used.

use super::{
    Derived,
    day::DayBook,
    error::DerivedError,
    read::{Snapshot, user_id},
    resources::Numbered,
};
use crate::row::UserNo;
use novacore_store::{
    error::StoreError,
    ledger::{DayRange, DayUse, ResourceUse, UserAmount},
};
use novacore_vocab::{ResourceKind, ResourceName};
use rusqlite::{Connection, params};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

/// Per resource how many users, and those with the largest amounts.
#[derive(Default)]
struct Ranking {
    users: u64,
    top: BinaryHeap<Reverse<(i64, Reverse<UserNo>)>>,
}

impl Ranking {
    fn add(&mut self, amount: i64, user_no: UserNo, keep: usize) {
        self.users += 1;
        self.top.push(Reverse((amount, Reverse(user_no))));
        if self.top.len() > keep {
            self.top.pop();
        }
    }
}

impl Derived {
    /// How many users were active, and what all used of each configured resource, as far as derived
    /// files show it.
    pub(crate) fn totals(
        &self,
        ledger: &Connection,
        range: DayRange,
        top: usize,
    ) -> Result<(u64, Vec<ResourceUse>), StoreError> {
        let uses = self.snapshot(|snapshot| {
            let mut active = snapshot.users_of_flows(range)?;
            let mut rankings = snapshot.rank_flows(&active, range, top)?;
            let mut uses = Vec::new();
            for resource in snapshot.resources.configured() {
                let Some(known) = snapshot.resources.find(&resource) else {
                    uses.push(ResourceUse { resource, amount: 0, users: 0, top: Vec::new() });
                    continue;
                };
                let (amount, ranking) = match known.kind {
                    ResourceKind::Flow => {
                        let ranking = rankings.remove(&known.number).unwrap_or_default();
                        (snapshot.flow_total(known, range)?, ranking)
                    }
                    ResourceKind::Level => snapshot.rank_level(known, top)?,
                };
                uses.push(told(ledger, resource, amount, ranking)?);
            }
            snapshot.add_users_of_levels(&mut active, range)?;
            Ok((active.len() as u64, uses))
        })?;
        Ok(uses)
    }

    /// What all users used of a resource on each day of a range, as far as derived files show it.
    pub(crate) fn series(
        &self,
        resource: &ResourceName,
        range: DayRange,
    ) -> Result<Vec<DayUse>, StoreError> {
        let empty = |day| DayUse { day, amount: 0, users: 0 };
        let mut days: Vec<DayUse> = (range.first..=range.last).map(empty).collect();
        self.snapshot(|snapshot| {
            let Some(known) = snapshot.resources.find(resource) else { return Ok(()) };
            let users = match known.kind {
                ResourceKind::Flow => snapshot.users_of_flows(range)?,
                ResourceKind::Level => snapshot.users_of_level(known)?,
            };
            for user_no in users {
                add_days(&mut days, known, &snapshot.books(user_no, range)?);
            }
            Ok(())
        })?;
        Ok(days)
    }
}

/// Adds a user's days to those of all.
fn add_days(days: &mut [DayUse], resource: Numbered, books: &BTreeMap<i64, DayBook>) {
    let first = days.first().map_or(0, |row| row.day);
    let before = books.range(..first).next_back();
    let mut closing = before.map_or(0, |(_, book)| book.closing(resource.number));
    for row in days {
        let book = books.get(&row.day);
        let (amount, counts) = match resource.kind {
            ResourceKind::Flow => match book.and_then(|book| book.moved(resource.number)) {
                Some(moved) => (moved, true),
                None => (0, false),
            },
            ResourceKind::Level => {
                closing = book.map_or(closing, |book| book.closing(resource.number));
                (closing, closing > 0)
            }
        };
        // All users together may hold more than 64 bits: the sum stops at their end.
        row.amount = row.amount.saturating_add(amount);
        row.users += u64::from(counts);
    }
}

impl Snapshot<'_> {
    fn flow_total(&self, flow: Numbered, range: DayRange) -> Result<i64, DerivedError> {
        let sql = "SELECT coalesce(sum(amount), 0) FROM total \
                   WHERE resource_no = ?1 AND day BETWEEN ?2 AND ?3";
        let mut select = self.tx.prepare_cached(sql)?;
        Ok(select.query_row(params![flow.number, range.first, range.last], |row| row.get(0))?)
    }

    /// The users who have used a flow in a range.
    fn users_of_flows(&self, range: DayRange) -> Result<BTreeSet<UserNo>, DerivedError> {
        let sql = "SELECT DISTINCT user_no FROM active WHERE day BETWEEN ?1 AND ?2";
        let mut select = self.tx.prepare_cached(sql)?;
        let users = select.query_map([range.first, range.last], |row| row.get(0))?;
        Ok(users.collect::<rusqlite::Result<_>>()?)
    }

    /// The users who have ever moved a level.
    fn users_of_level(&self, level: Numbered) -> Result<BTreeSet<UserNo>, DerivedError> {
        let sql = "SELECT user_no FROM level WHERE resource_no = ?1";
        let mut select = self.tx.prepare_cached(sql)?;
        let users = select.query_map([level.number], |row| row.get(0))?;
        Ok(users.collect::<rusqlite::Result<_>>()?)
    }

    /// Adds those who have moved a level in a range.
    fn add_users_of_levels(
        &self,
        active: &mut BTreeSet<UserNo>,
        range: DayRange,
    ) -> Result<(), DerivedError> {
        let mut select = self.tx.prepare_cached("SELECT DISTINCT user_no FROM level")?;
        let users = select.query_map([], |row| row.get(0))?;
        for user_no in users.collect::<rusqlite::Result<Vec<UserNo>>>()? {
            if active.contains(&user_no) {
                continue;
            }
            let books = self.books(user_no, range)?;
            let mut days = books.range(range.first..=range.last);
            if days.any(|(_, book)| !book.lines.is_empty()) {
                active.insert(user_no);
            }
        }
        Ok(())
    }

    /// Ranks these users, flow by flow.
    fn rank_flows(
        &self,
        users: &BTreeSet<UserNo>,
        range: DayRange,
        top: usize,
    ) -> Result<BTreeMap<i64, Ranking>, DerivedError> {
        let mut rankings: BTreeMap<i64, Ranking> = BTreeMap::new();
        for &user_no in users {
            let mut sums: BTreeMap<i64, i64> = BTreeMap::new();
            for (_, book) in self.books(user_no, range)?.range(range.first..=range.last) {
                for line in &book.lines {
                    *sums.entry(line.resource_no).or_default() += line.total;
                }
            }
            for (resource_no, amount) in sums {
                rankings.entry(resource_no).or_default().add(amount, user_no, top);
            }
        }
        Ok(rankings)
    }

    fn rank_level(&self, level: Numbered, top: usize) -> Result<(i64, Ranking), DerivedError> {
        let sql = "SELECT user_no, amount FROM level WHERE resource_no = ?1 AND amount > 0";
        let mut select = self.tx.prepare_cached(sql)?;
        let mut rows = select.query([level.number])?;
        let (mut total, mut ranking) = (0, Ranking::default());
        while let Some(row) = rows.next()? {
            let (user_no, amount): (UserNo, i64) = (row.get(0)?, row.get(1)?);
            total += amount;
            ranking.add(amount, user_no, top);
        }
        Ok((total, ranking))
    }
}

fn told(
    ledger: &Connection,
    resource: ResourceName,
    amount: i64,
    ranking: Ranking,
) -> Result<ResourceUse, DerivedError> {
    let ranked = ranking.top.into_sorted_vec().into_iter();
    let top = ranked
        .map(|Reverse((amount, Reverse(user_no)))| {
            Ok(UserAmount { user: user_id(ledger, user_no)?, amount })
        })
        .collect::<Result<_, DerivedError>>()?;
    Ok(ResourceUse { resource, amount, users: ranking.users, top })
}
