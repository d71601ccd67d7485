//! Every limit of an account, and what the next tier would give.

use crate::{cx::Cx, error::AppError};
use novacore_access::{Permit, ReadUsage};
use novacore_ledger::{LimitState, Standing, Tier, limit_states, standing};
use novacore_vocab::{ResourceSpec, TierName, Timestamp, UserId};

/// All limits of an account.
#[derive(Clone, Debug)]
pub struct LimitsReport {
    /// Whose they are.
    pub user: UserId,
    /// The tier in force.
    pub tier: TierName,
    /// The time for which it is true.
    pub at: Timestamp,
    /// One per configured resource, by name.
    pub resources: Vec<ResourceLimits>,
    /// The tier that follows by rank; `None` for one on the highest.
    pub upgrade: Option<Tier>,
}

/// What limits a resource.
#[derive(Clone, Debug)]
pub struct ResourceLimits {
    /// The resource.
    pub spec: ResourceSpec,
    /// Where the account stands with it.
    pub standing: Standing,
    /// Its limits in the tier's order; empty if nothing limits it.
    pub limits: Vec<LimitState>,
}

/// The limits of the permit's account as they are now.
pub async fn limits(cx: &Cx, permit: Permit<ReadUsage>) -> Result<LimitsReport, AppError> {
    let user = permit.account().user;
    let view = cx.ledger.account(user).await?;
    let policy = cx.ledger.policy();
    let at = cx.clock.now().max(view.state.last_at);
    let resources = policy.resources().map(|spec| ResourceLimits {
        standing: standing(&view.state, &policy, &spec.name, at),
        limits: limit_states(&view.state, &policy, &spec.name, at),
        spec: spec.clone(),
    });
    let profile = &view.state.profile;
    Ok(LimitsReport {
        user,
        tier: profile.tier.clone(),
        at,
        resources: resources.collect(),
        upgrade: policy.next_tier(profile).cloned(),
    })
}
