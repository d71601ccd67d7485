//! The port of memories: changes that commit with their entry, and what searches read.
//!
//! Every method but those of the background takes the user whose memories it is about, and looks at
//! no others: a row of somebody else cannot be named.
//!
//! Invariant: a change and its entry are one commit; so is every change of one call.
//! Invariant: what was acknowledged is seen by every read that starts after.
//! Not here: which changes are right, what they charge (`novacore_memory`), who may ask.

mod change;
mod claims;
mod head;

pub use change::{
    Cause, ChangeKey, Embedded, MemoryChange, MemoryWrite, NextEmbedding, Trace, memory_storage,
};
pub use claims::{Claims, Known};
pub use head::{MemoryHead, Tally};

use crate::error::StoreError;
use async_trait::async_trait;
use novacore_ledger::Outcome;
use novacore_memory::{
    Access, Confidence, Dims, Embedding, Facts, Filter, Hit, Kind, Memory, Quantised, SessionName,
    Tags, Term,
};
use novacore_vocab::{MemoryId, ModelId, Timestamp, UserId};

/// Most rows of a page of memories with their texts.
pub const MEMORY_PAGE_ROWS_MAX: usize = 1_000;
/// A scan's page of memories ends with the row with which their sizes reach this many bytes: texts
/// are large, and whoever scans holds a page.
pub const MEMORY_SCAN_BYTES_MAX: i64 = 8 << 20;
/// Most rows of a page of digests.
pub const DIGEST_PAGE_ROWS_MAX: usize = 10_000;
/// Most ids that one look-up may name.
pub const MEMORY_IDS_MAX: usize = 1_000;

/// Which come first in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MemoryOrder {
    /// The newest, of equally old ones the lower id.
    Newest,
    /// Those read most often, of these the one read last, then the newest, then the lower id.
    MostRead,
}

/// Which memories of a user to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryQuery {
    /// Those that this matches.
    pub filter: Filter,
    /// Those that have not expired by then.
    pub live_at: Timestamp,
    /// Which come first.
    pub order: MemoryOrder,
    /// How many to pass over.
    pub offset: usize,
    /// How many rows, at most [`MEMORY_PAGE_ROWS_MAX`].
    pub rows_max: usize,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryPage {
    /// The memories, in order.
    pub rows: Vec<Memory>,
    /// How many match in all.
    pub total: u64,
}

/// A memory and the number of its row's last change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// The number; a later change of any row of the user has a larger one.
    pub change_no: u64,
    /// The memory.
    pub memory: Memory,
}

/// What a search has to know of a memory before it reads it: all but its texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Digest {
    /// Which memory.
    pub id: MemoryId,
    /// The number of its row's last change.
    pub change_no: u64,
    /// Its term.
    pub term: Term,
    /// What it is about.
    pub kind: Kind,
    /// Its tags.
    pub tags: Tags,
    /// Its session.
    pub session: Option<SessionName>,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it is gone.
    pub expires_at: Option<Timestamp>,
    /// How sure the application is of it.
    pub confidence: Option<Confidence>,
    /// The model of its embedding, and what is left of it in a quarter of the bytes; `None` while
    /// it is not computed.
    pub embedded: Option<(ModelId, Quantised)>,
}

impl Digest {
    /// Of a memory and its embedding.
    pub fn of(change_no: u64, memory: &Memory, embedded: Option<&Embedded>) -> Digest {
        let content = &memory.content;
        Digest {
            id: memory.id,
            change_no,
            term: memory.term,
            kind: content.kind,
            tags: content.tags.clone(),
            session: content.session.clone(),
            created_at: memory.created_at,
            expires_at: memory.expires_at,
            confidence: content.confidence,
            embedded: embedded.map(|one| (one.model.clone(), Quantised::of(&one.embedding))),
        }
    }

    /// What a filter looks at.
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            term: self.term,
            kind: self.kind,
            tags: self.tags.as_slice(),
            session: self.session.as_ref(),
            created_at: self.created_at,
            confidence: self.confidence,
        }
    }

    /// Whether it is still there at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}

/// A place among all memories of all users, in the order of the background's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemoryPlace {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub id: MemoryId,
}

/// An embedding that was computed for a memory as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEmbedding {
    /// Of which memory.
    pub place: MemoryPlace,
    /// Its revision when it was read: of another one, nothing is stored.
    pub revision: u64,
    /// The embedding.
    pub embedded: Embedded,
}

/// How many memories have an embedding of a model.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModelRows {
    /// The model; `None` for those that wait for one.
    pub model: Option<ModelId>,
    /// How many.
    pub rows: u64,
}

/// Reads of a memory since they were last noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewReads {
    /// Of which memory.
    pub place: MemoryPlace,
    /// How often, and when last; added to what is stored.
    pub access: Access,
}

