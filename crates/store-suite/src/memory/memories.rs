//! Memories in memory: a list per user, looked through from end to end.

use super::Memory as Store;
use async_trait::async_trait;
use novacore_ledger::Outcome;
use novacore_memory::{Dims, Embedding, Hit, Memory, TopK};
use novacore_store::{
    error::StoreError,
    memories::{
        Claims, DIGEST_PAGE_ROWS_MAX, Digest, Embedded, Known, MEMORY_IDS_MAX,
        MEMORY_PAGE_ROWS_MAX, MEMORY_SCAN_BYTES_MAX, MemoryChange, MemoryHead, MemoryOrder,
        MemoryPage, MemoryPlace, MemoryQuery, MemoryWrite, ModelRows, Nearest, NearestQuery,
        NewEmbedding, NewReads, NextEmbedding, Numbered, Trace,
    },
};
use novacore_vocab::{MemoryId, ModelId, Timestamp, UserId};
use std::{cmp::Reverse, collections::BTreeMap};

/// What is kept of a user's memories.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    head: MemoryHead,
    rows: BTreeMap<MemoryId, Row>,
}

#[derive(Debug)]
struct Row {
    change_no: u64,
    memory: Memory,
    embedded: Option<Embedded>,
}

impl Shelf {
    fn apply(&mut self, write: &MemoryWrite, after: MemoryHead) {
        let mut change_no = self.head.change_no;
        for change in write.changes() {
            match change.clone() {
                MemoryChange::Insert { memory, embedded } => {
                    change_no += 1;
                    self.rows.insert(memory.id, Row { change_no, memory, embedded });
                }
                MemoryChange::Replace { memory, embedded, .. } => {
                    change_no += 1;
                    let row = self.rows.get_mut(&memory.id).expect("claimed");
                    let access = row.memory.access;
                    (row.change_no, row.memory) = (change_no, Memory { access, ..memory });
                    if let NextEmbedding::Set(embedded) = embedded {
                        row.embedded = embedded;
                    }
                }
                MemoryChange::Remove { before } => drop(self.rows.remove(&before.id)),
            }
        }
        self.head = after;
    }

    fn nearest(&self, query: &NearestQuery) -> Nearest {
        let (mut top, mut unembedded) = (TopK::new(query.rows_max), 0);
        for Row { memory, embedded, .. } in self.rows.values() {
            let Some(embedded) = embedded.as_ref().filter(|one| one.model == query.model) else {
                unembedded += 1;
                continue;
            };
            let is_asked = memory.is_live(query.live_at) && query.filter.matches(&memory.facts());
            if let Some(score) = query.embedding.cosine(&embedded.embedding)
                && is_asked
            {
                top.push(Hit { score, created_at: memory.created_at, id: memory.id });
            }
        }
        Nearest { hits: top.into_best_first(), unembedded }
    }

    /// The rows that changed after a number, by number.
    fn changed_after(&self, after: u64) -> Vec<&Row> {
        let mut rows: Vec<&Row> = self.rows.values().filter(|row| row.change_no > after).collect();
        rows.sort_by_key(|row| row.change_no);
        rows
    }
}

impl Store {
    fn with_shelf<R>(&self, user: UserId, read: impl FnOnce(&Shelf) -> R) -> R {
        let kept = self.kept();
        match kept.shelves.get(&user) {
            Some(shelf) => read(shelf),
            None => read(&Shelf::default()),
        }
    }

    fn all_rows<R>(&self, mut read: impl FnMut(UserId, &Row) -> Option<R>) -> Vec<R> {
        let kept = self.kept();
        let rows = kept
            .shelves
            .iter()
            .flat_map(|(user, shelf)| shelf.rows.values().map(move |row| (*user, row)));
        rows.filter_map(|(user, row)| read(user, row)).collect()
    }
}

