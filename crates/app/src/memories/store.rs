//! Store: one memory, or many, all together or each for itself.

use super::{
    Changed, NewMemory,
    commit::{self, Committed, Tries, change_key, commit},
    embedding, stm, usage,
};
use crate::{cx::Cx, error::AppError, fingerprint};
use novacore_access::{ChangeMemories, Permit};
use novacore_memory::Memory;
use novacore_store::memories::{Cause, ChangeKey, Embedded, MemoryChange, MemoryWrite};
use novacore_vocab::{IdempotencyKey, MemoryId, Timestamp, UserId};
use uuid::{NoContext, Uuid};

/// Most memories that one call may store.
pub const STORE_ROWS_MAX: usize = 100;

/// Stores a memory.
pub async fn store(
    cx: &Cx,
    permit: Permit<ChangeMemories>,
    new: NewMemory,
    key: Option<IdempotencyKey>,
) -> Result<Changed, AppError> {
    let stored = store_all(cx, permit, vec![new], key).await?;
    stored.into_iter().next().ok_or(AppError::NotFound("memory"))
}

/// Stores all or none, in one commit and with one entry.
pub async fn store_all(
    cx: &Cx,
    permit: Permit<ChangeMemories>,
    new: Vec<NewMemory>,
    key: Option<IdempotencyKey>,
) -> Result<Vec<Changed>, AppError> {
    let user = permit.account().user;
    if new.len() > STORE_ROWS_MAX {
        let why = format!("at most {STORE_ROWS_MAX} memories may be stored at once");
        return Err(AppError::invalid("memories", why));
    }
    let key = change_key(key, || fingerprint::store_memories(&new));
    let at = cx.clock.now();
    let id = |index| match &key {
        Some(key) => keyed_id(user, key, index),
        None => fresh_id(at),
    };
    let ids: Vec<MemoryId> = (0..new.len()).map(id).collect();
    if commit::is_replay(cx, user, key.as_ref()).await? {
        return replayed(cx, user, &ids).await;
    }
    let dims = cx.memories.embedder.dims();
    let made = ids
        .iter()
        .zip(&new)
        .map(|(id, new)| Memory::new(*id, new.term, new.content.clone(), dims, at));
    let rows: Vec<Memory> = made.collect();
    let embedded = embed(cx, user, &new, &rows).await?;
    let mut tries = Tries::default();
    loop {
        let room = stm::make(cx, user, &rows.iter().collect::<Vec<_>>()).await?;
        let inserts = rows.iter().zip(&embedded).map(|(memory, embedded)| MemoryChange::Insert {
            memory: memory.clone(),
            embedded: embedded.clone(),
        });
        let changes = room.leaving.into_iter().chain(inserts).collect();
        let write = MemoryWrite::new(changes, room.revision, Cause::Store, key.clone());
        match commit(cx, user, write).await? {
            Committed::Done => break,
            Committed::Replayed => return replayed(cx, user, &ids).await,
            Committed::Stale => tries.again(cx, user).await?,
        }
        // What was stale may be the row itself: another call under this key has made it.
        if commit::is_replay(cx, user, key.as_ref()).await? {
            return replayed(cx, user, &ids).await;
        }
    }
    Ok(rows.into_iter().map(|memory| Changed { memory, replayed: false }).collect())
}

/// Stores each for itself; results in their order. Under a key each has a key of its own, made of
/// the given one and its place, which comes with it: what is put right in a repeated call, or left
/// out, must not move the others to keys that they did not have.
pub async fn store_each(
    cx: &Cx,
    permit: Permit<ChangeMemories>,
    new: Vec<(usize, NewMemory)>,
    key: Option<IdempotencyKey>,
) -> Vec<Result<Changed, AppError>> {
    let mut results = Vec::with_capacity(new.len());
    for (place, new) in new {
        let own = key.as_ref().map(|key| own_key(key, place)).transpose();
        let result = match own {
            Ok(key) => store(cx, permit, new, key).await,
            Err(error) => Err(error),
        };
        results.push(result);
    }
    results
}

/// The key of one of many: it says which, and is no longer than a key may be.
fn own_key(key: &IdempotencyKey, place: usize) -> Result<IdempotencyKey, AppError> {
    let hash = blake3::hash(key.as_str().as_bytes()).to_hex();
    let text = format!("memory.bulk/{hash}/{place}");
    IdempotencyKey::parse(&text).map_err(|error| AppError::Internal(error.to_string()))
}

/// Vectors that were brought, and else embeddings of the texts; none for what will be refused.
async fn embed(
    cx: &Cx,
    user: UserId,
    new: &[NewMemory],
    rows: &[Memory],
) -> Result<Vec<Option<Embedded>>, AppError> {
    let brought = new
        .iter()
        .map(|new| new.vector.as_deref().map(|raw| embedding::brought(cx, raw)).transpose());
    let mut embedded = brought.collect::<Result<Vec<_>, AppError>>()?;
    let charged = rows.iter().map(novacore_memory::charged_bytes).sum();
    if !has_room(cx, user, charged).await? {
        return Ok(embedded);
    }
    let missing: Vec<usize> = (0..rows.len()).filter(|index| embedded[*index].is_none()).collect();
    let texts: Vec<_> = missing.iter().map(|index| rows[*index].content.embedding_text()).collect();
    let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    for (index, made) in missing.iter().zip(embedding::of_texts(cx, user, &texts).await) {
        embedded[*index] = made;
    }
    Ok(embedded)
}

/// Whether so many bytes would be admitted now: a guess that saves work, not the judgement.
async fn has_room(cx: &Cx, user: UserId, bytes: i64) -> Result<bool, AppError> {
    if bytes <= 0 {
        return Ok(true);
    }
    let grantable = usage::storage(cx, user).await?.grantable;
    Ok(grantable < 0 || bytes <= grantable)
}

/// What the first call under the key stored, as it is now. All of it must still be there.
async fn replayed(cx: &Cx, user: UserId, ids: &[MemoryId]) -> Result<Vec<Changed>, AppError> {
    let now = cx.clock.now();
    let mut found = cx.memories.store.find_memories(user, ids).await?;
    found.retain(|memory| memory.is_live(now));
    if found.len() < ids.len() {
        return Err(AppError::NotFound("memory"));
    }
    let shown = found.into_iter().map(|memory| cx.memories.reads.shown(user, memory));
    Ok(shown.map(|memory| Changed { memory, replayed: true }).collect())
}

/// An id that sorts by time.
fn fresh_id(at: Timestamp) -> MemoryId {
    let seconds = u64::try_from(at.seconds()).unwrap_or(0);
    let nanos = u32::try_from(at.micros().rem_euclid(1_000_000) * 1_000).unwrap_or(0);
    MemoryId(Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanos)))
}

/// The id of what is stored under a key: a function of it, so that a repeated call finds the row.
fn keyed_id(user: UserId, key: &ChangeKey, index: usize) -> MemoryId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(user.0.as_bytes());
    hasher.update(&(index as u64).to_le_bytes());
    hasher.update(key.key.as_str().as_bytes());
    let hash = hasher.finalize();
    let (half, _) = hash.as_bytes().split_first_chunk().expect("a hash has 32 bytes");
    MemoryId(uuid::Builder::from_custom_bytes(*half).into_uuid())
}
