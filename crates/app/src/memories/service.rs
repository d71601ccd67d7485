//! What the memory use-cases stand on, composed once.

use super::{
    background::Refused,
    commit::Turns,
    embedder::{Embedder, NoEmbedder},
    index::Indexes,
    reads::Reads,
};
use novacore_store::memories::Memories;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Bytes of memory in which indexes of users are kept, if the operator says nothing: enough for a
/// user of 160,000 memories, or for 7,500 users of 20, with few tags.
pub const INDEX_BYTES_MAX_DEFAULT: usize = 128 << 20;

/// Most searches by words at once; further ones wait.
const WORD_SEARCHES_MAX: usize = 4;

/// How memories are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryOptions {
    /// Most bytes in which indexes of users are kept. A user whose index is larger is searched from
    /// the store, page by page.
    pub index_bytes_max: usize,
    /// Whether tokens of embeddings count as the user's `llm_tokens`.
    pub meter_embeddings: bool,
}

impl Default for MemoryOptions {
    fn default() -> MemoryOptions {
        MemoryOptions { index_bytes_max: INDEX_BYTES_MAX_DEFAULT, meter_embeddings: false }
    }
}

/// The store of memories, the embedder, and what is kept beside them in memory.
#[derive(Debug)]
pub struct MemoryService {
    pub(crate) store: Arc<dyn Memories>,
    pub(crate) embedder: Arc<dyn Embedder>,
    pub(crate) indexes: Indexes,
    pub(crate) reads: Reads,
    pub(crate) turns: Turns,
    /// Places of searches by words: each reads all texts of its user.
    pub(crate) word_searches: Semaphore,
    pub(crate) refused: Refused,
    pub(crate) options: MemoryOptions,
}

impl MemoryService {
    /// Composes them.
    pub fn new(
        store: Arc<dyn Memories>,
        embedder: Arc<dyn Embedder>,
        options: MemoryOptions,
    ) -> MemoryService {
        let indexes = Indexes::new(embedder.model(), embedder.dims(), options.index_bytes_max);
        MemoryService {
            store,
            embedder,
            indexes,
            reads: Reads::default(),
            turns: Turns::default(),
            word_searches: Semaphore::new(WORD_SEARCHES_MAX),
            refused: Refused::default(),
            options,
        }
    }

    /// Composes them without a model, and says `why` there is none. Rows are charged and marked for
    /// the default model.
    pub fn without_model(store: Arc<dyn Memories>, why: impl Into<String>) -> MemoryService {
        let embedder = Arc::new(NoEmbedder::of_default(why));
        MemoryService::new(store, embedder, MemoryOptions::default())
    }

    /// Why nothing can be embedded until the server is started again, if so.
    pub(crate) fn absence(&self) -> Option<String> {
        self.embedder.absence().map(str::to_owned)
    }
}
