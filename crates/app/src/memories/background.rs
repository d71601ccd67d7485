//! What is done about memories without being asked: what has expired goes, what has no embedding
//! gets one, reads are noted.
//!
//! Invariant: every step may be done twice, by two nodes or after a crash: a row that has expired
//! is removed with the revision it was read with, an embedding is stored beside the revision for
//! which it was computed.
//! Invariant: each step is bounded; between two of them others have their turn.

use super::{embedder::EmbedError, embedding, forget};
use crate::{cx::Cx, error::AppError};
use novacore_store::memories::{Embedded, MemoryPlace, NewEmbedding, Trace};
use novacore_vocab::UserId;
use std::{collections::BTreeMap, time::Duration};
use tokio::{sync::watch, time::sleep};

/// Most rows that are swept, or whose reads are noted, in one step.
const ROWS_MAX: usize = 500;
/// Most rows that are read to be embedded in one step.
const EMBED_ROWS_MAX: usize = 64;
/// Between two looks for work where there was none.
const IDLE: Duration = Duration::from_secs(1);
/// After a failure, so that a store or an endpoint that is down is not asked all the time.
const AFTER_FAILURE: Duration = Duration::from_secs(15);
/// After a round in which every text that waits was refused by the model.
const AFTER_REFUSALS: Duration = Duration::from_secs(60);
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

/// Embeds some memories that have no embedding by the model in use.
pub async fn embed_waiting(cx: &Cx, cursor: EmbedCursor) -> Result<Embedding, AppError> {
    let service = &cx.memories;
    let model = service.embedder.model();
    let waiting = service.store.memories_to_embed(&model, cursor.after, EMBED_ROWS_MAX).await?;
    let Some((user, last)) = waiting.last() else {
        return Ok(Embedding { next: EmbedCursor::default(), seen: 0, stored: 0, is_end: true });
    };
    let next = EmbedCursor { after: Some(MemoryPlace { user: *user, id: last.id }) };
    let mut new = Vec::with_capacity(waiting.len());
    for batch in waiting.chunks(service.embedder.batch_max().max(1)) {
        let texts: Vec<_> = batch.iter().map(|(_, row)| row.content.embedding_text()).collect();
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        for ((user, memory), embedding) in batch.iter().zip(embed_batch(cx, &texts).await?) {
            // A text that the model refuses stays without; words find it.
            let Some(embedding) = embedding else { continue };
            let place = MemoryPlace { user: *user, id: memory.id };
            let embedded = Embedded { model: model.clone(), embedding };
            new.push(NewEmbedding { place, revision: memory.revision, embedded });
        }
    }
    let stored = service.store.store_embeddings(new).await? as u64;
    Ok(Embedding { next, seen: waiting.len() as u64, stored, is_end: false })
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

/// Works until `stop` closes, then notes the reads that are left.
pub async fn run(cx: Cx, stop: watch::Receiver<()>) {
    let (sweeping, embedding, noting) = (stop.clone(), stop.clone(), stop);
    tokio::join!(
        until(sweeping, sweep_on(&cx)),
        until(embedding, embed_on(&cx)),
        until(noting, note_on(&cx)),
    );
    while let Ok(true) = note_reads(&cx).await {}
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
    loop {
        match embed_waiting(cx, cursor).await {
            Ok(step) => {
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
    let model = cx.memories.embedder.model();
    if let Ok(counts) = cx.memories.store.embedding_counts().await {
        let others = counts.iter().filter(|one| one.model.as_ref() != Some(&model));
        cx.metrics.memories.waiting(others.map(|one| one.rows).sum(), cx.memories.indexes.bytes());
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
