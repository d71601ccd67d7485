//! What an account uses and used: every report about one user is made of these.

use crate::{cx::Cx, error::AppError};
use novacore_access::{Permit, ReadUsage};
use novacore_ledger::{Standing, standing};
use novacore_store::ledger::{DayAmount, DayRange};
use novacore_vocab::{ResourceName, ResourceSpec, TierName, Timestamp, UserId};

/// Longest report, in days.
pub const REPORT_DAYS_MAX: i64 = 365;

/// Where an account stands with every resource.
#[derive(Clone, Debug)]
pub struct AccountReport {
    /// Whose it is.
    pub user: UserId,
    /// The tier in force.
    pub tier: TierName,
    /// The time for which it is true.
    pub at: Timestamp,
    /// One row per configured resource, by name.
    pub rows: Vec<(ResourceSpec, Standing)>,
}

impl AccountReport {
    /// The row of a resource, if it is configured.
    pub fn row(&self, resource: &str) -> Option<&(ResourceSpec, Standing)> {
        self.rows.iter().find(|(spec, _)| spec.name.as_str() == resource)
    }
}

/// Where the account stands now.
pub async fn account(cx: &Cx, permit: Permit<ReadUsage>) -> Result<AccountReport, AppError> {
    let user = permit.account().user;
    let view = cx.ledger.account(user).await?;
    let policy = cx.ledger.policy();
    let at = cx.clock.now().max(view.state.last_at);
    let rows = policy
        .resources()
        .map(|spec| (spec.clone(), standing(&view.state, &policy, &spec.name, at)))
        .collect();
    Ok(AccountReport { user, tier: view.state.profile.tier.clone(), at, rows })
}

/// One row for each of the last `days` days, today included.
pub async fn days(
    cx: &Cx,
    permit: Permit<ReadUsage>,
    resource: &ResourceName,
    days: i64,
) -> Result<Vec<DayAmount>, AppError> {
    if cx.ledger.policy().resource(resource).is_none() {
        return Err(AppError::resource_unknown(resource));
    }
    let range = DayRange::last_days(days, cx.clock.now());
    Ok(cx.ledger.days(permit.account().user, resource, range).await?)
}
