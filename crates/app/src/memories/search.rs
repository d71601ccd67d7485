//! Search a user's memories: by meaning, by words, or by both.
//!
//! By meaning there are two looks. The first goes over all of the user's memories with embeddings
//! in a quarter of their bytes and proposes some more than are wanted; the second scores these by
//! their full embeddings, read from the store. What is shown was read from the store in this call.
//!
//! Invariant: only the caller's own memories are looked at, in the index as in the store.
//! Invariant: whoever asks for meaning and is answered by words is told so, with the reason.

use super::{aside, embedding};
use crate::{cx::Cx, error::AppError, memories::index::Look};
use novacore_access::{Permit, ReadMemories};
use novacore_memory::{
    Embedding, Filter, Fused, Hit, Keywords, Memory, Mode, Query, Statistics, TopK, fuse,
    shortlist_rows,
};
use novacore_store::memories::{
    MEMORY_IDS_MAX, MEMORY_PAGE_ROWS_MAX, Nearest, NearestQuery, Numbered,
};
use novacore_vocab::{MemoryId, Timestamp, UserId};
use std::collections::{HashMap, HashSet};

/// How often a search is made again because a memory that it found has gone meanwhile.
const TRIES_MAX: usize = 8;

/// What is searched.
#[derive(Clone, Debug)]
pub struct SearchAsk {
    /// The text.
    pub query: Query,
    /// The query's embedding, if the caller brings it.
    pub vector: Option<Vec<f32>>,
    /// How to rank.
    pub mode: Mode,
    /// Among which memories.
    pub filter: Filter,
    /// How many, at most [`novacore_memory::limits::RESULTS_MAX`].
    pub limit: usize,
}

/// A memory that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundMemory {
    /// The memory.
    pub memory: Memory,
    /// What orders the finds: a cosine, a score of words, or of both ranks, by the mode.
    pub score: f64,
    /// The cosine to the query, if it was found by meaning.
    pub similarity: Option<f64>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The memories, the best first.
    pub memories: Vec<FoundMemory>,
    /// How they were ranked.
    pub mode: Mode,
    /// Why not in the mode that was asked for.
    pub degraded: Option<String>,
    /// About how many of the user's memories cannot be found by meaning yet; 0 if they were
    /// searched by words.
    pub unembedded: u64,
}

/// Searches. Being found is a read.
pub async fn search(
    cx: &Cx,
    permit: Permit<ReadMemories>,
    ask: SearchAsk,
) -> Result<Found, AppError> {
    let user = permit.account().user;
    let found = search_of(cx, user, ask).await?;
    let at = cx.clock.now();
    let read = |one: FoundMemory| {
        let memory = cx.memories.reads.count(user, one.memory, at);
        FoundMemory { memory, ..one }
    };
    Ok(Found { memories: found.memories.into_iter().map(read).collect(), ..found })
}

/// Searches without counting reads.
pub(super) async fn search_of(cx: &Cx, user: UserId, ask: SearchAsk) -> Result<Found, AppError> {
    let vector = match (&ask.vector, ask.mode.needs_embedding()) {
        (_, false) => Ok(None),
        (Some(raw), true) => Ok(Some(embedding::brought(cx, raw)?.embedding)),
        (None, true) => {
            let made = embedding::embed(cx, Some(user), &[ask.query.as_str()]).await;
            made.map(|mut vectors| vectors.pop())
        }
    };
    let (mode, vector, degraded) = match vector {
        Ok(Some(vector)) => (ask.mode, Some(vector), None),
        Ok(None) => (Mode::Keyword, None, None),
        Err(error) => (Mode::Keyword, None, Some(error.to_string())),
    };
    cx.metrics.memories.searched(mode.as_str(), degraded.is_some());
    let (memories, unembedded) = match vector {
        None => {
            let hits = by_words(cx, user, &ask, ask.limit).await?;
            (shown(cx, user, &ask, hits.iter().map(of_words).collect()).await?.0, 0)
        }
        Some(vector) => by_meaning(cx, user, &ask, mode, &vector).await?,
    };
    Ok(Found { memories, mode, degraded, unembedded })
}

/// A find that was not read yet.
#[derive(Clone, Copy, Debug)]
struct Ranked {
    id: MemoryId,
    score: f64,
    similarity: Option<f64>,
}

fn of_words(hit: &Hit) -> Ranked {
    Ranked { id: hit.id, score: hit.score.get(), similarity: None }
}

fn of_meaning(hit: &Hit) -> Ranked {
    Ranked { id: hit.id, score: hit.score.get(), similarity: Some(hit.score.get()) }
}

fn of_both(fused: &Fused) -> Ranked {
    let similarity = fused.cosine.map(|score| score.get());
    Ranked { id: fused.hit.id, score: fused.hit.score.get(), similarity }
}

async fn by_meaning(
    cx: &Cx,
    user: UserId,
    ask: &SearchAsk,
    mode: Mode,
    vector: &Embedding,
) -> Result<(Vec<FoundMemory>, u64), AppError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let rows_max = match mode {
            Mode::Hybrid => shortlist_rows(ask.limit),
            Mode::Semantic | Mode::Keyword => ask.limit,
        };
        let Nearest { hits: meant, unembedded } = nearest(cx, user, ask, vector, rows_max).await?;
        let ranked = match mode {
            Mode::Hybrid => {
                let said = by_words(cx, user, ask, rows_max).await?;
                fuse(&meant, &said, ask.limit).iter().map(of_both).collect()
            }
            Mode::Semantic | Mode::Keyword => meant.iter().map(of_meaning).collect(),
        };
        let (memories, is_whole) = shown(cx, user, ask, ranked).await?;
        if is_whole || tries >= TRIES_MAX {
            return Ok((memories, unembedded));
        }
    }
}

