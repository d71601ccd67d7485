//! Reservations.

use crate::{
    body::{Json, Key, Path, path, read_bytes},
    router::ApiState,
    view,
};
use axum::{
    Json as Reply,
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use novacore_access::Subject;
use novacore_app::holds;
use novacore_edge::{Failure, caller::Caller};
use novacore_ledger::{HoldAsk, OnExpiry, Reserve, Settle};
use novacore_vocab::{Amount, HoldId, ResourceName};
use novacore_wire::{
    body,
    reservations::{self as wire, AmountOf, ExtendRequest, ReserveRequest, SettleRequest},
};

const TTL_S_DEFAULT: i64 = 300;

pub(crate) async fn reserve(
    State(state): State<ApiState>,
    caller: Caller,
    Key(key): Key,
    Json(ask): Json<ReserveRequest>,
) -> Result<Response, Failure> {
    let subject = caller.subject(&state.cx, ask.user_id).await?;
    let permit = caller.principal.reserve(&subject)?;
    let ask = Reserve {
        amounts: amounts(ask.amounts),
        ttl_s: ask.ttl_seconds.unwrap_or(TTL_S_DEFAULT),
        on_expiry: match ask.on_expiry.unwrap_or_default() {
            wire::OnExpiry::Release => OnExpiry::Release,
            wire::OnExpiry::Charge => OnExpiry::Charge,
        },
        metadata: ask.metadata.map(|metadata| metadata.text()),
    };
    let done = holds::reserve(&state.cx, permit, ask, key).await?;
    Ok(super::answer(StatusCode::CREATED, &view::reserved(&done), done.replayed))
}

fn amounts(list: Vec<AmountOf>) -> Vec<(ResourceName, Amount)> {
    list.into_iter().map(|one| (one.resource_type, one.amount.0)).collect()
}

/// The hold that a path names, and its user.
async fn hold_of(
    state: &ApiState,
    caller: &Caller,
    text: &str,
) -> Result<(HoldId, Subject), Failure> {
    let id: HoldId = path(text)?;
    // A hold names its user; one whom nobody knows has none, and must not be made by asking.
    let known = state.cx.auth.find_user(id.user).await?;
    let subject = match known {
        Some(_) => caller.subject(&state.cx, Some(id.user)).await?,
        None => Subject::unknown(id.user),
    };
    Ok((id, subject))
}

pub(crate) async fn settle(
    State(state): State<ApiState>,
    caller: Caller,
    Path(text): Path<String>,
    Key(key): Key,
    Json(ask): Json<SettleRequest>,
) -> Result<Response, Failure> {
    let (id, subject) = hold_of(&state, &caller, &text).await?;
    let permit = caller.principal.settle_hold(&subject)?;
    let ask = Settle {
        hold: id.version,
        amounts: amounts(ask.amounts),
        last: ask.is_final.unwrap_or(true),
        metadata: ask.metadata.map(|metadata| metadata.text()),
    };
    let done = holds::settle(&state.cx, permit, ask, key).await?;
    Ok(super::answer(StatusCode::OK, &view::settled(&done, "settled"), done.replayed))
}

pub(crate) async fn extend(
    State(state): State<ApiState>,
    caller: Caller,
    Path(text): Path<String>,
    Key(key): Key,
    request: Request,
) -> Result<Response, Failure> {
    let bytes = read_bytes(request, &state).await?;
    let ask: ExtendRequest = body::read(if bytes.is_empty() { b"{}" } else { &bytes })?;
    let (id, subject) = hold_of(&state, &caller, &text).await?;
    let permit = caller.principal.reserve(&subject)?;
    let ask = HoldAsk {
        hold: id.version,
        ttl_s: ask.ttl_seconds.unwrap_or(TTL_S_DEFAULT),
        amounts: amounts(ask.amounts),
    };
    let done = holds::extend(&state.cx, permit, ask, key).await?;
    Ok(super::answer(StatusCode::OK, &view::reserved(&done), done.replayed))
}

pub(crate) async fn release(
    State(state): State<ApiState>,
    caller: Caller,
    Path(text): Path<String>,
    Key(key): Key,
) -> Result<Response, Failure> {
    let (id, subject) = hold_of(&state, &caller, &text).await?;
    let permit = caller.principal.settle_hold(&subject)?;
    let done = holds::release(&state.cx, permit, id, key).await?;
    Ok(super::answer(StatusCode::OK, &view::settled(&done, "released"), done.replayed))
}

pub(crate) async fn find(
    State(state): State<ApiState>,
    caller: Caller,
    Path(text): Path<String>,
) -> Result<Reply<wire::Reservation>, Failure> {
    let (id, subject) = hold_of(&state, &caller, &text).await?;
    let permit = caller.principal.settle_hold(&subject)?;
    let hold = holds::find(&state.cx, permit, id).await?;
    Ok(Reply(view::reservation(id.user, &hold)))
}
