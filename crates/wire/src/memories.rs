//! The calls about memories.
//!
//! Those of the platform ignore fields that they do not know; bulk and forget, which are ours,
//! refuse them. Words (`type`, `tier`, `outcome`, `mode`) and bounds are checked by whoever knows
//! them; here they are text and numbers.

mod ask;
mod embeddings;
mod shown;
mod usage;

pub use ask::{
    BulkMemory, BulkMode, BulkRequest, EraseRequest, ForgetRequest, PromoteRequest, SearchRequest,
    Sent, StmRequest, StoreRequest, UpdateRequest,
};
pub use embeddings::{EmbeddingProgress, ModelMemories};
pub use shown::{
    BulkAnswer, BulkEach, BulkResult, BulkStored, ContextParts, Deleted, Erased, Forgotten,
    FoundMemory, Memory, MemoryPage, SearchResults, SessionMemories,
};
pub use usage::{
    EmbeddingState, MemoryCounts, MemoryStats, MemoryUsage, NoLimit, QuotaCheck, StorageLimit,
    TermStats, TermsStats, TotalStorage,
};

/// Most memories of a bulk store.
pub const BULK_MEMORIES_MAX: usize = 100;
