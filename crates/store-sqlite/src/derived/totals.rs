//! What all users together used.

use super::{
    Derived,
    error::DerivedError,
    read::{Snapshot, user_id},
    resources::Numbered,
};
use crate::row::UserNo;
use novacore_store::{
    error::StoreError,
    ledger::{DayRange, ResourceUse, UserAmount},
};
use novacore_vocab::{ResourceKind, ResourceName};
use rusqlite::{Connection, params};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
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
    /// What all users used of each configured resource, as far as derived files show it.
    pub(crate) fn totals(
        &self,
        ledger: &Connection,
        range: DayRange,
        top: usize,
    ) -> Result<Vec<ResourceUse>, StoreError> {
        let uses = self.snapshot(|snapshot| {
            let mut rankings = snapshot.rank_flows(range, top)?;
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
            Ok(uses)
        })?;
        Ok(uses)
    }
}

impl Snapshot<'_> {
    fn flow_total(&self, flow: Numbered, range: DayRange) -> Result<i64, DerivedError> {
        let sql = "SELECT coalesce(sum(amount), 0) FROM total \
                   WHERE resource_no = ?1 AND day BETWEEN ?2 AND ?3";
        let mut select = self.tx.prepare_cached(sql)?;
        Ok(select.query_row(params![flow.number, range.first, range.last], |row| row.get(0))?)
    }

    /// Ranks the users who were active in a range, flow by flow.
    fn rank_flows(
        &self,
        range: DayRange,
        top: usize,
    ) -> Result<BTreeMap<i64, Ranking>, DerivedError> {
        let sql = "SELECT DISTINCT user_no FROM active WHERE day BETWEEN ?1 AND ?2";
        let mut select = self.tx.prepare_cached(sql)?;
        let users = select.query_map([range.first, range.last], |row| row.get(0))?;
        let users = users.collect::<rusqlite::Result<Vec<UserNo>>>()?;
        let mut rankings: BTreeMap<i64, Ranking> = BTreeMap::new();
        for user_no in users {
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
