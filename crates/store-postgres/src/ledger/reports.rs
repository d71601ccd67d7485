//! Days and totals, from the roll-ups of days.
//!
//! Invariant: a day without a row is a day on which nothing moved.

use super::{
    entry::resource,
    place::Place,
    reads::{query, query_within},
};
use crate::{address::REPORT, distribution::Distribution, pool::Pool};
use novacore_ledger::Policy;
use novacore_store::{
    book::kind_of,
    error::StoreError,
    ledger::{DayAmount, DayRange, DayUse, ResourceUse, Totals, UserAmount},
};
use novacore_vocab::{ResourceKind, ResourceName, Timestamp, UserId};
use std::collections::{BTreeMap, BTreeSet};
use tokio_postgres::types::ToSql;

const DAYS: &str = "SELECT day, amount, closing FROM usage_day \
     WHERE bucket = $1 AND user_id = $2 AND resource_type = $3 AND day BETWEEN $4 AND $5";
const CLOSING_BEFORE: &str = "SELECT closing FROM usage_day \
     WHERE bucket = $1 AND user_id = $2 AND resource_type = $3 AND day < $4 \
     ORDER BY day DESC LIMIT 1";
/// From name to name along the index: there are few names and many days.
const RESOURCES: &str = "WITH RECURSIVE name AS (\
     (SELECT resource_type FROM usage_day ORDER BY resource_type LIMIT 1) UNION ALL \
     SELECT (SELECT d.resource_type FROM usage_day d WHERE d.resource_type > name.resource_type \
     ORDER BY d.resource_type LIMIT 1) FROM name WHERE name.resource_type IS NOT NULL) \
     SELECT resource_type FROM name WHERE resource_type IS NOT NULL";
/// Over shards a query may not be recursive; there they share the walk through all days.
const RESOURCES_OF_SHARDS: &str = "SELECT DISTINCT resource_type FROM usage_day";
/// How many accounts are there, without counting more than that.
const ACCOUNTS: &str = "SELECT count(*) FROM (SELECT FROM account LIMIT $1) AS counted";
/// Of so many users the days are walked through whenever they are asked for.
const USERS_FEW: i64 = 1_000;
/// The days are walked through once, for the sum and for the ranking. All users together may hold
/// more than 64 bits: the sum stops at their end.
const USE: &str = "WITH own AS MATERIALIZED (\
     SELECT user_id, sum(amount) AS amount FROM usage_day \
     WHERE resource_type = $1 AND day BETWEEN $2 AND $3 GROUP BY bucket, user_id \
     HAVING NOT $5 OR sum(amount) > 0) \
     SELECT user_id, amount::bigint, greatest(least(sum(amount) OVER (), 9223372036854775807), \
     -9223372036854775808)::bigint, count(*) OVER () FROM own \
     ORDER BY amount DESC, user_id LIMIT $4";

const ACTIVE: &str = "SELECT count(*) FROM (SELECT DISTINCT bucket, user_id FROM usage_day \
     WHERE resource_type = ANY($1) AND day BETWEEN $2 AND $3) AS active";
/// What was used on each day, and by how many.
const FLOW_DAYS: &str = "SELECT day, greatest(least(sum(amount), 9223372036854775807), \
     -9223372036854775808)::bigint, count(*) FROM usage_day \
     WHERE resource_type = $1 AND day BETWEEN $2 AND $3 GROUP BY day";
/// By how much a level moved on each day, and by how many the number of those grew who hold some.
/// What was before the range counts as one day before it.
const LEVEL_DAYS: &str = "WITH own AS (SELECT greatest(day, $2 - 1) AS day, amount, closing, \
     lag(closing, 1, 0::bigint) OVER (PARTITION BY bucket, user_id ORDER BY day) AS before \
     FROM usage_day WHERE resource_type = $1 AND day <= $3) \
     SELECT day, greatest(least(sum(amount), 9223372036854775807), \
     -9223372036854775808)::bigint, \
     sum((closing > 0)::int - (before > 0)::int) FROM own GROUP BY day";

/// What all users together used.
#[derive(Clone, Debug)]
pub(crate) struct AllUse {
    pub(crate) active_users: u64,
    pub(crate) resources: Vec<ResourceUse>,
}

impl AllUse {
    /// With as many users of each resource as were asked for.
    pub(crate) fn told(mut self, counted_at: Timestamp, top: usize) -> Totals {
        self.resources.iter_mut().for_each(|one| one.top.truncate(top));
        Totals { counted_at, active_users: self.active_users, resources: self.resources }
    }
}

