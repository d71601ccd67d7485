//! What a user's memories take, and whether there is room for more.

use super::{reader, refused};
use crate::{router::ApiState, view::memory};
use axum::{Json as Reply, extract::State};
use novacore_app::memories;
use novacore_edge::{Failure, caller::Caller};
use novacore_wire::memories::{MemoryStats, MemoryUsage, QuotaCheck};

pub(crate) async fn usage(
    State(state): State<ApiState>,
    caller: Caller,
) -> Result<Reply<MemoryUsage>, Failure> {
    let permit = reader(&state, &caller).await?;
    let usage = memories::usage(&state.cx, permit).await.map_err(refused)?;
    Ok(Reply(memory::usage(&usage)))
}

pub(crate) async fn stats(
    State(state): State<ApiState>,
    caller: Caller,
) -> Result<Reply<MemoryStats>, Failure> {
    let permit = reader(&state, &caller).await?;
    let stats = memories::stats(&state.cx, permit).await.map_err(refused)?;
    Ok(Reply(memory::stats(&stats)))
}

pub(crate) async fn quota_check(
    State(state): State<ApiState>,
    caller: Caller,
) -> Result<Reply<QuotaCheck>, Failure> {
    let permit = reader(&state, &caller).await?;
    let verdict = memories::quota_check(&state.cx, permit).await.map_err(refused)?;
    Ok(Reply(memory::quota_check(verdict)))
}
