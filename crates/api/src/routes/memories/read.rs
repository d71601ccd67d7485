//! Finding memories: by id, in a list, by a query, for a conversation.

use super::{ask, invalid, limit, memory_id, reader, refused};
use crate::{
    body::{Json, Pairs, Path},
    router::ApiState,
    view::memory,
};
use axum::{Json as Reply, extract::State};
use novacore_app::memories::{self, ContextRequest, ListAsk, SearchAsk};
use novacore_edge::{Failure, caller::Caller};
use novacore_memory::{Mode, Query, SessionName, limits::RESULTS_MAX};
use novacore_wire::memories::{ContextParts, Memory, MemoryPage, SearchRequest, SearchResults};

/// Memories of a page, unless more or fewer are asked for.
pub(super) const PAGE_ROWS_DEFAULT: i64 = 20;
/// Most memories of a page.
pub(super) const PAGE_ROWS_MAX: usize = 100;
/// Most rows that a list passes over. More than that is found by time, not by counting.
const OFFSET_MAX: usize = 1_000_000;
const RESULTS_DEFAULT: i64 = 10;

pub(crate) async fn retrieve(
    State(state): State<ApiState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Reply<Memory>, Failure> {
    let permit = reader(&state, &caller).await?;
    let found = memories::find(&state.cx, permit, memory_id(&id)?).await.map_err(refused)?;
    Ok(Reply(memory::memory(permit.account().user, &found)))
}

pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    pairs: Pairs,
) -> Result<Reply<MemoryPage>, Failure> {
    let permit = reader(&state, &caller).await?;
    let filter = ask::list_filter(&pairs)?;
    let term = filter.term;
    let (offset, limit) = (offset(&pairs)?, limit(&pairs, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX)?);
    let ask = ListAsk { filter, offset, limit };
    let page = memories::list(&state.cx, permit, ask).await.map_err(refused)?;
    Ok(Reply(memory::page(permit.account().user, &page.rows, page.total, term)))
}

/// `offset` of a query.
fn offset(pairs: &Pairs) -> Result<usize, Failure> {
    let Some(text) = pairs.one("offset")? else { return Ok(0) };
    let offset = text.parse().ok().filter(|offset| *offset <= OFFSET_MAX);
    let why = || Failure::invalid("offset", format!("must be a whole number, 0 to {OFFSET_MAX}"));
    offset.ok_or_else(why)
}

pub(crate) async fn search(
    State(state): State<ApiState>,
    caller: Caller,
    Json(mut body): Json<SearchRequest>,
) -> Result<Reply<SearchResults>, Failure> {
    let permit = reader(&state, &caller).await?;
    let ask = search_ask(&mut body)?;
    let found = memories::search(&state.cx, permit, ask).await.map_err(refused)?;
    Ok(Reply(memory::search_results(permit.account().user, body.query, &found)))
}

fn search_ask(body: &mut SearchRequest) -> Result<SearchAsk, Failure> {
    let limit = body.limit.unwrap_or(RESULTS_DEFAULT);
    let limit = usize::try_from(limit).ok().filter(|limit| (1..=RESULTS_MAX).contains(limit));
    let why = || Failure::invalid("limit", format!("must be a whole number, 1 to {RESULTS_MAX}"));
    let limit = limit.ok_or_else(why)?;
    let mode = body.mode.as_deref().map(Mode::parse).transpose().map_err(invalid)?;
    Ok(SearchAsk {
        query: Query::parse(&body.query).map_err(invalid)?,
        vector: body.embedding.take(),
        mode: mode.unwrap_or_default(),
        filter: ask::search_filter(body)?,
        limit,
    })
}

pub(crate) async fn context(
    State(state): State<ApiState>,
    caller: Caller,
    pairs: Pairs,
) -> Result<Reply<ContextParts>, Failure> {
    let permit = reader(&state, &caller).await?;
    let session = pairs.one("session_id")?.map(SessionName::parse).transpose();
    let query = pairs.one("query")?.map(Query::parse).transpose();
    let ask = ContextRequest {
        session: session.map_err(invalid)?,
        query: query.map_err(invalid)?,
        limit: limit(&pairs, RESULTS_DEFAULT, RESULTS_MAX)?,
    };
    let parts = memories::context(&state.cx, permit, ask).await.map_err(refused)?;
    Ok(Reply(memory::context(permit.account().user, &parts)))
}