/// What all users used of a resource on each day of a range. Takes long if they are many.
pub(crate) async fn series(
    pool: &Pool,
    kind: ResourceKind,
    resource: &ResourceName,
    range: DayRange,
) -> Result<Vec<DayUse>, StoreError> {
    let sql = match kind {
        ResourceKind::Flow => FLOW_DAYS,
        ResourceKind::Level => LEVEL_DAYS,
    };
    let asked: [&(dyn ToSql + Sync); 3] =
        [&resource.as_str(), &day_no(range.first), &day_no(range.last)];
    let rows = query_within(REPORT, pool, sql, &asked).await?;
    let stored = rows.iter().map(|row| (i64::from(row.get::<_, i32>(0)), (row.get(1), row.get(2))));
    let stored: BTreeMap<i64, (i64, i64)> = stored.collect();
    let none = (0, 0);
    let mut held = stored.get(&(range.first - 1)).copied().unwrap_or(none);
    let day_use = |day: i64| {
        let (amount, users) = stored.get(&day).copied().unwrap_or(none);
        let (amount, users) = match kind {
            ResourceKind::Flow => (amount, users),
            ResourceKind::Level => {
                held = (held.0.saturating_add(amount), held.1 + users);
                held
            }
        };
        DayUse { day, amount, users: u64::try_from(users).unwrap_or(0) }
    };
    Ok((range.first..=range.last).map(day_use).collect())
}

/// One row for every day of the range, ascending.
pub(crate) async fn days(
    pool: &Pool,
    place: Place,
    policy: &Policy,
    resource: &ResourceName,
    range: DayRange,
) -> Result<Vec<DayAmount>, StoreError> {
    let (first, last) = (day_no(range.first), day_no(range.last));
    let (bucket, user, name) = (place.bucket, place.user.0, resource.as_str());
    let rows = query(pool, DAYS, &[&bucket, &user, &name, &first, &last]).await?;
    let kind = kind_of(policy, resource);
    let mut level = 0;
    if kind == ResourceKind::Level {
        let before = query(pool, CLOSING_BEFORE, &[&bucket, &user, &name, &first]).await?;
        level = before.first().and_then(|row| row.get(0)).unwrap_or(0);
    }
    let stored: BTreeMap<i64, (i64, Option<i64>)> = rows
        .iter()
        .map(|row| (i64::from(row.get::<_, i32>(0)), (row.get(1), row.get(2))))
        .collect();
    let amount = |day: i64| {
        let found = stored.get(&day);
        match kind {
            ResourceKind::Flow => found.map_or(0, |(amount, _)| *amount),
            ResourceKind::Level => {
                level = found.and_then(|(_, closing)| *closing).unwrap_or(level);
                level
            }
        }
    };
    let mut amount = amount;
    Ok((range.first..=range.last).map(|day| DayAmount { day, amount: amount(day) }).collect())
}

/// Whether so few users are there that counting what they used costs nothing.
pub(crate) async fn are_few(pool: &Pool) -> Result<bool, StoreError> {
    let rows = query(pool, ACCOUNTS, &[&(USERS_FEW + 1)]).await?;
    Ok(rows.first().is_some_and(|row| row.get::<_, i64>(0) <= USERS_FEW))
}

/// What all users used of each resource, with the `top` users of each. Takes long if they are many.
pub(crate) async fn totals(
    pool: &Pool,
    distribution: Distribution,
    policy: &Policy,
    range: DayRange,
    top: usize,
) -> Result<AllUse, StoreError> {
    let resources = match distribution {
        Distribution::None => RESOURCES,
        Distribution::Citus => RESOURCES_OF_SHARDS,
    };
    let rows = query_within(REPORT, pool, resources, &[]).await?;
    let mut names: BTreeSet<ResourceName> =
        policy.resources().map(|spec| spec.name.clone()).collect();
    for row in &rows {
        names.insert(resource(row.get(0))?);
    }
    let texts: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    let asked: [&(dyn ToSql + Sync); 3] = [&texts, &day_no(range.first), &day_no(range.last)];
    let active = query_within(REPORT, pool, ACTIVE, &asked).await?;
    let active_users = active.first().map_or(0, |row| row.get::<_, i64>(0) as u64);
    let mut resources = Vec::with_capacity(names.len());
    for name in names {
        resources.push(total(pool, policy, name, range, top).await?);
    }
    Ok(AllUse { active_users, resources })
}

async fn total(
    pool: &Pool,
    policy: &Policy,
    resource: ResourceName,
    range: DayRange,
    top: usize,
) -> Result<ResourceUse, StoreError> {
    // What is held of a level now is all that ever moved it.
    let (first, last, is_level) = match kind_of(policy, &resource) {
        ResourceKind::Flow => (day_no(range.first), day_no(range.last), false),
        ResourceKind::Level => (i32::MIN, i32::MAX, true),
    };
    let name = resource.as_str();
    // The sum comes with a row of the ranking, even where none is asked for.
    let limit = i64::try_from(top.max(1)).unwrap_or(i64::MAX);
    let asked: [&(dyn ToSql + Sync); 5] = [&name, &first, &last, &limit, &is_level];
    let rows = query_within(REPORT, pool, USE, &asked).await?;
    let (amount, users) =
        rows.first().map_or((0, 0), |row| (row.get(2), row.get::<_, i64>(3) as u64));
    let user =
        |row: &tokio_postgres::Row| UserAmount { user: UserId(row.get(0)), amount: row.get(1) };
    let top = rows.iter().take(top).map(user).collect();
    Ok(ResourceUse { resource, amount, users, top })
}

/// A day as stored; days beyond are as good as the ends.
fn day_no(day: i64) -> i32 {
    i32::try_from(day).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX })
}
