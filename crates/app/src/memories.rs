//! The memories of a user: store, find again, change, forget; each change one commit with its entry
//! in the ledger.
//!
//! A change is read, planned by `novacore_memory`, and committed with the revisions that were read
//! ([`novacore_store::memories`]); if another came between, it is planned anew. Texts are embedded
//! before, so no lock is held while a model computes; what cannot be embedded now is stored all the
//! same, charged in full, and embedded by the background.
//!
//! Invariant: whose memories, is the permit's to say.
//! Not here: sizes, terms, ranking (`novacore_memory`); whether bytes fit (`novacore_ledger`).

pub mod background;
mod commit;
mod context;
pub mod embedder;
mod embedding;
mod find;
mod forget;
mod index;
mod reads;
mod search;
mod service;
mod stm;
mod store;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod update;
mod usage;

pub use context::{ContextFound, ContextRequest, context};
pub use find::{ListAsk, find, list};
pub use forget::{Gone, delete, erase, forget};
pub use search::{Found, FoundMemory, SearchAsk, search};
pub use service::{INDEX_BYTES_MAX_DEFAULT, MemoryOptions, MemoryService};
pub use store::{STORE_ROWS_MAX, store, store_all, store_each};
pub use update::{Update, promote, update};
pub use usage::{
    EmbeddingProgress, MemoryStats, MemoryUsage, StorageVerdict, embedding_progress, quota_check,
    stats, usage,
};

use crate::error::AppError;
use novacore_memory::{Content, Memory, Term};

/// What is to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct NewMemory {
    /// What it says.
    pub content: Content,
    /// How long it is kept.
    pub term: Term,
    /// Its embedding, if the caller brings it.
    pub vector: Option<Vec<f32>>,
}

/// A memory that was stored or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// As it is now.
    pub memory: Memory,
    /// Whether this was done before, under the same key.
    pub replayed: bool,
}

/// Runs what takes its time where it holds no async thread up.
async fn aside<R: Send + 'static>(
    work: impl FnOnce() -> R + Send + 'static,
) -> Result<R, AppError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|failure| AppError::Internal(failure.to_string()))
}
