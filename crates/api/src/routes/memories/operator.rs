//! The operator's calls about memories. He sees how many there are, not what they say.

use super::refused;
use crate::{
    body::{Json, Path},
    router::ApiState,
    routes::{admin::reason, auth::user_of},
    view::memory,
};
use axum::{Json as Reply, extract::State};
use novacore_app::memories;
use novacore_edge::{Failure, caller::Caller};
use novacore_wire::memories::{EmbeddingProgress, EraseRequest, Erased};

pub(crate) async fn embeddings(
    State(state): State<ApiState>,
    caller: Caller,
) -> Result<Reply<EmbeddingProgress>, Failure> {
    let permit = caller.principal.administer()?;
    let progress = memories::embedding_progress(&state.cx, permit).await.map_err(refused)?;
    Ok(Reply(memory::progress(progress)))
}

pub(crate) async fn erase(
    State(state): State<ApiState>,
    caller: Caller,
    Path(user): Path<String>,
    Json(ask): Json<EraseRequest>,
) -> Result<Reply<Erased>, Failure> {
    let permit = caller.principal.administer()?;
    let user = user_of(&user)?;
    let why = reason(&ask.reason)?;
    let gone = memories::erase(&state.cx, permit, user, why).await.map_err(refused)?;
    Ok(Reply(memory::erased(user, &gone)))
}