/// The nearest memories by their full embeddings, the best first.
async fn nearest(
    cx: &Cx,
    user: UserId,
    ask: &SearchAsk,
    vector: &Embedding,
    rows_max: usize,
) -> Result<Nearest, AppError> {
    let service = &cx.memories;
    let (model, dims) = (service.embedder.model(), service.embedder.dims());
    let look = Look::new(NearestQuery {
        model: model.clone(),
        embedding: vector.clone(),
        filter: ask.filter.clone(),
        live_at: cx.clock.now(),
        rows_max: shortlist_rows(rows_max).min(MEMORY_IDS_MAX),
    });
    let mut tries = 0;
    loop {
        tries += 1;
        let seen = service.indexes.look(&*service.store, user, look.clone()).await?;
        let Nearest { hits: proposed, unembedded } = seen;
        let ids: Vec<MemoryId> = proposed.iter().map(|hit| hit.id).collect();
        let stored = service.store.find_embeddings(user, &ids, &model, dims).await?;
        let stored: HashMap<MemoryId, Embedding> = stored.into_iter().collect();
        let gone: Vec<MemoryId> = ids.into_iter().filter(|id| !stored.contains_key(id)).collect();
        if gone.is_empty() || tries >= TRIES_MAX {
            let mut top = TopK::new(rows_max);
            top.extend(proposed.into_iter().filter_map(|hit| {
                let score = vector.cosine(stored.get(&hit.id)?)?;
                Some(Hit { score, ..hit })
            }));
            return Ok(Nearest { hits: top.into_best_first(), unembedded });
        }
        match tries < TRIES_MAX / 2 {
            true => service.indexes.drop_rows(user, &gone),
            false => service.indexes.forget(user),
        }
    }
}

/// The best memories by the words of the query, the best first.
async fn by_words(
    cx: &Cx,
    user: UserId,
    ask: &SearchAsk,
    rows_max: usize,
) -> Result<Vec<Hit>, AppError> {
    let keywords = Keywords::of(&ask.query);
    if keywords.as_slice().is_empty() {
        return Ok(Vec::new());
    }
    let place = cx.memories.word_searches.acquire().await;
    let _place = place.map_err(|closed| AppError::Internal(closed.to_string()))?;
    let now = cx.clock.now();
    let mut tally = Tally { statistics: Statistics::of(&keywords), found: Vec::new() };
    let mut after = 0;
    loop {
        let store = &cx.memories.store;
        let page = store.scan_memories(user, after, MEMORY_PAGE_ROWS_MAX).await?;
        let Some(last) = page.last() else { break };
        after = last.change_no;
        let (keywords, filter) = (keywords.clone(), ask.filter.clone());
        // Words of long texts take their time, which async threads do not have.
        let counted = aside(move || {
            tally.count(&keywords, &filter, &page, now);
            tally
        });
        tally = counted.await?;
    }
    Ok(tally.best(rows_max))
}

/// What was counted of a user's texts so far.
struct Tally {
    statistics: Statistics,
    found: Vec<(MemoryId, Timestamp, novacore_memory::Counts)>,
}

impl Tally {
    fn count(&mut self, keywords: &Keywords, filter: &Filter, page: &[Numbered], now: Timestamp) {
        for Numbered { memory, .. } in page.iter().filter(|row| row.memory.is_live(now)) {
            let counts = keywords.count(&memory.content);
            self.statistics.add(&counts);
            if counts.has_any() && filter.matches(&memory.facts()) {
                self.found.push((memory.id, memory.created_at, counts));
            }
        }
    }

    fn best(&self, rows_max: usize) -> Vec<Hit> {
        let mut top = TopK::new(rows_max);
        top.extend(self.found.iter().filter_map(|(id, created_at, counts)| {
            let score = self.statistics.score(counts)?;
            Some(Hit { score, created_at: *created_at, id: *id })
        }));
        // A row that changed while the pages were read is there twice.
        let mut seen = HashSet::new();
        let mut hits = top.into_best_first();
        hits.retain(|hit| seen.insert(hit.id));
        hits
    }
}

/// The memories of a ranking, and whether all of them are still as they were found.
async fn shown(
    cx: &Cx,
    user: UserId,
    ask: &SearchAsk,
    ranked: Vec<Ranked>,
) -> Result<(Vec<FoundMemory>, bool), AppError> {
    let ids: Vec<MemoryId> = ranked.iter().map(|one| one.id).collect();
    let now = cx.clock.now();
    let found = cx.memories.store.find_memories(user, &ids).await?;
    let fits = |one: &Memory| one.is_live(now) && ask.filter.matches(&one.facts());
    let fitting = found.into_iter().filter(fits).map(|one| (one.id, one));
    let mut fitting: HashMap<MemoryId, Memory> = fitting.collect();
    let found = ranked.iter().filter_map(|one| {
        let memory = fitting.remove(&one.id)?;
        Some(FoundMemory { memory, score: one.score, similarity: one.similarity })
    });
    let found: Vec<FoundMemory> = found.collect();
    let is_whole = found.len() == ranked.len();
    Ok((found, is_whole))
}
