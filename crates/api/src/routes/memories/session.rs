//! The platform's calls about short and intermediate term: what a session said, and what stays for
//! a week.

use super::{
    ask, invalid, limit,
    read::{PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX},
    reader, refused, writer,
};
use crate::{
    body::{Json, Key, Pairs, Path},
    router::ApiState,
    routes::answer,
    view::memory,
};
use axum::{Json as Reply, extract::State, http::StatusCode, response::Response};
use novacore_app::memories::{self, ListAsk};
use novacore_edge::{Failure, caller::Caller};
use novacore_memory::{Filter, SessionName, Term, limits::STM_ROWS_MAX};
use novacore_wire::memories::{MemoryPage, SessionMemories, StmRequest};

/// All that short-term memory may have.
const SESSION_ROWS_DEFAULT: i64 = STM_ROWS_MAX as i64;

pub(crate) async fn store_turn(
    State(state): State<ApiState>,
    caller: Caller,
    pairs: Pairs,
    Key(key): Key,
    Json(body): Json<StmRequest>,
) -> Result<Response, Failure> {
    let permit = writer(&state, &caller).await?;
    let session = pairs.one("session_id")?;
    let session = session.ok_or_else(|| Failure::invalid("session_id", "must be given"))?;
    let new = ask::new_turn(session.to_owned(), body)?;
    let changed = memories::store(&state.cx, permit, new, key).await.map_err(refused)?;
    let shown = memory::memory(permit.account().user, &changed.memory);
    Ok(answer(StatusCode::CREATED, &shown, changed.replayed))
}

/// The short-term memories of a session.
fn turns_of(session: &str) -> Result<Filter, Failure> {
    let session = SessionName::parse(session).map_err(invalid)?;
    Ok(Filter { term: Some(Term::Stm), session: Some(session), ..Filter::default() })
}

pub(crate) async fn list_session(
    State(state): State<ApiState>,
    caller: Caller,
    Path(session): Path<String>,
    pairs: Pairs,
) -> Result<Reply<SessionMemories>, Failure> {
    let permit = reader(&state, &caller).await?;
    let limit = limit(&pairs, SESSION_ROWS_DEFAULT, STM_ROWS_MAX)?;
    let ask = ListAsk { filter: turns_of(&session)?, offset: 0, limit };
    let page = memories::list(&state.cx, permit, ask).await.map_err(refused)?;
    Ok(Reply(memory::session(permit.account().user, session, &page.rows, page.total)))
}

pub(crate) async fn clear_session(
    State(state): State<ApiState>,
    caller: Caller,
    Path(session): Path<String>,
    Key(key): Key,
) -> Result<Response, Failure> {
    let permit = writer(&state, &caller).await?;
    let filter = turns_of(&session)?;
    let gone = memories::forget(&state.cx, permit, filter, key).await.map_err(refused)?;
    Ok(answer(StatusCode::OK, &memory::cleared(&gone), gone.replayed))
}

pub(crate) async fn list_intermediate(
    State(state): State<ApiState>,
    caller: Caller,
    pairs: Pairs,
) -> Result<Reply<MemoryPage>, Failure> {
    let permit = reader(&state, &caller).await?;
    let limit = limit(&pairs, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX)?;
    let term = Some(Term::Itm);
    let ask = ListAsk { filter: Filter { term, ..Filter::default() }, offset: 0, limit };
    let page = memories::list(&state.cx, permit, ask).await.map_err(refused)?;
    Ok(Reply(memory::page(permit.account().user, &page.rows, page.total, term)))
}