#[async_trait]
impl novacore_store::memories::Memories for Store {
    async fn change_memories(
        &self,
        user: UserId,
        write: MemoryWrite,
    ) -> Result<Outcome, StoreError> {
        let mut kept = self.kept();
        kept.load(user)?;
        let shelf = kept.shelves.entry(user).or_default();
        let revision = |id: MemoryId| shelf.rows.get(&id).map(|row| row.memory.revision);
        let known = Known { revision: &revision, stm_revision: shelf.head.stm_revision };
        Claims::default().claim(user, &write, known)?;
        let after = shelf.head.after(&write)?;
        let outcome = self.run_on(&mut kept, user, write.command().clone())?;
        if let Outcome::Applied(_) = outcome {
            kept.shelves.entry(user).or_default().apply(&write, after);
            kept.audit.extend(write.audit().cloned());
        }
        Ok(outcome)
    }

    async fn memory_head(&self, user: UserId) -> Result<MemoryHead, StoreError> {
        Ok(self.with_shelf(user, |shelf| shelf.head))
    }

    async fn find_memories(
        &self,
        user: UserId,
        ids: &[MemoryId],
    ) -> Result<Vec<Memory>, StoreError> {
        let ids = ids.iter().take(MEMORY_IDS_MAX);
        Ok(self.with_shelf(user, |shelf| {
            ids.filter_map(|id| Some(shelf.rows.get(id)?.memory.clone())).collect()
        }))
    }

    async fn find_embeddings(
        &self,
        user: UserId,
        ids: &[MemoryId],
        model: &ModelId,
        dims: Dims,
    ) -> Result<Vec<(MemoryId, Embedding)>, StoreError> {
        let ids = ids.iter().take(MEMORY_IDS_MAX);
        Ok(self.with_shelf(user, |shelf| {
            let found = ids.filter_map(|id| Some((*id, shelf.rows.get(id)?.embedded.as_ref()?)));
            found
                .filter(|(_, one)| one.model == *model && one.embedding.dims() == dims)
                .map(|(id, one)| (id, one.embedding.clone()))
                .collect()
        }))
    }

    async fn nearest_memories(
        &self,
        user: UserId,
        query: &NearestQuery,
    ) -> Result<Option<Nearest>, StoreError> {
        match &mut self.kept().stage.nearest {
            Some(count) => *count += 1,
            None => return Ok(None),
        }
        Ok(Some(self.with_shelf(user, |shelf| shelf.nearest(query))))
    }

    async fn list_memories(
        &self,
        user: UserId,
        query: &MemoryQuery,
    ) -> Result<MemoryPage, StoreError> {
        Ok(self.with_shelf(user, |shelf| {
            let all = shelf.rows.values().map(|row| &row.memory);
            let mut found: Vec<&Memory> = all
                .filter(|one| one.is_live(query.live_at) && query.filter.matches(&one.facts()))
                .collect();
            let newest = |one: &&Memory| (Reverse(one.created_at), one.id);
            match query.order {
                MemoryOrder::Newest => found.sort_by_key(newest),
                MemoryOrder::MostRead => found.sort_by_key(|one| {
                    (Reverse((one.access.count, one.access.last_at)), newest(one))
                }),
            }
            let total = found.len() as u64;
            let rows_max = query.rows_max.min(MEMORY_PAGE_ROWS_MAX);
            let rows = found.into_iter().skip(query.offset).take(rows_max).cloned().collect();
            MemoryPage { rows, total }
        }))
    }

    async fn scan_memories(
        &self,
        user: UserId,
        after: u64,
        rows_max: usize,
    ) -> Result<Vec<Numbered>, StoreError> {
        let rows_max = rows_max.min(MEMORY_PAGE_ROWS_MAX);
        Ok(self.with_shelf(user, |shelf| {
            let mut bytes = 0;
            let fits = |row: &&Row| {
                let before = bytes;
                bytes += row.memory.size_bytes();
                before < MEMORY_SCAN_BYTES_MAX
            };
            let rows = shelf.changed_after(after).into_iter().take(rows_max).take_while(fits);
            rows.map(|row| Numbered { change_no: row.change_no, memory: row.memory.clone() })
                .collect()
        }))
    }

