//! What all users together use, for the operator.

use crate::{cx::Cx, error::AppError, people};
use novacore_access::{Administer, Permit};
use novacore_store::ledger::{self, DayRange};
use novacore_vocab::{ResourceName, Timestamp, UserId};

/// Most users of a ranking.
pub const TOP_MAX: usize = 100;

/// What all users together used.
#[derive(Clone, Debug)]
pub struct Overview {
    /// When it was counted: of many users, some minutes ago.
    pub counted_at: Timestamp,
    /// How many users have used anything in the range.
    pub active_users: u64,
    /// One for each resource, by name.
    pub resources: Vec<ResourceUse>,
}

/// How much all users together used of a resource.
#[derive(Clone, Debug)]
pub struct ResourceUse {
    /// The resource.
    pub resource: ResourceName,
    /// The sum of a flow over the range, or what is held of a level now.
    pub amount: i64,
    /// How many users have used it in the range, or hold some of a level now.
    pub users: u64,
    /// Those who used most, first, with their amounts.
    pub top: Vec<TopUser>,
}

/// One of those who used most.
#[derive(Clone, Debug)]
pub struct TopUser {
    /// The user.
    pub user: UserId,
    /// His e-mail, if he has one.
    pub email: Option<String>,
    /// How much.
    pub amount: i64,
}

/// What all users together used of a resource, day by day.
#[derive(Clone, Debug)]
pub struct Series {
    /// When it was counted: of many users, some minutes ago.
    pub counted_at: Timestamp,
    /// Every day of the range, ascending.
    pub days: Vec<DayUse>,
}

/// What all users together used of a resource on a UTC day.
#[derive(Clone, Copy, Debug)]
pub struct DayUse {
    /// Days since 1970-01-01.
    pub day: i64,
    /// The sum of a flow, or what all held of a level at the day's end.
    pub amount: i64,
    /// How many users have used it, or held some at the day's end.
    pub users: u64,
}

/// The last `days` days, today included, of one resource.
pub async fn series(
    cx: &Cx,
    _permit: Permit<Administer>,
    resource: &ResourceName,
    days: i64,
) -> Result<Series, AppError> {
    if cx.ledger.policy().resource(resource).is_none() {
        return Err(AppError::resource_unknown(resource));
    }
    let range = DayRange::last_days(days, cx.clock.now());
    let series = cx.ledger.series(resource, range).await?;
    let day = |one: ledger::DayUse| DayUse { day: one.day, amount: one.amount, users: one.users };
    let days = series.days.into_iter().map(day).collect();
    Ok(Series { counted_at: series.counted_at, days })
}

/// Use of the last `days` days per resource, with the `top` users of each.
pub async fn overview(
    cx: &Cx,
    _permit: Permit<Administer>,
    days: i64,
    top: usize,
) -> Result<Overview, AppError> {
    let range = DayRange::last_days(days, cx.clock.now());
    let totals = cx.ledger.totals(range, top.min(TOP_MAX)).await?;
    let mut resources = Vec::with_capacity(totals.resources.len());
    for one in totals.resources {
        let mut top = Vec::with_capacity(one.top.len());
        for used in one.top {
            let email = people::email_of(cx, used.user).await?;
            top.push(TopUser { user: used.user, email, amount: used.amount });
        }
        let (resource, amount, users) = (one.resource, one.amount, one.users);
        resources.push(ResourceUse { resource, amount, users, top });
    }
    Ok(Overview { counted_at: totals.counted_at, active_users: totals.active_users, resources })
}
