//! Tiers: look at them, and replace one.

use crate::{cx::Cx, error::AppError};
use novacore_access::{Administer, AuditAction, AuditEntry, Permit, Reason};
use novacore_ledger::{Limit, Tier};
use novacore_vocab::TierName;
use serde_json::{Value, json};

/// All tiers by ascending rank.
pub fn list(cx: &Cx, _permit: Permit<Administer>) -> Vec<Tier> {
    cx.ledger.policy().tiers().into_iter().cloned().collect()
}

/// A tier.
pub fn find(cx: &Cx, _permit: Permit<Administer>, name: &TierName) -> Result<Tier, AppError> {
    cx.ledger.policy().tier(name).cloned().ok_or(AppError::NotFound("tier"))
}

/// Adds or replaces a tier; the tier as it is in force then.
pub async fn put(
    cx: &Cx,
    permit: Permit<Administer>,
    tier: Tier,
    reason: Reason,
) -> Result<Tier, AppError> {
    let policy = cx.ledger.policy();
    policy.with_tier(tier.clone()).map_err(|error| AppError::invalid("limits", error))?;
    let audit = AuditEntry {
        actor: permit.actor(),
        action: AuditAction::PutTier,
        target: format!("tier:{}", tier.name),
        before: policy.tier(&tier.name).map(|before| view(before).to_string()),
        after: Some(view(&tier).to_string()),
        reason,
        at: cx.clock.now(),
    };
    let name = tier.name.clone();
    let policy = cx.ledger.put_tier(tier, &audit).await?;
    policy.tier(&name).cloned().ok_or(AppError::NotFound("tier"))
}

/// A tier for the audit log.
fn view(tier: &Tier) -> Value {
    let limit = |limit: &Limit| {
        json!({
            "name": limit.name, "cap": limit.cap.shown(), "window": limit.window,
            "mode": limit.mode.to_string(), "warnAt": limit.warn_at,
        })
    };
    let limits: serde_json::Map<String, Value> = tier
        .limits
        .iter()
        .map(|(resource, limits)| (resource.to_string(), limits.iter().map(limit).collect()))
        .collect();
    json!({ "rank": tier.rank, "limits": limits })
}
