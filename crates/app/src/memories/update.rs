//! Update what a memory says, and promote it to a longer term.

use super::{
    Changed,
    commit::{Committed, Tries, change_key, commit, is_replay},
    embedding, find, stm,
};
use crate::{cx::Cx, error::AppError, fingerprint};
use novacore_access::{ChangeMemories, Permit};
use novacore_memory::{ChangeError, EmbeddingFate, Memory, Patch, Term};
use novacore_store::memories::{
    Cause, ChangeKey, Embedded, MemoryChange, MemoryWrite, NextEmbedding, Trace,
};
use novacore_vocab::{IdempotencyKey, MemoryId, UserId};

/// What is to be another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Update {
    /// What it says.
    pub patch: Patch,
    /// A vector in place of its embedding.
    pub vector: Option<Vec<f32>>,
}

/// Changes what a memory says. One that says so already stays as it is.
pub async fn update(
    cx: &Cx,
    permit: Permit<ChangeMemories>,
    id: MemoryId,
    ask: Update,
    key: Option<IdempotencyKey>,
) -> Result<Changed, AppError> {
    let user = permit.account().user;
    let brought = ask.vector.as_deref().map(|raw| embedding::brought(cx, raw)).transpose()?;
    let key = change_key(key, || fingerprint::update_memory(id, &ask));
    let mut made: Option<(String, Option<Embedded>)> = None;
    let mut tries = Tries::default();
    loop {
        if is_replay(cx, user, key.as_ref()).await? {
            return replayed(cx, user, id).await;
        }
        let before = find::stored(cx, user, id).await?;
        let updated = before.update(&ask.patch, cx.clock.now()).map_err(of_change)?;
        let embedded = match (&brought, updated.embedding) {
            (Some(brought), _) => NextEmbedding::Set(Some(brought.clone())),
            (None, EmbeddingFate::Keep) => NextEmbedding::Keep,
            (None, EmbeddingFate::Anew) => {
                NextEmbedding::Set(embed_once(cx, user, &updated.memory, &mut made).await)
            }
        };
        if updated.memory == before && embedded == NextEmbedding::Keep && key.is_none() {
            let memory = cx.memories.reads.shown(user, before);
            return Ok(Changed { memory, replayed: false });
        }
        let change = Replacement { before, after: updated.memory, embedded };
        match change.commit(cx, user, Cause::Update, key.clone()).await? {
            (Committed::Done, after) => return Ok(changed(cx, user, after)),
            (Committed::Replayed, _) => return replayed(cx, user, id).await,
            (Committed::Stale, _) => tries.again(cx, user).await?,
        }
    }
}

/// The embedding of the text as it will be, made once however often the change is tried.
async fn embed_once(
    cx: &Cx,
    user: UserId,
    memory: &Memory,
    made: &mut Option<(String, Option<Embedded>)>,
) -> Option<Embedded> {
    let text = memory.content.embedding_text();
    if let Some((of, embedded)) = made
        && *of == text
    {
        return embedded.clone();
    }
    let embedded = embedding::of_texts(cx, user, &[&text]).await.pop().flatten();
    *made = Some((text.into_owned(), embedded.clone()));
    embedded
}

/// Lets a memory live in a longer term. What becomes charged by it has to be admitted.
pub async fn promote(
    cx: &Cx,
    permit: Permit<ChangeMemories>,
    id: MemoryId,
    target: Term,
    key: Option<IdempotencyKey>,
) -> Result<Changed, AppError> {
    let user = permit.account().user;
    let key = change_key(key, || fingerprint::promote_memory(id, target));
    let mut tries = Tries::default();
    loop {
        if is_replay(cx, user, key.as_ref()).await? {
            return replayed(cx, user, id).await;
        }
        let before = find::stored(cx, user, id).await?;
        let after = before.promote(target, cx.clock.now()).map_err(of_change)?;
        let change = Replacement { before, after, embedded: NextEmbedding::Keep };
        match change.commit(cx, user, Cause::Promote, key.clone()).await? {
            (Committed::Done, after) => return Ok(changed(cx, user, after)),
            (Committed::Replayed, _) => return replayed(cx, user, id).await,
            (Committed::Stale, _) => tries.again(cx, user).await?,
        }
    }
}

/// A memory in place of itself.
struct Replacement {
    before: Memory,
    after: Memory,
    embedded: NextEmbedding,
}

impl Replacement {
    async fn commit(
        self,
        cx: &Cx,
        user: UserId,
        cause: Cause,
        key: Option<ChangeKey>,
    ) -> Result<(Committed, Memory), AppError> {
        let room = stm::make(cx, user, &[&self.after]).await?;
        let replace = MemoryChange::Replace {
            before: Trace::of(&self.before),
            memory: self.after.clone(),
            embedded: self.embedded,
        };
        let changes = room.leaving.into_iter().chain([replace]).collect();
        let write = MemoryWrite::new(changes, room.revision, cause, key);
        Ok((commit(cx, user, write).await?, self.after))
    }
}

fn changed(cx: &Cx, user: UserId, memory: Memory) -> Changed {
    Changed { memory: cx.memories.reads.shown(user, memory), replayed: false }
}

async fn replayed(cx: &Cx, user: UserId, id: MemoryId) -> Result<Changed, AppError> {
    Ok(Changed { memory: find::live(cx, user, id).await?, replayed: true })
}

fn of_change(error: ChangeError) -> AppError {
    match error {
        ChangeError::Expired { .. } => AppError::NotFound("memory"),
        ChangeError::SameTerm { .. } | ChangeError::LowerTerm { .. } => {
            AppError::invalid("target_tier", error)
        }
    }
}
