//! Overrides: an operator's replacement of parts of one user's limit.

use crate::{cx::Cx, error::AppError};
use novacore_access::{Administer, AuditAction, AuditEntry, Permit, Reason};
use novacore_ledger::{Cap, LimitName, Mode, Override};
use novacore_vocab::{ResourceName, Timestamp, UserId};
use serde_json::json;

/// Which limit of which user.
#[derive(Clone, Debug)]
pub struct OverrideTarget {
    /// The user.
    pub user: UserId,
    /// The resource.
    pub resource: ResourceName,
    /// The limit; the resource's first if absent.
    pub limit: Option<LimitName>,
}

/// What is replaced.
#[derive(Clone, Debug)]
pub struct OverrideAsk {
    /// The cap.
    pub cap: Option<Cap>,
    /// The mode.
    pub mode: Option<Mode>,
    /// The warning thresholds.
    pub warn_at: Option<Vec<u8>>,
    /// From when on it no longer applies.
    pub expires_at: Option<Timestamp>,
}

/// The override of a limit, expired or not.
pub async fn find(
    cx: &Cx,
    _permit: Permit<Administer>,
    target: &OverrideTarget,
) -> Result<Override, AppError> {
    current(cx, target).await?.ok_or(AppError::NotFound("override"))
}

/// All overrides of a user, expired or not, by resource and limit.
pub async fn list(
    cx: &Cx,
    _permit: Permit<Administer>,
    user: UserId,
) -> Result<Vec<Override>, AppError> {
    let view = cx.ledger.account(user).await?;
    let mut all = view.state.profile.overrides.clone();
    all.sort_by(|one, other| (&one.resource, &one.limit).cmp(&(&other.resource, &other.limit)));
    Ok(all)
}

/// Sets the override of a limit that the user's tier has.
pub async fn put(
    cx: &Cx,
    permit: Permit<Administer>,
    target: &OverrideTarget,
    ask: OverrideAsk,
    reason: Reason,
) -> Result<Override, AppError> {
    check(cx, target, &ask).await?;
    let before = current(cx, target).await?;
    let value = Override {
        resource: target.resource.clone(),
        limit: target.limit.clone(),
        cap: ask.cap,
        mode: ask.mode,
        warn_at: ask.warn_at,
        expires_at: ask.expires_at,
        reason: reason.as_str().into(),
        author: permit.actor().to_string().into(),
        version: 0,
    };
    let after = Some(view(&value));
    let action = AuditAction::PutOverride;
    let audit = audit(cx, &permit, action, target, before.as_ref().map(view), after, reason);
    cx.ledger.put_override(target.user, value, &audit).await?;
    find(cx, permit, target).await
}

/// Removes the override of a limit.
pub async fn remove(
    cx: &Cx,
    permit: Permit<Administer>,
    target: &OverrideTarget,
    reason: Reason,
) -> Result<(), AppError> {
    let before = current(cx, target).await?;
    let action = AuditAction::RemoveOverride;
    let audit = audit(cx, &permit, action, target, before.as_ref().map(view), None, reason);
    let (user, limit) = (target.user, target.limit.as_ref());
    Ok(cx.ledger.remove_override(user, &target.resource, limit, &audit).await?)
}

async fn current(cx: &Cx, target: &OverrideTarget) -> Result<Option<Override>, AppError> {
    let view = cx.ledger.account(target.user).await?;
    let own = view.state.profile.overrides.iter();
    let found =
        own.into_iter().find(|own| own.resource == target.resource && own.limit == target.limit);
    Ok(found.cloned())
}

/// An override that replaces nothing, or a limit that is not there, is a mistake.
async fn check(cx: &Cx, target: &OverrideTarget, ask: &OverrideAsk) -> Result<(), AppError> {
    let policy = cx.ledger.policy();
    if policy.resource(&target.resource).is_none() {
        return Err(AppError::resource_unknown(&target.resource));
    }
    if ask.cap.is_none() && ask.mode.is_none() && ask.warn_at.is_none() {
        return Err(AppError::invalid("cap", "name at least one of cap, mode, warnAt"));
    }
    if matches!(ask.cap, Some(Cap::Of(cap)) if cap.get() < 0) {
        return Err(AppError::invalid("cap", "must be 0 or more, or -1 for unlimited"));
    }
    let percents = ask.warn_at.iter().flatten();
    if !percents.into_iter().all(|percent| (1..=100).contains(percent)) {
        return Err(AppError::invalid("warnAt", "percentages lie in 1..=100"));
    }
    let view = cx.ledger.account(target.user).await?;
    let profile = &view.state.profile;
    let mut limits = policy.limits(profile, &target.resource, cx.clock.now());
    let wanted = target.limit.as_ref();
    if !limits.any(|limit| wanted.is_none_or(|name| name == limit.name)) {
        return Err(AppError::invalid("limit", "the user's tier has no such limit"));
    }
    Ok(())
}

fn audit(
    cx: &Cx,
    permit: &Permit<Administer>,
    action: AuditAction,
    target: &OverrideTarget,
    before: Option<String>,
    after: Option<String>,
    reason: Reason,
) -> AuditEntry {
    let target = format!("user:{}", target.user);
    AuditEntry { actor: permit.actor(), action, target, before, after, reason, at: cx.clock.now() }
}

fn view(own: &Override) -> String {
    json!({
        "resource": own.resource, "limit": own.limit, "cap": own.cap.map(Cap::shown),
        "mode": own.mode.map(|mode| mode.to_string()), "warnAt": own.warn_at,
        "expiresAt": own.expires_at,
    })
    .to_string()
}
