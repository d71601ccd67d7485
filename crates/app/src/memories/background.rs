//! What is done about memories without being asked: what has expired goes, what has no embedding
//! gets one, reads are noted.
//!
//! Invariant: every step may be done twice, by two nodes or after a crash: a row that has expired
//! is removed with the revision it was read with, an embedding is stored beside the revision for
//! which it was computed.
//! Invariant: each step is bounded; between two of them others have their turn.

use super::{embedder::EmbedError, embedding, forget, usage};
use crate::{cx::Cx, error::AppError};
use novacore_memory::Memory;
use novacore_store::memories::{Embedded, MemoryPlace, NewEmbedding, Trace};
use novacore_vocab::UserId;
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};
use tokio::{sync::watch, time::sleep};

/// Most rows that are swept, or whose reads are noted, in one step.
const ROWS_MAX: usize = 500;
/// Most rows that are read to be embedded in one step.
const EMBED_ROWS_MAX: usize = 64;
/// Between two looks for work where there was none.
const IDLE: Duration = Duration::from_secs(1);
/// After a failure, so that a store or an endpoint that is down is not asked all the time.
const AFTER_FAILURE: Duration = Duration::from_secs(15);
/// After a round in which nothing that waits was embedded: the model has refused it.
const AFTER_REFUSALS: Duration = Duration::from_secs(5);
/// Failures in a row after which the texts that were asked for are passed over.
const FAILURES_MAX: u32 = 3;
/// Embeddings between two lines of progress in the log.
const PROGRESS_ROWS: u64 = 10_000;

/// Where the embedding of what waits has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EmbedCursor {
    after: Option<MemoryPlace>,
}

/// What a step of embedding did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Embedding {
    /// Where the next step goes on.
    pub next: EmbedCursor,
    /// Memories that waited.
    pub seen: u64,
    /// Embeddings that were stored.
    pub stored: u64,
    /// Whether it came to the end of what waits; the next step begins at the start.
    pub is_end: bool,
}

/// Most texts that are remembered as refused.
const REFUSED_MAX: usize = 10_000;

/// Memories whose texts the model has refused, with the revision that it saw: they are not asked
/// for again before they change, or the server is started again.
#[derive(Debug, Default)]
pub(crate) struct Refused(Mutex<HashMap<MemoryPlace, u64>>);

impl Refused {
    fn holds(&self, place: MemoryPlace, revision: u64) -> bool {
        self.0.lock().get(&place) == Some(&revision)
    }

    fn note(&self, place: MemoryPlace, revision: u64) {
        let mut refused = self.0.lock();
        if refused.len() >= REFUSED_MAX {
            refused.clear();
        }
        refused.insert(place, revision);
    }
}

/// Removes some memories that have expired and gives their bytes back; how many, and whether there
/// may be more. Fails if none could be removed and something is wrong.
pub async fn sweep_expired(cx: &Cx) -> Result<(u64, bool), AppError> {
    let due = cx.memories.store.expired_memories(cx.clock.now(), ROWS_MAX).await?;
    let more = due.len() == ROWS_MAX;
    let mut by_user: BTreeMap<UserId, Vec<Trace>> = BTreeMap::new();
    for (user, trace) in due {
        by_user.entry(user).or_default().push(trace);
    }
    let (mut swept, mut failed) = (0, None);
    for (user, rows) in by_user {
        match forget::expire(cx, user, rows).await {
            Ok(rows) => swept += rows,
            // What is wrong with the memories of one must not keep those of the others.
            Err(error) => failed = Some((user, error)),
        }
    }
    cx.metrics.memories.expired(swept);
    match failed {
        Some((_, error)) if swept == 0 => return Err(error),
        Some((user, error)) => {
            tracing::warn!(user.id = %user, "expired memories could not be swept: {error}");
        }
        None => {}
    }
    Ok((swept, more && swept > 0))
}

/// Some memories that wait behind a cursor, and the cursor behind them; the start if none do.
async fn waiting_after(
    cx: &Cx,
    cursor: EmbedCursor,
) -> Result<(Vec<(UserId, Memory)>, EmbedCursor), AppError> {
    let (store, model) = (&cx.memories.store, cx.memories.embedder.model());
    let waiting = store.memories_to_embed(&model, cursor.after, EMBED_ROWS_MAX).await?;
    let last = waiting.last().map(|(user, row)| MemoryPlace { user: *user, id: row.id });
    Ok((waiting, EmbedCursor { after: last }))
}

/// Embeds some memories that have no embedding by the model in use.
pub async fn embed_waiting(cx: &Cx, cursor: EmbedCursor) -> Result<Embedding, AppError> {
    let service = &cx.memories;
    let model = service.embedder.model();
    let (mut waiting, next) = waiting_after(cx, cursor).await?;
    if waiting.is_empty() {
        return Ok(Embedding { next, seen: 0, stored: 0, is_end: true });
    }
    let seen = waiting.len() as u64;
    let place = |user: UserId, memory: &Memory| MemoryPlace { user, id: memory.id };
    waiting.retain(|(user, row)| !service.refused.holds(place(*user, row), row.revision));
    let mut new = Vec::with_capacity(waiting.len());
    for batch in waiting.chunks(service.embedder.batch_max().max(1)) {
        let texts: Vec<_> = batch.iter().map(|(_, row)| row.content.embedding_text()).collect();
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        for ((user, memory), embedding) in batch.iter().zip(embed_batch(cx, &texts).await?) {
            let place = place(*user, memory);
            let Some(embedding) = embedding else {
                // It stays without; words find it.
                service.refused.note(place, memory.revision);
                continue;
            };
            let embedded = Embedded { model: model.clone(), embedding };
            new.push(NewEmbedding { place, revision: memory.revision, embedded });
        }
    }
    let stored = service.store.store_embeddings(new).await? as u64;
    Ok(Embedding { next, seen, stored, is_end: false })
}

