//! Delete a memory, or forget all that have something in common.

use super::commit::{Committed, Tries, change_key, commit, is_replay};
use super::find;
use crate::{cx::Cx, error::AppError, fingerprint};
use novacore_access::{ChangeMemories, Permit};
use novacore_memory::{Filter, Memory};
use novacore_store::memories::{
    Cause, ChangeKey, MEMORY_PAGE_ROWS_MAX, MemoryChange, MemoryWrite, Trace,
};
use novacore_vocab::{IdempotencyKey, MemoryId, UserId};

/// What has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    /// How many memories.
    pub rows: u64,
    /// What they counted, charged or not.
    pub size_bytes: i64,
    /// What was given back to the user's `memory_storage`.
    pub charged_bytes: i64,
    /// Whether they had gone before, under the same key; how many is not known any more.
    pub replayed: bool,
}

const REPLAYED: Gone = Gone { rows: 0, size_bytes: 0, charged_bytes: 0, replayed: true };

/// Deletes a memory.
pub async fn delete(
    cx: &Cx,
    permit: Permit<ChangeMemories>,
    id: MemoryId,
    key: Option<IdempotencyKey>,
) -> Result<Gone, AppError> {
    let user = permit.account().user;
    let key = change_key(key, || fingerprint::delete_memory(id));
    let mut tries = Tries::default();
    loop {
        if is_replay(cx, user, key.as_ref()).await? {
            return Ok(REPLAYED);
        }
        let before = Trace::of(&find::stored(cx, user, id).await?);
        if let Some(gone) = remove(cx, user, vec![before], Cause::Delete, key.clone()).await? {
            return Ok(gone);
        }
        tries.again()?;
    }
}

/// Forgets every memory that a filter matches, those that have expired too, in one commit.
///
/// All that were stored before the call go; of those stored while it runs, some may.
pub async fn forget(
    cx: &Cx,
    permit: Permit<ChangeMemories>,
    filter: Filter,
    key: Option<IdempotencyKey>,
) -> Result<Gone, AppError> {
    let user = permit.account().user;
    let key = change_key(key, || fingerprint::forget_memories(&filter));
    forget_of(cx, user, &filter, key).await
}

pub(super) async fn forget_of(
    cx: &Cx,
    user: UserId,
    filter: &Filter,
    key: Option<ChangeKey>,
) -> Result<Gone, AppError> {
    let mut tries = Tries::default();
    loop {
        if is_replay(cx, user, key.as_ref()).await? {
            return Ok(REPLAYED);
        }
        let rows = matching(cx, user, filter).await?;
        if rows.is_empty() && key.is_none() {
            return Ok(Gone { replayed: false, ..REPLAYED });
        }
        if let Some(gone) = remove(cx, user, rows, Cause::Forget, key.clone()).await? {
            return Ok(gone);
        }
        tries.again()?;
    }
}

/// The rows that a filter matches, page by page, without keeping their texts.
async fn matching(cx: &Cx, user: UserId, filter: &Filter) -> Result<Vec<Trace>, AppError> {
    let (mut after, mut rows) = (0, Vec::new());
    loop {
        let page = cx.memories.store.scan_memories(user, after, MEMORY_PAGE_ROWS_MAX).await?;
        let Some(last) = page.last() else { return Ok(rows) };
        after = last.change_no;
        let matches = |memory: &&Memory| filter.matches(&memory.facts());
        rows.extend(page.iter().map(|row| &row.memory).filter(matches).map(Trace::of));
    }
}

/// Removes rows; `None` if one of them has changed meanwhile.
async fn remove(
    cx: &Cx,
    user: UserId,
    rows: Vec<Trace>,
    cause: Cause,
    key: Option<ChangeKey>,
) -> Result<Option<Gone>, AppError> {
    let count = rows.len() as u64;
    let size_bytes = rows.iter().map(|row| row.size_bytes).sum();
    let changes = rows.into_iter().map(|before| MemoryChange::Remove { before }).collect();
    let write = MemoryWrite::new(changes, None, cause, key);
    let charged_bytes = -write.charged_bytes();
    Ok(match commit(cx, user, write).await? {
        Committed::Done => {
            if count > 1 {
                cx.memories.indexes.forget(user);
            }
            Some(Gone { rows: count, size_bytes, charged_bytes, replayed: false })
        }
        Committed::Replayed => Some(REPLAYED),
        Committed::Stale => None,
    })
}

/// Removes what has expired of a user; nothing if somebody else has come before.
pub(super) async fn expire(cx: &Cx, user: UserId, rows: Vec<Trace>) -> Result<u64, AppError> {
    let gone = remove(cx, user, rows, Cause::Expire, None).await?;
    Ok(gone.map_or(0, |gone| gone.rows))
}
