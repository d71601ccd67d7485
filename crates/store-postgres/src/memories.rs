//! Memories on PostgreSQL: changes in the batches of the ledger, reads on committed rows.
//!
//! Invariant: rows of a user's memories, and his head, are written under the lock of his account,
//! which serialises all writers over all nodes; only reads of a memory are noted without it.
//! Invariant: a read is of the primary and of committed rows, so that it sees every change that was
//! acknowledged before, by whatever node.
//! Not here: how a batch takes changes along (`ledger::batch`), what they charge, how texts are
//! searched.

mod background;
mod embed;
mod list;
mod reads;
pub(crate) mod row;
pub(crate) mod tables;
pub(crate) mod texts;
pub(crate) mod vectors;

#[cfg(test)]
pub(crate) use reads::by_ids;

use crate::{ledger::place::Place, open::PostgresStore};
use async_trait::async_trait;
use novacore_ledger::Outcome;
use novacore_memory::{Dims, Embedding, Memory};
use novacore_store::{
    error::StoreError,
    memories::{
        Digest, Memories, MemoryHead, MemoryPage, MemoryPlace, MemoryQuery, MemoryWrite, ModelRows,
        Nearest, NearestQuery, NewEmbedding, NewReads, Numbered, Trace,
    },
};
use novacore_vocab::{MemoryId, ModelId, Timestamp, UserId};

impl PostgresStore {
    /// Where a user's memories lie; nobody has none.
    async fn shelf(&self, user: UserId) -> Result<Option<Place>, StoreError> {
        match self.ledger.node.places.find(&self.pool, user).await {
            Ok(place) => Ok(Some(place)),
            Err(StoreError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Memories for PostgresStore {
    async fn change_memories(
        &self,
        user: UserId,
        write: MemoryWrite,
    ) -> Result<Outcome, StoreError> {
        let place = self.ledger.node.places.find(&self.pool, user).await?;
        self.submit_memories(place, write).await
    }

    async fn memory_head(&self, user: UserId) -> Result<MemoryHead, StoreError> {
        match self.shelf(user).await? {
            Some(place) => reads::head(&self.pool, place).await,
            None => Ok(MemoryHead::default()),
        }
    }

    async fn find_memories(
        &self,
        user: UserId,
        ids: &[MemoryId],
    ) -> Result<Vec<Memory>, StoreError> {
        match self.shelf(user).await? {
            Some(place) => reads::find(&self.pool, place, ids).await,
            None => Ok(Vec::new()),
        }
    }

    async fn find_embeddings(
        &self,
        user: UserId,
        ids: &[MemoryId],
        model: &ModelId,
        dims: Dims,
    ) -> Result<Vec<(MemoryId, Embedding)>, StoreError> {
        match self.shelf(user).await? {
            Some(place) => reads::embeddings(&self.pool, place, ids, model, dims).await,
            None => Ok(Vec::new()),
        }
    }

    async fn list_memories(
        &self,
        user: UserId,
        query: &MemoryQuery,
    ) -> Result<MemoryPage, StoreError> {
        match self.shelf(user).await? {
            Some(place) => list::list(&self.pool, place, query).await,
            None => Ok(MemoryPage { rows: Vec::new(), total: 0 }),
        }
    }

    async fn scan_memories(
        &self,
        user: UserId,
        after: u64,
        rows_max: usize,
    ) -> Result<Vec<Numbered>, StoreError> {
        match self.shelf(user).await? {
            Some(place) => reads::scan(&self.pool, place, after, rows_max).await,
            None => Ok(Vec::new()),
        }
    }

    async fn scan_digests(
        &self,
        user: UserId,
        after: u64,
        rows_max: usize,
    ) -> Result<Vec<Digest>, StoreError> {
        match self.shelf(user).await? {
            Some(place) => reads::digests(&self.pool, place, after, rows_max).await,
            None => Ok(Vec::new()),
        }
    }

    async fn nearest_memories(
        &self,
        user: UserId,
        query: &NearestQuery,
    ) -> Result<Option<Nearest>, StoreError> {
        match self.shelf(user).await? {
            Some(place) => vectors::nearest(&self.ledger.node, place, query).await,
            None => Ok(None),
        }
    }

    async fn expired_memories(
        &self,
        now: Timestamp,
        rows_max: usize,
    ) -> Result<Vec<(UserId, Trace)>, StoreError> {
        background::expired(&self.pool, now, rows_max).await
    }

    async fn memories_to_embed(
        &self,
        model: &ModelId,
        after: Option<MemoryPlace>,
        rows_max: usize,
    ) -> Result<Vec<(UserId, Memory)>, StoreError> {
        background::to_embed(&self.ledger.node, model, after, rows_max).await
    }

    async fn store_embeddings(&self, new: Vec<NewEmbedding>) -> Result<usize, StoreError> {
        embed::store(&self.ledger.node, new).await
    }

    async fn embedding_counts(&self) -> Result<Vec<ModelRows>, StoreError> {
        background::counts(&self.pool).await
    }

    async fn note_reads(&self, reads: Vec<NewReads>) -> Result<(), StoreError> {
        embed::note(&self.ledger.node, reads).await
    }
}
