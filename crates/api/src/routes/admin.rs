//! The operator's calls. Every write is in the audit log.

use super::auth::{known_tier, user_of};
use crate::{
    body::{Json, Path, Query, bounded},
    router::ApiState,
    view,
};
use axum::{
    Json as Reply,
    extract::State,
    response::{IntoResponse, Response},
};
use novacore_access::{Reason, Role, User};
use novacore_app::{
    overrides::{self, OverrideAsk, OverrideTarget},
    overview, people, report, tiers,
};
use novacore_edge::{Failure, caller::Caller};
use novacore_ledger::{LimitName, Tier};
use novacore_vocab::{TierName, human_amount};
use novacore_wire::{admin as wire, auth::Done};
use serde_json::value::RawValue;

const PAGE_ROWS_DEFAULT: i64 = 50;

pub(crate) fn reason(text: &str) -> Result<Reason, Failure> {
    Reason::parse(text).map_err(|error| Failure::invalid("reason", error))
}

pub(super) fn tier_name(text: &str) -> Result<TierName, Failure> {
    TierName::parse(text).map_err(|error| Failure::invalid("name", error))
}

pub(crate) async fn list_tiers(
    State(state): State<ApiState>,
    caller: Caller,
) -> Result<Reply<wire::TierList>, Failure> {
    let permit = caller.principal.administer()?;
    let tiers = tiers::list(&state.cx, permit);
    Ok(Reply(wire::TierList { tiers: tiers.iter().map(view::tier).collect() }))
}

