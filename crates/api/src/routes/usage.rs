//! The platform's usage calls.

use crate::{
    body::{Json, Key, Path, Query, bounded},
    router::ApiState,
    view,
};
use axum::{
    Json as Reply,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use novacore_app::{check_quota, limits, models, record, refusals, report};
use novacore_edge::{Failure, caller::Caller};
use novacore_ledger::{Expect, Record, Standing};
use novacore_vocab::{ResourceKind, Source, Timestamp, human_bytes};
use novacore_wire::{
    limits::Limits,
    models::{ModelDay, ModelRow, ModelUse, ResourceDaysQuery},
    refusals::{RefusalPage, RefusalsQuery},
    usage::{
        CheckQuota, CheckQuotaRequest, DayRow, DaysQuery, History, HistoryRow, RecordRequest,
        Recorded, Storage, TierOf, Tokens,
    },
};
use std::collections::BTreeMap;

const DAYS_DEFAULT: i64 = 30;

fn days_of(query: &DaysQuery) -> Result<i64, Failure> {
    bounded("days", query.days.as_deref(), DAYS_DEFAULT, report::REPORT_DAYS_MAX)
}

pub(crate) async fn stats(
    State(state): State<ApiState>,
    caller: Caller,
    Query(query): Query<DaysQuery>,
) -> Result<Response, Failure> {
    let days = days_of(&query)?;
    let permit = caller.reads(&state.cx).await?;
    let account = report::account(&state.cx, permit).await?;
    let mut amounts = Vec::with_capacity(account.rows.len());
    for (spec, standing) in &account.rows {
        amounts.push(match spec.kind {
            // Of a level, what is held now.
            ResourceKind::Level => standing.used,
            ResourceKind::Flow => {
                let series = report::days(&state.cx, permit, &spec.name, days).await?;
                series.iter().map(|row| row.amount).sum()
            }
        });
    }
    Ok(Reply(view::stats(&account, days, &amounts)).into_response())
}

/// Where the caller stands with a built-in resource.
async fn standing(
    state: &ApiState,
    caller: &Caller,
    resource: &'static str,
) -> Result<Standing, Failure> {
    let permit = caller.reads(&state.cx).await?;
    let account = report::account(&state.cx, permit).await?;
    let row = account.row(resource).ok_or_else(|| view::missing(resource))?;
    Ok(row.1.clone())
}

pub(crate) async fn tokens(
    State(state): State<ApiState>,
    caller: Caller,
) -> Result<Reply<Tokens>, Failure> {
    let standing = standing(&state, &caller, "llm_tokens").await?;
    Ok(Reply(Tokens {
        used: standing.used,
        limit: standing.cap,
        percentage: view::fixed_share(&standing),
        remaining: standing.remaining,
        resets_at: standing.resets_at,
    }))
}

pub(crate) async fn storage(
    State(state): State<ApiState>,
    caller: Caller,
) -> Result<Reply<Storage>, Failure> {
    let standing = standing(&state, &caller, "memory_storage").await?;
    Ok(Reply(Storage {
        used: standing.used,
        limit: standing.cap,
        percentage: view::fixed_share(&standing),
        human_readable: human_bytes(standing.used),
    }))
}

pub(crate) async fn check(
    State(state): State<ApiState>,
    caller: Caller,
    Json(ask): Json<CheckQuotaRequest>,
) -> Result<Reply<CheckQuota>, Failure> {
    let permit = caller.reads(&state.cx).await?;
    let (resource, amount) = (&ask.resource_type, ask.amount.0);
    let verdict = check_quota::check_quota(&state.cx, permit, resource, amount).await?;
    Ok(Reply(CheckQuota {
        has_quota: verdict.fits,
        message: verdict.message,
        remaining: verdict.remaining,
        resets_at: verdict.resets_at,
    }))
}

pub(crate) async fn timeseries(
    State(state): State<ApiState>,
    caller: Caller,
    Path(resource): Path<String>,
    Query(query): Query<DaysQuery>,
) -> Result<Reply<Vec<DayRow>>, Failure> {
    let days = days_of(&query)?;
    let permit = caller.reads(&state.cx).await?;
    let series = report::days(&state.cx, permit, &view::resource(&resource)?, days).await?;
    let rows = series.iter().map(|row| DayRow { date: date(row.day), amount: row.amount });
    Ok(Reply(rows.collect()))
}

pub(crate) async fn limits(
    State(state): State<ApiState>,
    caller: Caller,
) -> Result<Reply<Limits>, Failure> {
    let permit = caller.reads(&state.cx).await?;
    let report = limits::limits(&state.cx, permit).await?;
    Ok(Reply(view::limits::limits(report)))
}

pub(crate) async fn models(
    State(state): State<ApiState>,
    caller: Caller,
    Query(query): Query<ResourceDaysQuery>,
) -> Result<Reply<ModelUse>, Failure> {
    let (resource, days) = super::operate::resource_days(&query)?;
    let permit = caller.reads(&state.cx).await?;
    let seen = models::models(&state.cx, permit, &resource, days).await?;
    let day = |(day, amount)| ModelDay { date: date(day), amount };
    let row = |one: models::OneModel| ModelRow {
        model: one.model,
        entries: one.entries,
        amount: one.amount,
        days: one.days.into_iter().map(day).collect(),
    };
    let models = seen.models.into_iter().map(row).collect();
    let (is_complete, timestamp) = (seen.is_complete, seen.at);
    Ok(Reply(ModelUse { resource_type: resource, days, models, is_complete, timestamp }))
}

pub(crate) async fn refusals(
    State(state): State<ApiState>,
    caller: Caller,
    Query(query): Query<RefusalsQuery>,
) -> Result<Reply<RefusalPage>, Failure> {
    let most = refusals::REFUSALS_PER_USER_MAX as i64;
    let limit = bounded("limit", query.limit.as_deref(), most, most)?;
    let permit = caller.reads(&state.cx).await?;
    let refused = refusals::list(&state.cx, permit, limit as usize);
    let refusals = refused.iter().map(|one| view::refusals::refusal(one)).collect();
    Ok(Reply(RefusalPage { refusals, since: state.cx.refusals.begun_at() }))
}

pub(crate) async fn tier(
    State(state): State<ApiState>,
    caller: Caller,
) -> Result<Reply<TierOf>, Failure> {
    let permit = caller.reads(&state.cx).await?;
    let account = report::account(&state.cx, permit).await?;
    Ok(Reply(TierOf { user_id: account.user, tier: account.tier }))
}

pub(crate) async fn quota(
    State(state): State<ApiState>,
    caller: Caller,
) -> Result<Response, Failure> {
    let permit = caller.reads(&state.cx).await?;
    let account = report::account(&state.cx, permit).await?;
    Ok(Reply(view::quota(&account)?).into_response())
}

pub(crate) async fn history(
    State(state): State<ApiState>,
    caller: Caller,
    Query(query): Query<DaysQuery>,
) -> Result<Reply<History>, Failure> {
    let days = days_of(&query)?;
    let permit = caller.reads(&state.cx).await?;
    let account = report::account(&state.cx, permit).await?;
    let mut by_day: BTreeMap<i64, HistoryRow> = BTreeMap::new();
    for (spec, _) in &account.rows {
        for row in report::days(&state.cx, permit, &spec.name, days).await? {
            let fresh = || HistoryRow { date: date(row.day), amounts: BTreeMap::new() };
            let day = by_day.entry(row.day).or_insert_with(fresh);
            day.amounts.insert(spec.name.clone(), row.amount);
        }
    }
    let history = by_day.into_values().rev().collect();
    Ok(Reply(History { user_id: account.user, days, history }))
}

fn date(day: i64) -> String {
    Timestamp::from_day_number(day).date()
}

pub(crate) async fn record(
    State(state): State<ApiState>,
    caller: Caller,
    Key(key): Key,
    Json(ask): Json<RecordRequest>,
) -> Result<Response, Failure> {
    let subject = caller.subject(&state.cx, Some(ask.user_id)).await?;
    let permit = caller.principal.record_usage(&subject)?;
    let (resource, amount) = (ask.resource_type.clone(), ask.amount.0);
    let done = record::record(&state.cx, permit, record_of(&ask)?, key).await?;
    let body = Recorded {
        success: true,
        message: "Usage recorded",
        user_id: done.user,
        resource_type: resource,
        amount: amount.get(),
        entry_id: done.entry(),
    };
    Ok(super::answer(StatusCode::CREATED, &body, done.replayed))
}

fn record_of(ask: &RecordRequest) -> Result<Record, Failure> {
    let corrects = ask.corrects.map(|id| record::corrected(ask.user_id, id)).transpose()?;
    Ok(Record {
        resource: ask.resource_type.clone(),
        amount: ask.amount.0,
        source: Source::Api,
        expect: if ask.enforce { Expect::Admission } else { Expect::Fact },
        corrects,
        occurred_at: ask.occurred_at,
        metadata: ask.metadata.as_ref().map(|metadata| metadata.text()),
    })
}