    async fn scan_digests(
        &self,
        user: UserId,
        after: u64,
        rows_max: usize,
    ) -> Result<Vec<Digest>, StoreError> {
        let rows_max = rows_max.min(DIGEST_PAGE_ROWS_MAX);
        Ok(self.with_shelf(user, |shelf| {
            let rows = shelf.changed_after(after).into_iter().take(rows_max);
            rows.map(|row| Digest::of(row.change_no, &row.memory, row.embedded.as_ref())).collect()
        }))
    }

    async fn expired_memories(
        &self,
        now: Timestamp,
        rows_max: usize,
    ) -> Result<Vec<(UserId, Trace)>, StoreError> {
        let mut due = self.all_rows(|user, row| {
            let expires_at = row.memory.expires_at.filter(|at| *at <= now)?;
            Some((expires_at, user, Trace::of(&row.memory)))
        });
        due.sort_by_key(|(expires_at, user, trace)| (*expires_at, *user, trace.id));
        due.truncate(rows_max.min(MEMORY_PAGE_ROWS_MAX));
        Ok(due.into_iter().map(|(_, user, trace)| (user, trace)).collect())
    }

    async fn memories_to_embed(
        &self,
        model: &ModelId,
        after: Option<MemoryPlace>,
        rows_max: usize,
    ) -> Result<Vec<(UserId, Memory)>, StoreError> {
        let mut waiting = self.all_rows(|user, row| {
            let place = MemoryPlace { user, id: row.memory.id };
            let has = row.embedded.as_ref().is_some_and(|one| one.model == *model);
            (!has && after < Some(place)).then(|| (place, row.memory.clone()))
        });
        waiting.sort_by_key(|(place, _)| *place);
        waiting.truncate(rows_max.min(MEMORY_PAGE_ROWS_MAX));
        Ok(waiting.into_iter().map(|(place, memory)| (place.user, memory)).collect())
    }

    async fn store_embeddings(&self, new: Vec<NewEmbedding>) -> Result<usize, StoreError> {
        let mut kept = self.kept();
        if !kept.writable {
            return Err(StoreError::StorageFull);
        }
        let mut stored = 0;
        for NewEmbedding { place, revision, embedded } in new {
            let Some(shelf) = kept.shelves.get_mut(&place.user) else { continue };
            let Some(row) = shelf.rows.get_mut(&place.id) else { continue };
            if row.memory.revision == revision {
                shelf.head.change_no += 1;
                (row.change_no, row.embedded) = (shelf.head.change_no, Some(embedded));
                stored += 1;
            }
        }
        Ok(stored)
    }

    async fn embedding_counts(&self) -> Result<Vec<ModelRows>, StoreError> {
        let mut counts: BTreeMap<Option<ModelId>, u64> = BTreeMap::new();
        let model = |row: &Row| row.embedded.as_ref().map(|one| one.model.clone());
        for model in self.all_rows(|_, row| Some(model(row))) {
            *counts.entry(model).or_default() += 1;
        }
        Ok(counts.into_iter().map(|(model, rows)| ModelRows { model, rows }).collect())
    }

    async fn note_reads(&self, reads: Vec<NewReads>) -> Result<(), StoreError> {
        let mut kept = self.kept();
        if !kept.writable {
            return Err(StoreError::StorageFull);
        }
        for NewReads { place, access } in reads {
            let shelf = kept.shelves.get_mut(&place.user);
            if let Some(row) = shelf.and_then(|shelf| shelf.rows.get_mut(&place.id)) {
                row.memory.access = row.memory.access.plus(access);
            }
        }
        Ok(())
    }
}