/// The embeddings of a batch; if it is refused as a whole, of each text that is not refused alone.
/// Nobody is charged: he was not asked.
async fn embed_batch(
    cx: &Cx,
    texts: &[&str],
) -> Result<Vec<Option<novacore_memory::Embedding>>, AppError> {
    match embedding::embed(cx, None, texts).await {
        Ok(vectors) => Ok(vectors.into_iter().map(Some).collect()),
        Err(EmbedError::Refused { .. }) => {
            let mut vectors = Vec::with_capacity(texts.len());
            for text in texts {
                match embedding::embed(cx, None, &[text]).await {
                    Ok(mut vector) => vectors.push(vector.pop()),
                    Err(EmbedError::Refused { why }) => {
                        tracing::debug!("a memory stays without embedding: {why}");
                        vectors.push(None);
                    }
                    Err(_) => return Err(AppError::Unavailable),
                }
            }
            Ok(vectors)
        }
        Err(
            EmbedError::Unavailable { .. } | EmbedError::Overloaded | EmbedError::TooMany { .. },
        ) => Err(AppError::Unavailable),
    }
}

/// Notes some of the reads that were counted; whether more wait.
pub async fn note_reads(cx: &Cx) -> Result<bool, AppError> {
    let reads = cx.memories.reads.take(ROWS_MAX);
    let more = reads.len() == ROWS_MAX;
    if reads.is_empty() {
        return Ok(false);
    }
    if let Err(error) = cx.memories.store.note_reads(reads.clone()).await {
        cx.memories.reads.put_back(reads);
        return Err(error.into());
    }
    Ok(more)
}

/// Notes all reads that were counted, as far as the store takes them.
pub async fn note_all_reads(cx: &Cx) {
    while let Ok(true) = note_reads(cx).await {}
}

/// Works until `stop` closes.
pub async fn run(cx: Cx, stop: watch::Receiver<()>) {
    let (sweeping, embedding, noting) = (stop.clone(), stop.clone(), stop);
    tokio::join!(
        until(sweeping, sweep_on(&cx)),
        until(embedding, embed_on(&cx)),
        until(noting, note_on(&cx)),
    );
}

async fn until(mut stop: watch::Receiver<()>, work: impl Future<Output = ()>) {
    tokio::select! {
        // An error too means that the server stops.
        _ = stop.changed() => {}
        () = work => {}
    }
}

async fn sweep_on(cx: &Cx) {
    loop {
        match sweep_expired(cx).await {
            Ok((_, true)) => tokio::task::yield_now().await,
            Ok((_, false)) => sleep(IDLE).await,
            Err(error) => {
                tracing::warn!("expired memories could not be swept: {error}");
                sleep(AFTER_FAILURE).await;
            }
        }
    }
}

async fn embed_on(cx: &Cx) {
    if let Some(why) = cx.memories.absence() {
        tracing::warn!("memories are stored without embeddings: {why}");
        return;
    }
    let (mut cursor, mut round) = (EmbedCursor::default(), Round::default());
    let mut failures = 0_u32;
    loop {
        match embed_waiting(cx, cursor).await {
            Ok(step) => {
                failures = 0;
                cursor = step.next;
                round.add(cx, step).await;
                if step.is_end {
                    let pause = round.end(cx);
                    round = Round::default();
                    sleep(pause).await;
                } else {
                    tokio::task::yield_now().await;
                }
            }
            Err(error) => {
                tracing::warn!("memories wait for their embeddings: {error}");
                note_waiting(cx).await;
                sleep(AFTER_FAILURE).await;
                failures += 1;
                // A text on which an endpoint fails must not keep all others waiting: it has its
                // turn in the next round.
                if failures.is_multiple_of(FAILURES_MAX) {
                    cursor = waiting_after(cx, cursor).await.map_or(cursor, |(_, next)| next);
                }
            }
        }
    }
}

/// One walk over all memories that wait.
#[derive(Default)]
struct Round {
    seen: u64,
    stored: u64,
    told: u64,
}

impl Round {
    async fn add(&mut self, cx: &Cx, step: Embedding) {
        self.seen += step.seen;
        self.stored += step.stored;
        if self.stored >= self.told + PROGRESS_ROWS {
            self.told = self.stored;
            tracing::info!(memories = self.stored, "memories embedded so far");
            note_waiting(cx).await;
        }
    }

    /// Tells what was done; how long to wait for the next round.
    fn end(&self, cx: &Cx) -> Duration {
        if self.stored > 0 {
            tracing::info!(memories = self.stored, "memories that waited are embedded");
        }
        cx.metrics.memories.waiting(self.seen - self.stored, cx.memories.indexes.bytes());
        if self.seen > 0 && self.stored == 0 { AFTER_REFUSALS } else { IDLE }
    }
}

/// Shows in the metrics how many memories wait. That is counted only while some do: it takes a walk
/// over an index of all memories.
async fn note_waiting(cx: &Cx) {
    if let Ok(progress) = usage::progress(cx).await {
        cx.metrics.memories.waiting(progress.waiting, cx.memories.indexes.bytes());
    }
}

async fn note_on(cx: &Cx) {
    loop {
        match note_reads(cx).await {
            Ok(true) => tokio::task::yield_now().await,
            Ok(false) => sleep(IDLE).await,
            Err(error) => {
                tracing::debug!("reads of memories are noted later: {error}");
                sleep(AFTER_FAILURE).await;
            }
        }
    }
}
