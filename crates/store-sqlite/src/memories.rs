//! The port of memories on SQLite.
//!
//! A change is a command of the writer's queue that carries its rows: the batch that commits the
//! entry commits them too. Embeddings and reads, which no entry speaks of, are written like the
//! control plane. Whatever is read sees one commit, the last.
//!
//! Invariant: every statement about a user names his id, which leads the indexes, or a range of his
//! keys; a row of somebody else cannot be reached.
//! Invariant: values are parameters, never part of a statement's text.
//! Not here: rules of memories, rules of the ledger, who may ask.

mod background;
mod check;
mod head;
mod list;
mod model;
mod moved;
mod read;
mod row;
mod write;

pub(crate) use check::{differences, inventory};
pub(crate) use head::{find as find_head, sound as sound_head};
pub(crate) use moved::{FIRST_PLACE, Place, page as moved_page};
pub(crate) use read::revisions;
pub(crate) use row::{damage, of_read};
pub(crate) use write::{Owner, apply};

use crate::{
    store::SqliteStore,
    writer::{Ask, Touch},
};
use async_trait::async_trait;
use novacore_ledger::Outcome;
use novacore_memory::{Dims, Embedding, Memory};
use novacore_store::{
    error::StoreError,
    memories::{
        DIGEST_PAGE_ROWS_MAX, Digest, MEMORY_IDS_MAX, MEMORY_PAGE_ROWS_MAX, Memories, MemoryHead,
        MemoryPage, MemoryPlace, MemoryQuery, MemoryWrite, ModelRows, NewEmbedding, NewReads,
        Numbered, Trace,
    },
};
use novacore_vocab::{MemoryId, ModelId, Timestamp, UserId};
use rusqlite::Connection;

/// Up to this number a change of a user's rows is let through. Above it there is room for the
/// embeddings that one batch can store, since they take numbers too.
pub(crate) const CHANGE_NO_LET_THROUGH_MAX: u64 = row::CHANGE_NO_MAX - (1 << 24);

/// Embeddings that one write stores: some megabytes, and no more, stand between the commands of a
/// batch and their answers.
const EMBEDDINGS_OF_A_WRITE_MAX: usize = 250;
/// Memories of which one write notes reads. A longer call is several writes, of which those before
/// a failure stay.
const READS_OF_A_WRITE_MAX: usize = 1_000;

impl SqliteStore {
    /// Reads what was committed last, all of it from one commit.
    async fn read_memories<R: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<R> + Send + 'static,
    ) -> Result<R, StoreError> {
        self.readers
            .read(move |connection| {
                let tx = connection.unchecked_transaction().map_err(of_read)?;
                read(&tx).map_err(of_read)
            })
            .await
    }
}

#[async_trait]
impl Memories for SqliteStore {
    async fn change_memories(
        &self,
        user: UserId,
        write: MemoryWrite,
    ) -> Result<Outcome, StoreError> {
        let ask = self.ask(user, write.command().clone()).await?;
        let ask = Ask { memories: Some(Box::new(write)), ..ask };
        self.send(vec![ask]).await?.pop().ok_or(StoreError::Unavailable)?
    }

    async fn memory_head(&self, user: UserId) -> Result<MemoryHead, StoreError> {
        self.read_memories(move |connection| match crate::directory::user_no(connection, user)? {
            Some(user_no) => head::read(connection, user_no),
            None => Ok(MemoryHead::default()),
        })
        .await
    }

    async fn find_memories(
        &self,
        user: UserId,
        ids: &[MemoryId],
    ) -> Result<Vec<Memory>, StoreError> {
        let ids = first_ids(ids);
        self.read_memories(move |connection| read::find(connection, user, &ids)).await
    }

    async fn find_embeddings(
        &self,
        user: UserId,
        ids: &[MemoryId],
        model: &ModelId,
        dims: Dims,
    ) -> Result<Vec<(MemoryId, Embedding)>, StoreError> {
        let (ids, model) = (first_ids(ids), model.clone());
        let read = move |connection: &Connection| {
            read::find_embeddings(connection, user, &ids, (&model, dims))
        };
        self.read_memories(read).await
    }

    async fn list_memories(
        &self,
        user: UserId,
        query: &MemoryQuery,
    ) -> Result<MemoryPage, StoreError> {
        let query = query.clone();
        self.read_memories(move |connection| list::page(connection, user, &query)).await
    }

    async fn scan_memories(
        &self,
        user: UserId,
        after: u64,
        rows_max: usize,
    ) -> Result<Vec<Numbered>, StoreError> {
        let rows_max = rows_max.min(MEMORY_PAGE_ROWS_MAX);
        let read = move |connection: &Connection| read::scan(connection, user, after, rows_max);
        self.read_memories(read).await
    }

    async fn scan_digests(
        &self,
        user: UserId,
        after: u64,
        rows_max: usize,
    ) -> Result<Vec<Digest>, StoreError> {
        let rows_max = rows_max.min(DIGEST_PAGE_ROWS_MAX);
        let read =
            move |connection: &Connection| read::scan_digests(connection, user, after, rows_max);
        self.read_memories(read).await
    }

    async fn expired_memories(
        &self,
        now: Timestamp,
        rows_max: usize,
    ) -> Result<Vec<(UserId, Trace)>, StoreError> {
        let rows_max = rows_max.min(MEMORY_PAGE_ROWS_MAX);
        self.read_memories(move |connection| background::expired(connection, now, rows_max)).await
    }

    async fn memories_to_embed(
        &self,
        model: &ModelId,
        after: Option<MemoryPlace>,
        rows_max: usize,
    ) -> Result<Vec<(UserId, Memory)>, StoreError> {
        let (model, rows_max) = (model.clone(), rows_max.min(MEMORY_PAGE_ROWS_MAX));
        let read = move |connection: &Connection| {
            background::to_embed(connection, &model, after, rows_max)
        };
        self.read_memories(read).await
    }

    async fn store_embeddings(&self, new: Vec<NewEmbedding>) -> Result<usize, StoreError> {
        let mut stored = 0;
        let mut new = new.into_iter();
        loop {
            let some: Vec<_> = new.by_ref().take(EMBEDDINGS_OF_A_WRITE_MAX).collect();
            if some.is_empty() {
                return Ok(stored);
            }
            let write = move |connection: &Connection| {
                Ok((background::store_embeddings(connection, &some)?, Touch::Nothing))
            };
            stored += self.control(write).await?;
        }
    }

    async fn embedding_counts(&self) -> Result<Vec<ModelRows>, StoreError> {
        self.read_memories(background::embedding_counts).await
    }

    async fn note_reads(&self, reads: Vec<NewReads>) -> Result<(), StoreError> {
        for some in reads.chunks(READS_OF_A_WRITE_MAX) {
            let some = some.to_vec();
            self.control(move |connection| {
                background::note_reads(connection, &some)?;
                Ok(((), Touch::Nothing))
            })
            .await?;
        }
        Ok(())
    }
}

fn first_ids(ids: &[MemoryId]) -> Vec<MemoryId> {
    ids[..ids.len().min(MEMORY_IDS_MAX)].to_vec()
}
