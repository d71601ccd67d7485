//! What is kept in memory for searches by meaning: of users who search, all that a first look at
//! their memories needs.
//!
//! The store stays the authority. An index is brought up to date before each search with the rows
//! that changed since (their numbers tell), and whatever it proposes is read from the store before
//! it is shown: what has gone meanwhile is dropped and the search is made again. So any number of
//! nodes may keep an index of the same user, and none tells another.
//!
//! Where the store searches by itself it is asked instead for users whose index is not kept: to
//! read one takes longer than such a search, unless it is of few memories. Whoever searches again
//! has one read for him, which is faster from then on.
//!
//! Invariant: an index holds memories of one user, and a search looks into that of its user alone.
//! Invariant: all indexes together stay within their bound; the one that was searched longest ago
//! goes first, and a user whose index would not fit is searched from the store's pages.

mod cache;
mod rows;

use super::aside;
use crate::error::AppError;
use cache::{Cache, Slot};
use novacore_memory::{Dims, Hit, Quantised, TopK};
use novacore_store::memories::{
    DIGEST_PAGE_ROWS_MAX, Digest, Memories, MemoryHead, Nearest, NearestQuery,
};
use novacore_vocab::{MemoryId, ModelId, UserId};
use rows::Rows;
use std::sync::Arc;

/// From so many rows on a scan leaves the async threads to others.
const ROWS_AT_ONCE_MAX: usize = 2_000;

/// The indexes of those users who searched last.
#[derive(Debug)]
pub(crate) struct Indexes {
    model: ModelId,
    dims: Dims,
    cache: Cache,
}

/// What a first look is to find.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    asked: NearestQuery,
    /// What is left of its embedding in a quarter of the bytes.
    query: Quantised,
}

impl Look {
    pub(crate) fn new(asked: NearestQuery) -> Look {
        let query = Quantised::of(&asked.embedding);
        Look { asked, query }
    }

    /// Scores a row, if it is asked for.
    #[inline(always)]
    fn offer(&self, digest: &Digest, vector: &[u8], top: &mut TopK) {
        if !digest.is_live(self.asked.live_at) || !self.asked.filter.matches(&digest.facts()) {
            return;
        }
        if let Some(score) = self.query.cosine_of_bytes(vector) {
            top.push(Hit { score, created_at: digest.created_at, id: digest.id });
        }
    }
}

impl Indexes {
    pub(crate) fn new(model: ModelId, dims: Dims, bytes_max: usize) -> Indexes {
        Indexes { model, dims, cache: Cache::new(bytes_max) }
    }

    /// The best of a user's memories by their quantised embeddings, best first.
    pub(crate) async fn look(
        &self,
        store: &dyn Memories,
        user: UserId,
        look: Look,
    ) -> Result<Nearest, AppError> {
        let head = store.memory_head(user).await?;
        let rows = usize::try_from(head.rows()).unwrap_or(0);
        if rows == 0 {
            self.cache.forget(user);
            return Ok(Nearest::default());
        }
        if Rows::bytes_of(rows, self.dims) > self.cache.bytes_max() {
            return self.look_without(store, user, &look).await;
        }
        if rows > ROWS_AT_ONCE_MAX
            && self.cache.find(user).is_none()
            && let Some(found) = store.nearest_memories(user, &look.asked).await?
        {
            self.cache.slot(user, || Rows::new(self.model.clone(), self.dims));
            return Ok(found);
        }
        let slot = self.cache.slot(user, || Rows::new(self.model.clone(), self.dims));
        if !self.bring_up_to_date(store, user, &slot, head).await? {
            return self.look_without(store, user, &look).await;
        }
        let unembedded = rows.saturating_sub(slot.rows.read().len()) as u64;
        let hits = if rows <= ROWS_AT_ONCE_MAX {
            slot.rows.read().scan(&look)
        } else {
            aside(move || slot.rows.read().scan(&look)).await?
        };
        Ok(Nearest { hits, unembedded })
    }

    /// Searches for one whose index does not fit.
    async fn look_without(
        &self,
        store: &dyn Memories,
        user: UserId,
        look: &Look,
    ) -> Result<Nearest, AppError> {
        self.cache.forget(user);
        match store.nearest_memories(user, &look.asked).await? {
            Some(found) => Ok(found),
            None => self.look_into_pages(store, user, look).await,
        }
    }

    /// Whether it fits; if it does not, it is not brought up to date any further.
    async fn bring_up_to_date(
        &self,
        store: &dyn Memories,
        user: UserId,
        slot: &Arc<Slot>,
        head: MemoryHead,
    ) -> Result<bool, AppError> {
        let is_current = |rows: &Rows| rows.is_current(&head);
        if is_current(&slot.rows.read()) {
            return Ok(true);
        }
        // One reads for all who wait.
        let _turn = slot.turn.lock().await;
        if is_current(&slot.rows.read()) {
            return Ok(true);
        }
        if slot.rows.read().has_too_many_gone(&head) {
            *slot.rows.write() = Rows::new(self.model.clone(), self.dims);
        }
        loop {
            // To the end, not only to where the head was: a row that changes while the pages are
            // read is behind it by then.
            let after = slot.rows.read().change_no();
            let page = store.scan_digests(user, after, DIGEST_PAGE_ROWS_MAX).await?;
            let is_last = page.len() < DIGEST_PAGE_ROWS_MAX;
            slot.rows.write().take(page);
            // What tags and sessions take is known only now. Others make room page by page.
            let bytes = slot.rows.read().bytes();
            if bytes > self.cache.bytes_max() {
                return Ok(false);
            }
            self.cache.resized(user, bytes);
            if is_last {
                break;
            }
        }
        slot.rows.write().note(&head);
        Ok(true)
    }

    async fn look_into_pages(
        &self,
        store: &dyn Memories,
        user: UserId,
        look: &Look,
    ) -> Result<Nearest, AppError> {
        let (mut after, mut best, mut unembedded) = (0, TopK::new(look.asked.rows_max), 0);
        loop {
            let page = store.scan_digests(user, after, DIGEST_PAGE_ROWS_MAX).await?;
            let Some(last) = page.last() else {
                return Ok(Nearest { hits: best.into_best_first(), unembedded });
            };
            after = last.change_no;
            let (look, model) = (look.clone(), self.model.clone());
            let scan = aside(move || {
                let (mut top, mut unembedded) = (TopK::new(look.asked.rows_max), 0);
                for digest in &page {
                    match &digest.embedded {
                        Some((by, vector)) if *by == model => {
                            look.offer(digest, &vector.to_bytes(), &mut top);
                        }
                        Some(_) | None => unembedded += 1,
                    }
                }
                (top.into_best_first(), unembedded)
            });
            let (hits, missed) = scan.await?;
            best.extend(hits);
            unembedded += missed;
        }
    }

    /// Drops rows that the store has no longer.
    pub(crate) fn drop_rows(&self, user: UserId, ids: &[MemoryId]) {
        if let Some(slot) = self.cache.find(user) {
            let mut rows = slot.rows.write();
            ids.iter().for_each(|id| rows.remove(*id));
        }
    }

    /// Drops all that is kept of a user.
    pub(crate) fn forget(&self, user: UserId) {
        self.cache.forget(user);
    }

    /// Bytes that are kept.
    pub(crate) fn bytes(&self) -> usize {
        self.cache.bytes()
    }
}