/// A search by meaning that a store may make by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct NearestQuery {
    /// Among embeddings by this model.
    pub model: ModelId,
    /// To what they are to be near; of the dimensions that they have.
    pub embedding: Embedding,
    /// Among those that this matches.
    pub filter: Filter,
    /// Those that have not expired by then.
    pub live_at: Timestamp,
    /// How many, at most [`MEMORY_IDS_MAX`].
    pub rows_max: usize,
}

/// What was found near.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Nearest {
    /// The nearest by their cosines, but for rounding, best first.
    pub hits: Vec<Hit>,
    /// About how many of the user's memories have no embedding by the model, so that none of them
    /// is found.
    pub unembedded: u64,
}

/// Memories.
#[async_trait]
pub trait Memories: Send + Sync + std::fmt::Debug {
    /// Has the ledger judge the write's command and, if that is applied, makes the changes in the
    /// same commit. Refused or replayed, nothing changes.
    ///
    /// Fails with [`StoreError::Stale`] `memory` if a row that is named has another revision than
    /// it was read with, is there though it should come, or short-term memory is not as it was
    /// read; nothing is judged then. Fails with [`StoreError::NotFound`] if there is no such user.
    async fn change_memories(
        &self,
        user: UserId,
        write: MemoryWrite,
    ) -> Result<Outcome, StoreError>;

    /// What a user's memories add up to; of one who has none, nothing.
    async fn memory_head(&self, user: UserId) -> Result<MemoryHead, StoreError>;

    /// Those of `ids` that are there, expired or not, in the order of `ids`; at most
    /// [`MEMORY_IDS_MAX`] are looked up.
    async fn find_memories(
        &self,
        user: UserId,
        ids: &[MemoryId],
    ) -> Result<Vec<Memory>, StoreError>;

    /// The embeddings by `model` and of `dims` of those of `ids` that have one, in the order of
    /// `ids`; at most [`MEMORY_IDS_MAX`] are looked up.
    async fn find_embeddings(
        &self,
        user: UserId,
        ids: &[MemoryId],
        model: &ModelId,
        dims: Dims,
    ) -> Result<Vec<(MemoryId, Embedding)>, StoreError>;

    /// A page of memories, and how many there are.
    async fn list_memories(
        &self,
        user: UserId,
        query: &MemoryQuery,
    ) -> Result<MemoryPage, StoreError>;

    /// Memories whose row changed after number `after`, expired ones too, by ascending number; at
    /// most `rows_max` and [`MEMORY_PAGE_ROWS_MAX`], and fewer if they are large
    /// ([`MEMORY_SCAN_BYTES_MAX`]). A page is empty only behind the last row.
    async fn scan_memories(
        &self,
        user: UserId,
        after: u64,
        rows_max: usize,
    ) -> Result<Vec<Numbered>, StoreError>;

    /// As [`Memories::scan_memories`], without texts; at most [`DIGEST_PAGE_ROWS_MAX`].
    async fn scan_digests(
        &self,
        user: UserId,
        after: u64,
        rows_max: usize,
    ) -> Result<Vec<Digest>, StoreError>;

    /// The nearest of all memories of a user that a filter matches, by a scan of the store's own:
    /// `None` if it has none, or cannot say at this time. The caller scans digests then.
    async fn nearest_memories(
        &self,
        user: UserId,
        query: &NearestQuery,
    ) -> Result<Option<Nearest>, StoreError> {
        let (_, _) = (user, query);
        Ok(None)
    }

    /// Memories of all users that have expired by `now`, those first that expired first; at most
    /// `rows_max` and [`MEMORY_PAGE_ROWS_MAX`].
    async fn expired_memories(
        &self,
        now: Timestamp,
        rows_max: usize,
    ) -> Result<Vec<(UserId, Trace)>, StoreError>;

    /// Memories of all users, in the order of their places and after `after`, that have no
    /// embedding by `model`; at most `rows_max` and [`MEMORY_PAGE_ROWS_MAX`].
    async fn memories_to_embed(
        &self,
        model: &ModelId,
        after: Option<MemoryPlace>,
        rows_max: usize,
    ) -> Result<Vec<(UserId, Memory)>, StoreError>;

    /// Stores embeddings beside the memories for which they were computed, as new changes of the
    /// rows; how many. One whose memory has another revision by now, or is gone, is passed over.
    async fn store_embeddings(&self, new: Vec<NewEmbedding>) -> Result<usize, StoreError>;

    /// How many memories of all users have an embedding of which model.
    async fn embedding_counts(&self) -> Result<Vec<ModelRows>, StoreError>;

    /// Adds reads to what is stored of them; those of memories that are gone are passed over. It is
    /// no change: revision and number stay.
    async fn note_reads(&self, reads: Vec<NewReads>) -> Result<(), StoreError>;
}
