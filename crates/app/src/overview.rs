//! What all users together use, for the operator.

use crate::{cx::Cx, error::AppError};
use novacore_access::{Administer, Permit};
use novacore_store::ledger::DayRange;
use novacore_vocab::{ResourceName, Timestamp, UserId};

/// Most users of a ranking.
pub const TOP_MAX: usize = 100;

/// What all users together used.
#[derive(Clone, Debug)]
pub struct Overview {
    /// When it was counted: of many users, some minutes ago.
    pub counted_at: Timestamp,
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
    pub top: Vec<(UserId, i64)>,
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
    let uses = totals.resources.into_iter().map(|one| ResourceUse {
        resource: one.resource,
        amount: one.amount,
        users: one.users,
        top: one.top.into_iter().map(|user| (user.user, user.amount)).collect(),
    });
    Ok(Overview { counted_at: totals.counted_at, resources: uses.collect() })
}
