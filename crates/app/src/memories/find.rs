//! Find one memory, list many.

use crate::{cx::Cx, error::AppError};
use novacore_access::{Permit, ReadMemories};
use novacore_memory::{Filter, Memory};
use novacore_store::memories::{MemoryOrder, MemoryPage, MemoryQuery};
use novacore_vocab::{MemoryId, UserId};

/// Which memories to list, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListAsk {
    /// Those that this matches.
    pub filter: Filter,
    /// How many to pass over.
    pub offset: usize,
    /// How many.
    pub limit: usize,
}

/// One memory. This is a read of it.
pub async fn find(cx: &Cx, permit: Permit<ReadMemories>, id: MemoryId) -> Result<Memory, AppError> {
    let user = permit.account().user;
    let memory = stored(cx, user, id).await?;
    Ok(cx.memories.reads.count(user, memory, cx.clock.now()))
}

/// A page of memories. Being listed is no read.
pub async fn list(
    cx: &Cx,
    permit: Permit<ReadMemories>,
    ask: ListAsk,
) -> Result<MemoryPage, AppError> {
    let user = permit.account().user;
    let query = MemoryQuery {
        filter: ask.filter,
        live_at: cx.clock.now(),
        order: MemoryOrder::Newest,
        offset: ask.offset,
        rows_max: ask.limit,
    };
    let page = cx.memories.store.list_memories(user, &query).await?;
    let rows = page.rows.into_iter().map(|memory| cx.memories.reads.shown(user, memory));
    Ok(MemoryPage { rows: rows.collect(), total: page.total })
}

/// A memory that is there and has not expired, as it is stored.
pub(super) async fn stored(cx: &Cx, user: UserId, id: MemoryId) -> Result<Memory, AppError> {
    let found = cx.memories.store.find_memories(user, &[id]).await?;
    let now = cx.clock.now();
    let live = found.into_iter().find(|memory| memory.is_live(now));
    live.ok_or(AppError::NotFound("memory"))
}

/// As [`stored`], with the reads that are not noted yet.
pub(super) async fn live(cx: &Cx, user: UserId, id: MemoryId) -> Result<Memory, AppError> {
    Ok(cx.memories.reads.shown(user, stored(cx, user, id).await?))
}