pub(crate) async fn find_tier(
    State(state): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Reply<wire::TierView>, Failure> {
    let permit = caller.principal.administer()?;
    let tier = tiers::find(&state.cx, permit, &tier_name(&name)?)?;
    Ok(Reply(view::tier(&tier)))
}

pub(crate) async fn put_tier(
    State(state): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    Json(ask): Json<wire::PutTierRequest>,
) -> Result<Reply<wire::TierView>, Failure> {
    let permit = caller.principal.administer()?;
    let name = tier_name(&name)?;
    let known = tiers::list(&state.cx, permit);
    let before = known.iter().find(|tier| tier.name == name).map(|tier| tier.rank);
    let above = known.iter().map(|tier| tier.rank).max().unwrap_or(0).saturating_add(10);
    let limits = ask.limits.into_iter();
    let limits = limits
        .map(|(resource, limits)| (resource, limits.into_iter().map(view::limit_of).collect()));
    let rank = ask.rank.or(before).unwrap_or(above);
    let tier = Tier { name, rank, limits: limits.collect() };
    let tier = tiers::put(&state.cx, permit, tier, reason(&ask.reason)?).await?;
    Ok(Reply(view::tier(&tier)))
}

fn user_view(user: &User) -> wire::UserView {
    wire::UserView {
        id: user.id,
        email: user.email.as_ref().map(|email| email.as_str().to_owned()),
        role: user.role.as_str(),
        tier: user.tier.clone(),
        disabled: user.disabled,
        trial_ends_at: user.trial_ends_at,
        created_at: user.created_at,
    }
}

fn rows(limit: Option<&str>) -> Result<usize, Failure> {
    let most = people::PAGE_ROWS_MAX as i64;
    Ok(bounded("limit", limit, PAGE_ROWS_DEFAULT, most)? as usize)
}

pub(crate) async fn list_users(
    State(state): State<ApiState>,
    caller: Caller,
    Query(ask): Query<wire::UsersQuery>,
) -> Result<Reply<wire::UserPage>, Failure> {
    let permit = caller.principal.administer()?;
    let after = ask.cursor.as_deref().map(str::parse).transpose();
    let after = after.map_err(|_| Failure::invalid("cursor", "not a cursor"))?;
    let rows_max = rows(ask.limit.as_deref())?;
    let tier = ask.tier.as_deref().map(TierName::parse).transpose();
    let tier = tier.map_err(|error| Failure::invalid("tier", error))?;
    let ask = people::UsersAsk { search: ask.search, tier, after, rows_max };
    let users = people::users(&state.cx, permit, ask).await?;
    let next = users.last().filter(|_| users.len() == rows_max).map(|user| user.id.to_string());
    let users = users.iter().map(user_view).collect();
    Ok(Reply(wire::UserPage { users, next_cursor: next }))
}

pub(crate) async fn find_user(
    State(state): State<ApiState>,
    caller: Caller,
    Path(user): Path<String>,
) -> Result<Reply<wire::UserView>, Failure> {
    caller.principal.administer()?;
    let user = state.cx.auth.find_user(user_of(&user)?).await?;
    let user = user.ok_or(novacore_access::Denied::NotFound)?;
    Ok(Reply(user_view(&user)))
}

pub(crate) async fn set_tier(
    State(state): State<ApiState>,
    caller: Caller,
    Path(user): Path<String>,
    Json(ask): Json<wire::SetTierRequest>,
) -> Result<Reply<wire::UserView>, Failure> {
    let permit = caller.principal.administer()?;
    known_tier(&state, &ask.tier)?;
    let why = reason(&ask.reason)?;
    let user = state.cx.auth.set_tier(permit, user_of(&user)?, ask.tier, why).await?;
    Ok(Reply(user_view(&user)))
}

pub(crate) async fn set_role(
    State(state): State<ApiState>,
    caller: Caller,
    Path(user): Path<String>,
    Json(ask): Json<wire::SetRoleRequest>,
) -> Result<Reply<wire::UserView>, Failure> {
    let permit = caller.principal.administer()?;
    let role: Role = ask.role.parse().map_err(|error| Failure::invalid("role", error))?;
    let why = reason(&ask.reason)?;
    let user = state.cx.auth.set_role(permit, user_of(&user)?, role, why).await?;
    Ok(Reply(user_view(&user)))
}

pub(crate) async fn set_disabled(
    State(state): State<ApiState>,
    caller: Caller,
    Path(user): Path<String>,
    Json(ask): Json<wire::SetDisabledRequest>,
) -> Result<Reply<wire::UserView>, Failure> {
    let permit = caller.principal.administer()?;
    let why = reason(&ask.reason)?;
    let user = state.cx.auth.set_disabled(permit, user_of(&user)?, ask.disabled, why).await?;
    Ok(Reply(user_view(&user)))
}

fn target(user: &str, resource: &str, limit: Option<&str>) -> Result<OverrideTarget, Failure> {
    let limit = limit.map(LimitName::parse).transpose();
    Ok(OverrideTarget {
        user: user_of(user)?,
        resource: view::resource(resource)?,
        limit: limit.map_err(|error| Failure::invalid("limit", error))?,
    })
}

pub(crate) async fn find_override(
    State(state): State<ApiState>,
    caller: Caller,
    Path((user, resource)): Path<(String, String)>,
    Query(query): Query<wire::OverrideQuery>,
) -> Result<Reply<wire::OverrideView>, Failure> {
    let permit = caller.principal.administer()?;
    let target = target(&user, &resource, query.limit.as_deref())?;
    let own = overrides::find(&state.cx, permit, &target).await?;
    Ok(Reply(view::override_of(target.user, &own, state.cx.clock.now())))
}

pub(crate) async fn put_override(
    State(state): State<ApiState>,
    caller: Caller,
    Path((user, resource)): Path<(String, String)>,
    Query(query): Query<wire::OverrideQuery>,
    Json(ask): Json<wire::PutOverrideRequest>,
) -> Result<Reply<wire::OverrideView>, Failure> {
    let permit = caller.principal.administer()?;
    let target = target(&user, &resource, query.limit.as_deref())?;
    let why = reason(&ask.reason)?;
    let ask = OverrideAsk {
        cap: ask.cap.map(|cap| view::cap(cap.0)),
        mode: ask.mode.map(view::mode),
        warn_at: ask.warn_at,
        expires_at: ask.expires_at,
    };
    let own = overrides::put(&state.cx, permit, &target, ask, why).await?;
    Ok(Reply(view::override_of(target.user, &own, state.cx.clock.now())))
}

pub(crate) async fn remove_override(
    State(state): State<ApiState>,
    caller: Caller,
    Path((user, resource)): Path<(String, String)>,
    Query(query): Query<wire::RemoveOverrideQuery>,
) -> Result<Reply<Done>, Failure> {
    let permit = caller.principal.administer()?;
    let target = target(&user, &resource, query.limit.as_deref())?;
    let why = reason(query.reason.as_deref().unwrap_or_default())?;
    overrides::remove(&state.cx, permit, &target, why).await?;
    Ok(Reply(Done { success: true, message: "Override removed" }))
}

pub(crate) async fn usage(
    State(state): State<ApiState>,
    caller: Caller,
    Query(query): Query<wire::OverviewQuery>,
) -> Result<Reply<wire::Overview>, Failure> {
    let permit = caller.principal.administer()?;
    let days = bounded("days", query.days.as_deref(), 30, report::REPORT_DAYS_MAX)?;
    let top = bounded("top", query.top.as_deref(), 10, overview::TOP_MAX as i64)? as usize;
    let uses = overview::overview(&state.cx, permit, days, top).await?;
    let policy = state.cx.ledger.policy();
    let resources = uses.resources.into_iter().filter_map(|one| {
        let spec = policy.resource(&one.resource)?;
        let user = |one: overview::TopUser| wire::OverviewUser {
            user_id: one.user,
            email: one.email,
            amount: one.amount,
            human_readable: human_amount(one.amount, spec),
        };
        Some(wire::OverviewRow {
            human_readable: human_amount(one.amount, spec),
            amount: one.amount,
            users: one.users,
            top: one.top.into_iter().map(user).collect(),
            resource_type: one.resource,
        })
    });
    let resources = resources.collect();
    let (active_users, timestamp) = (uses.active_users, uses.counted_at);
    Ok(Reply(wire::Overview { days, active_users, resources, timestamp }))
}

pub(crate) async fn audit(
    State(state): State<ApiState>,
    caller: Caller,
    Query(query): Query<wire::AuditQuery>,
) -> Result<Response, Failure> {
    let permit = caller.principal.administer()?;
    let before = query.cursor.as_deref().map(|text| text.parse::<u64>()).transpose();
    let before = before.map_err(|_| Failure::invalid("cursor", "not a cursor"))?;
    let rows_max = rows(query.limit.as_deref())?;
    let rows = people::audit(&state.cx, permit, query.target, before, rows_max).await?;
    let next = rows.last().filter(|_| rows.len() == rows_max).map(|(seq, _)| seq.to_string());
    let raw = |text: Option<String>| text.and_then(|text| RawValue::from_string(text).ok());
    let entries = rows.into_iter().map(|(seq, entry)| wire::AuditView {
        seq,
        actor: entry.actor.to_string(),
        action: entry.action.as_str(),
        target: entry.target,
        before: raw(entry.before),
        after: raw(entry.after),
        reason: entry.reason.as_str().to_owned(),
        at: entry.at,
    });
    let page = wire::AuditPage { entries: entries.collect(), next_cursor: next };
    Ok(Reply(page).into_response())
}
