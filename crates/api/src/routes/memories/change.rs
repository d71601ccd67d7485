//! Changing, promoting, deleting and forgetting memories.

use super::{ask, invalid, memory_id, refused, writer};
use crate::{
    body::{Json, Key, Path},
    router::ApiState,
    routes::answer,
    view,
};
use axum::{extract::State, http::StatusCode, response::Response};
use novacore_app::memories::{self, Update};
use novacore_edge::{Failure, caller::Caller};
use novacore_memory::{Field, Term};
use novacore_wire::memories::{ForgetRequest, PromoteRequest, UpdateRequest};

pub(crate) async fn update(
    State(state): State<ApiState>,
    caller: Caller,
    Path(id): Path<String>,
    Key(key): Key,
    Json(mut body): Json<UpdateRequest>,
) -> Result<Response, Failure> {
    let permit = writer(&state, &caller).await?;
    let id = memory_id(&id)?;
    let vector = body.embedding.take();
    let patch = ask::patch(body).check().map_err(invalid)?;
    let change = Update { patch, vector };
    let changed = memories::update(&state.cx, permit, id, change, key).await.map_err(refused)?;
    let shown = view::memory::memory(permit.account().user, &changed.memory);
    Ok(answer(StatusCode::OK, &shown, changed.replayed))
}

pub(crate) async fn promote(
    State(state): State<ApiState>,
    caller: Caller,
    Path(id): Path<String>,
    Key(key): Key,
    Json(body): Json<PromoteRequest>,
) -> Result<Response, Failure> {
    let permit = writer(&state, &caller).await?;
    let id = memory_id(&id)?;
    let target = Term::parse(&body.target_tier, Field::TargetTerm).map_err(invalid)?;
    let changed = memories::promote(&state.cx, permit, id, target, key).await.map_err(refused)?;
    let shown = view::memory::memory(permit.account().user, &changed.memory);
    Ok(answer(StatusCode::OK, &shown, changed.replayed))
}

pub(crate) async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    Path(id): Path<String>,
    Key(key): Key,
) -> Result<Response, Failure> {
    let permit = writer(&state, &caller).await?;
    let id = memory_id(&id)?;
    let gone = memories::delete(&state.cx, permit, id, key).await.map_err(refused)?;
    Ok(answer(StatusCode::OK, &view::memory::deleted(&gone), gone.replayed))
}

pub(crate) async fn forget(
    State(state): State<ApiState>,
    caller: Caller,
    Key(key): Key,
    Json(body): Json<ForgetRequest>,
) -> Result<Response, Failure> {
    let permit = writer(&state, &caller).await?;
    let filter = ask::forget_filter(body)?;
    let gone = memories::forget(&state.cx, permit, filter, key).await.map_err(refused)?;
    Ok(answer(StatusCode::OK, &view::memory::forgotten(&gone), gone.replayed))
}
