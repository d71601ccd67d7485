//! What all users together use, for the operator.

use crate::{cx::Cx, error::AppError};
use novacore_access::{Administer, Permit};
use novacore_store::ledger::{DayRange, ResourceUse};

/// Most users of a ranking.
pub const TOP_MAX: usize = 100;

/// Use of the last `days` days per resource, with the `top` users of each.
pub async fn overview(
    cx: &Cx,
    _permit: Permit<Administer>,
    days: i64,
    top: usize,
) -> Result<Vec<ResourceUse>, AppError> {
    let range = DayRange::last_days(days, cx.clock.now());
    Ok(cx.ledger.totals(range, top.min(TOP_MAX)).await?)
}
