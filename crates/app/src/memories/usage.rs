//! What a user's memories add up to, and whether more would fit.

use crate::{check_quota::WARN_FROM, cx::Cx, error::AppError};
use novacore_access::{Administer, Permit, ReadMemories};
use novacore_ledger::{Standing, standing};
use novacore_memory::{Dims, Filter, Kind};
use novacore_store::memories::{MemoryHead, MemoryOrder, MemoryQuery, ModelRows, memory_storage};
use novacore_vocab::{ModelId, Percent, Timestamp, UserId, percent_of};

/// What a user's memories add up to. What has expired counts until it is swept, some seconds later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryUsage {
    /// Whose.
    pub user: UserId,
    /// The sums.
    pub head: MemoryHead,
    /// The time for which they are true.
    pub now: Timestamp,
}

/// What there is, of which kind, and how it can be searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryStats {
    /// The sums.
    pub usage: MemoryUsage,
    /// How many of each kind, without what has expired.
    pub kinds: Vec<(Kind, u64)>,
    /// The model that embeds.
    pub model: ModelId,
    /// The dimension of its embeddings.
    pub dims: Dims,
    /// Why nothing is embedded now, if so.
    pub degraded: Option<String>,
}

/// Whether anything more would fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageVerdict {
    /// Whether it would.
    pub fits: bool,
    /// Why, in the platform's words.
    pub message: String,
    /// What is stored and held of all sources, in bytes.
    pub used: i64,
    /// The cap in bytes; -1 is unlimited.
    pub limit: i64,
    /// The share of the cap; 0 if there is none.
    pub share: Percent,
}

/// How far the embedding of all memories is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddingProgress {
    /// The model in use.
    pub model: ModelId,
    /// The dimension of its embeddings.
    pub dims: Dims,
    /// Why there is no model, if so.
    pub absence: Option<String>,
    /// Memories that have an embedding by it.
    pub embedded: u64,
    /// Memories that wait for one.
    pub waiting: u64,
    /// How many memories have an embedding of which model.
    pub models: Vec<ModelRows>,
}

/// What the user's memories add up to.
pub async fn usage(cx: &Cx, permit: Permit<ReadMemories>) -> Result<MemoryUsage, AppError> {
    let user = permit.account().user;
    let head = cx.memories.store.memory_head(user).await?;
    Ok(MemoryUsage { user, head, now: cx.clock.now() })
}

/// What there is of which kind.
pub async fn stats(cx: &Cx, permit: Permit<ReadMemories>) -> Result<MemoryStats, AppError> {
    let usage = usage(cx, permit).await?;
    let mut kinds = Vec::with_capacity(Kind::ALL.len());
    for kind in Kind::ALL {
        let query = MemoryQuery {
            filter: Filter { kinds: vec![kind], ..Filter::default() },
            live_at: usage.now,
            order: MemoryOrder::Newest,
            offset: 0,
            rows_max: 0,
        };
        let page = cx.memories.store.list_memories(usage.user, &query).await?;
        kinds.push((kind, page.total));
    }
    let embedder = &cx.memories.embedder;
    Ok(MemoryStats {
        usage,
        kinds,
        model: embedder.model(),
        dims: embedder.dims(),
        degraded: cx.memories.absence(),
    })
}

/// Where a user stands with what he stores.
pub(super) async fn storage(cx: &Cx, user: UserId) -> Result<Standing, AppError> {
    let view = cx.ledger.account(user).await?;
    let now = cx.clock.now().max(view.state.last_at);
    Ok(standing(&view.state, &cx.ledger.policy(), &memory_storage(), now))
}

/// Whether anything more would fit.
pub async fn quota_check(
    cx: &Cx,
    permit: Permit<ReadMemories>,
) -> Result<StorageVerdict, AppError> {
    let shown = storage(cx, permit.account().user).await?;
    let used = shown.used + shown.held;
    let share = if shown.cap < 0 { Percent(0) } else { percent_of(used, shown.cap) };
    let fits = shown.grantable != 0;
    let message = if !fits {
        "Storage quota exceeded. Please upgrade your plan.".to_owned()
    } else if share >= WARN_FROM {
        format!("Warning: {}% of storage quota used", share.one_decimal())
    } else {
        "Storage quota available".to_owned()
    };
    Ok(StorageVerdict { fits, message, used, limit: shown.cap, share })
}

/// How far the embedding of all users' memories is.
pub async fn embedding_progress(
    cx: &Cx,
    _permit: Permit<Administer>,
) -> Result<EmbeddingProgress, AppError> {
    progress(cx).await
}

/// The same, for the background. It takes a walk over an index of all memories.
pub(super) async fn progress(cx: &Cx) -> Result<EmbeddingProgress, AppError> {
    let embedder = &cx.memories.embedder;
    let (model, dims) = (embedder.model(), embedder.dims());
    let models = cx.memories.store.embedding_counts().await?;
    let rows = |own: bool| {
        let of = models.iter().filter(|one| (one.model.as_ref() == Some(&model)) == own);
        of.map(|one| one.rows).sum()
    };
    let (embedded, waiting) = (rows(true), rows(false));
    Ok(EmbeddingProgress { embedded, waiting, absence: cx.memories.absence(), model, dims, models })
}
