//! Storing a memory.

use super::{ask, refused, writer};
use crate::{
    body::{Json, Key},
    router::ApiState,
    routes::answer,
    view,
};
use axum::{extract::State, http::StatusCode, response::Response};
use novacore_app::memories;
use novacore_edge::{Failure, caller::Caller};
use novacore_wire::memories::StoreRequest;

pub(crate) async fn store(
    State(state): State<ApiState>,
    caller: Caller,
    Key(key): Key,
    Json(body): Json<StoreRequest>,
) -> Result<Response, Failure> {
    let permit = writer(&state, &caller).await?;
    let new = ask::new_memory(body)?;
    let changed = memories::store(&state.cx, permit, new, key).await.map_err(refused)?;
    let shown = view::memory::memory(permit.account().user, &changed.memory);
    Ok(answer(StatusCode::CREATED, &shown, changed.replayed))
}
