//! What an operator looks at: series of all users, decisions, and what a tier would change.

use super::admin::tier_name;
use crate::{
    body::{Json, Path, Query, bounded},
    router::ApiState,
    view,
};
use axum::{Json as Reply, extract::State};
use novacore_app::{decisions, overrides, overview, preview, refusals, report};
use novacore_edge::{Failure, caller::Caller};
use novacore_ledger::Cap;
use novacore_vocab::{ResourceName, Timestamp};
use novacore_wire::{models::ResourceDaysQuery, operate as wire};

/// Refusals that are shown if nobody says how many, and most of them.
const REFUSALS_DEFAULT: i64 = 50;
const REFUSALS_MAX: i64 = 200;

/// The resource and the days of a query.
pub(super) fn resource_days(query: &ResourceDaysQuery) -> Result<(ResourceName, i64), Failure> {
    let named = query.resource_type.as_deref();
    let named = named.ok_or_else(|| Failure::invalid("resourceType", "must be named"))?;
    let days = bounded("days", query.days.as_deref(), 30, report::REPORT_DAYS_MAX)?;
    Ok((view::resource(named)?, days))
}

pub(crate) async fn series(
    State(state): State<ApiState>,
    caller: Caller,
    Query(query): Query<ResourceDaysQuery>,
) -> Result<Reply<wire::UsageSeries>, Failure> {
    let permit = caller.principal.administer()?;
    let (resource, days) = resource_days(&query)?;
    let series = overview::series(&state.cx, permit, &resource, days).await?;
    let row = |day: &overview::DayUse| wire::SeriesDay {
        date: Timestamp::from_day_number(day.day).date(),
        amount: day.amount,
        users: day.users,
    };
    Ok(Reply(wire::UsageSeries {
        resource_type: resource,
        days,
        series: series.days.iter().map(row).collect(),
        timestamp: series.counted_at,
    }))
}

pub(crate) async fn decisions(
    State(state): State<ApiState>,
    caller: Caller,
    Query(query): Query<wire::DecisionsQuery>,
) -> Result<Reply<wire::Decisions>, Failure> {
    let permit = caller.principal.administer()?;
    let limit = bounded("limit", query.limit.as_deref(), REFUSALS_DEFAULT, REFUSALS_MAX)?;
    let (since, all) = decisions::decisions(&state.cx, permit);
    let refused = refusals::list_all(&state.cx, permit, limit as usize).await?;
    let row = |one: decisions::ResourceDecisions| wire::DecisionRow {
        resource_type: one.resource,
        admitted: one.admitted,
        replayed: one.replayed,
        refused_quota: one.refused_quota,
        refused_other: one.refused_other,
        failed: one.failed,
    };
    Ok(Reply(wire::Decisions {
        since,
        decisions: all.into_iter().map(row).collect(),
        refusals: refused.into_iter().map(view::refusals::user_refusal).collect(),
    }))
}

pub(crate) async fn list_overrides(
    State(state): State<ApiState>,
    caller: Caller,
    Path(user): Path<String>,
) -> Result<Reply<wire::OverrideList>, Failure> {
    let permit = caller.principal.administer()?;
    let user = super::auth::user_of(&user)?;
    let all = overrides::list(&state.cx, permit, user).await?;
    let now = state.cx.clock.now();
    let overrides = all.iter().map(|own| view::override_of(user, own, now)).collect();
    Ok(Reply(wire::OverrideList { overrides }))
}

pub(crate) async fn preview(
    State(state): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    Json(ask): Json<wire::PreviewRequest>,
) -> Result<Reply<wire::TierPreview>, Failure> {
    let permit = caller.principal.administer()?;
    let limits = ask.limits.into_iter();
    let limits = limits
        .map(|(resource, limits)| (resource, limits.into_iter().map(view::limit_of).collect()));
    let name = tier_name(&name)?;
    let seen = preview::preview(&state.cx, permit, name, limits.collect()).await?;
    Ok(Reply(preview_of(seen)))
}

fn preview_of(seen: preview::TierPreview) -> wire::TierPreview {
    let cap = |cap: Option<Cap>| cap.map(Cap::shown);
    let change = |one: preview::LimitChange| wire::PreviewChange {
        resource_type: one.resource,
        name: one.limit,
        window: one.window,
        cap_before: cap(one.before),
        cap_after: cap(one.after),
        users_over: one.users_over,
    };
    let example = |one: preview::Example| wire::PreviewExample {
        user_id: one.user,
        email: one.email,
        resource_type: one.resource,
        name: one.limit,
        used: one.used,
        cap_before: cap(one.before),
        cap_after: cap(one.after),
    };
    wire::TierPreview {
        tier: seen.tier,
        users: seen.users as u64,
        is_complete: seen.is_complete,
        changes: seen.changes.into_iter().map(change).collect(),
        examples: seen.examples.into_iter().map(example).collect(),
    }
}
