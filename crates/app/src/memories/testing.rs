//! A stage for the tests of memories: a store in memory, a clock moved by hand, an embedder that
//! counts words.

use super::{
    MemoryOptions, MemoryService, NewMemory,
    embedder::{EmbedError, Embedder, Embeddings},
};
use crate::{
    auth::testing::{self, user},
    cx::Cx,
    metrics::Metrics,
};
use async_trait::async_trait;
use novacore_access::{ChangeMemories, Permit, Principal, ReadMemories};
use novacore_ledger::{Command, Expect, Outcome, Record, Verb};
use novacore_memory::{Dims, Draft, Embedding, Memory, Query, Term};
use novacore_store::{
    error::StoreError,
    ledger::Ledger,
    memories::{
        Digest, Memories, MemoryHead, MemoryPage, MemoryPlace, MemoryQuery, MemoryWrite, ModelRows,
        NewEmbedding, NewReads, Numbered, Trace,
    },
};
use novacore_store_suite::memory::{HandClock, Memory as Store};
use novacore_vocab::{Amount, MemoryId, ModelId, ResourceName, Source, Timestamp, UserId};
use parking_lot::Mutex;
use std::sync::Arc;

const DIMS: u16 = 64;

/// Each word points into one of 64 directions: texts with common words are near each other. It can
/// be taken away, and refuses texts with the word `unspeakable`.
#[derive(Debug)]
pub(super) struct WordCounter {
    pub(super) model: &'static str,
    pub(super) down: Mutex<Option<EmbedError>>,
    pub(super) calls: Mutex<Vec<usize>>,
}

#[async_trait]
impl Embedder for WordCounter {
    fn model(&self) -> ModelId {
        ModelId::parse(self.model).unwrap()
    }

    fn dims(&self) -> Dims {
        Dims::new(DIMS).unwrap()
    }

    fn batch_max(&self) -> usize {
        8
    }

    async fn embed(&self, texts: &[&str]) -> Result<Embeddings, EmbedError> {
        self.calls.lock().push(texts.len());
        if let Some(error) = self.down.lock().clone() {
            return Err(error);
        }
        if texts.iter().any(|text| text.contains("unspeakable")) {
            return Err(EmbedError::Refused { why: "a word".to_owned() });
        }
        let tokens = texts.iter().map(|text| text.split_whitespace().count() as u64).sum();
        let vectors = texts.iter().map(|text| vector(text)).collect();
        Ok(Embeddings { vectors, tokens: Some(tokens) })
    }
}

fn vector(text: &str) -> Embedding {
    let mut raw = [0.01_f32; DIMS as usize];
    for word in text.split_whitespace() {
        let hash = blake3::hash(word.to_lowercase().as_bytes());
        raw[usize::from(hash.as_bytes()[0]) % raw.len()] += 1.0;
    }
    Embedding::parse(&raw, Dims::new(DIMS).unwrap()).unwrap()
}

/// Everything that a test of memories needs.
pub(super) struct Stage {
    pub(super) cx: Cx,
    pub(super) store: Arc<Store>,
    pub(super) clock: Arc<HandClock>,
    pub(super) embedder: Arc<WordCounter>,
}

impl Stage {
    pub(super) fn new() -> Stage {
        Stage::with(MemoryOptions::default())
    }

    pub(super) fn with(options: MemoryOptions) -> Stage {
        let clock = Arc::new(HandClock::at(Timestamp::from_seconds(1_800_000_000)));
        let store = Arc::new(Store::new(clock.clone()));
        for number in [1, 2] {
            store.insert_user(user(number));
        }
        let embedder = Arc::new(WordCounter {
            model: "words",
            down: Mutex::default(),
            calls: Mutex::default(),
        });
        let cx = compose(&store, &clock, embedder.clone(), options);
        Stage { cx, store, clock, embedder }
    }

    /// One whose store takes its time: whoever calls meanwhile has read the same.
    pub(super) fn contended() -> Stage {
        let stage = Stage::new();
        let memories = Arc::new(Contended(stage.store.clone()));
        let options = MemoryOptions::default();
        let service = MemoryService::new(memories, stage.embedder.clone(), options);
        Stage { cx: Cx { memories: Arc::new(service), ..stage.cx }, ..stage }
    }

    /// Another node on the same store, with another model.
    pub(super) fn with_model(&self, model: &'static str) -> Stage {
        let embedder =
            Arc::new(WordCounter { model, down: Mutex::default(), calls: Mutex::default() });
        self.beside(embedder, MemoryOptions::default())
    }

    /// Another node on the same store, with other options.
    pub(super) fn with_options(&self, options: MemoryOptions) -> Stage {
        self.beside(self.embedder.clone(), options)
    }

    fn beside(&self, embedder: Arc<WordCounter>, options: MemoryOptions) -> Stage {
        let cx = compose(&self.store, &self.clock, embedder.clone(), options);
        Stage { cx, store: self.store.clone(), clock: self.clock.clone(), embedder }
    }

    pub(super) fn changes(&self, number: u128) -> Permit<ChangeMemories> {
        Principal::service().change_memories(&user(number).subject()).unwrap()
    }

    pub(super) fn reads(&self, number: u128) -> Permit<ReadMemories> {
        Principal::service().read_memories(&user(number).subject()).unwrap()
    }

    /// Stores a text for user 1.
    pub(super) async fn store(&self, term: Term, text: &str) -> Memory {
        let stored = super::store(&self.cx, self.changes(1), new(term, text), None).await;
        stored.unwrap().memory
    }

    /// The level of user 1, of the memory service alone.
    pub(super) async fn level(&self) -> i64 {
        let view = self.cx.ledger.account(user(1).id).await.unwrap();
        let name = ResourceName::parse("memory_storage").unwrap();
        view.state.part(&name, Source::Memory)
    }

    /// The bytes of what user 1 has in charged terms.
    pub(super) async fn charged(&self) -> i64 {
        self.cx.memories.store.memory_head(user(1).id).await.unwrap().charged_bytes()
    }

    /// Leaves user 1 so many bytes of his gibibyte.
    pub(super) async fn leave(&self, bytes: i64) {
        self.record((1 << 30) - bytes - self.level().await, Source::Api).await;
    }

    /// Gives so many bytes of user 1 back that are there, as no call can.
    pub(super) async fn give_back(&self, bytes: i64) {
        self.record(-bytes, Source::Memory).await;
    }

    async fn record(&self, bytes: i64, source: Source) {
        let verb = Verb::Record(Record {
            resource: ResourceName::parse("memory_storage").unwrap(),
            amount: Amount::new(bytes).unwrap(),
            source,
            expect: Expect::Fact,
            corrects: None,
            occurred_at: None,
            metadata: None,
        });
        let command = Command { key: None, fingerprint: 0, verb };
        self.store.submit(user(1).id, command).await.unwrap();
    }
}

fn compose(
    store: &Arc<Store>,
    clock: &Arc<HandClock>,
    embedder: Arc<WordCounter>,
    options: MemoryOptions,
) -> Cx {
    let auth = Arc::new(testing::auth(store, clock));
    let memories = Arc::new(MemoryService::new(store.clone(), embedder, options));
    let metrics = Arc::new(Metrics::new());
    Cx::new(store.clone(), store.clone(), memories, clock.clone(), auth, metrics)
}

pub(super) fn new(term: Term, text: &str) -> NewMemory {
    let draft = Draft { kind: "lesson".into(), input: text.into(), ..Draft::default() };
    NewMemory { content: draft.check().unwrap(), term, vector: None }
}

pub(super) fn query(text: &str) -> Query {
    Query::parse(text).unwrap()
}

/// The store in memory, where a change waits until all who are there have asked for theirs.
#[derive(Debug)]
struct Contended(Arc<Store>);

#[async_trait]
impl Memories for Contended {
    async fn change_memories(
        &self,
        user: UserId,
        write: MemoryWrite,
    ) -> Result<Outcome, StoreError> {
        tokio::task::yield_now().await;
        self.0.change_memories(user, write).await
    }

    async fn memory_head(&self, user: UserId) -> Result<MemoryHead, StoreError> {
        self.0.memory_head(user).await
    }

    async fn find_memories(
        &self,
        user: UserId,
        ids: &[MemoryId],
    ) -> Result<Vec<Memory>, StoreError> {
        self.0.find_memories(user, ids).await
    }

    async fn find_embeddings(
        &self,
        user: UserId,
        ids: &[MemoryId],
        model: &ModelId,
        dims: Dims,
    ) -> Result<Vec<(MemoryId, Embedding)>, StoreError> {
        self.0.find_embeddings(user, ids, model, dims).await
    }

    async fn list_memories(
        &self,
        user: UserId,
        query: &MemoryQuery,
    ) -> Result<MemoryPage, StoreError> {
        self.0.list_memories(user, query).await
    }

    async fn scan_memories(
        &self,
        user: UserId,
        after: u64,
        rows_max: usize,
    ) -> Result<Vec<Numbered>, StoreError> {
        self.0.scan_memories(user, after, rows_max).await
    }

    async fn scan_digests(
        &self,
        user: UserId,
        after: u64,
        rows_max: usize,
    ) -> Result<Vec<Digest>, StoreError> {
        self.0.scan_digests(user, after, rows_max).await
    }

    async fn expired_memories(
        &self,
        now: Timestamp,
        rows_max: usize,
    ) -> Result<Vec<(UserId, Trace)>, StoreError> {
        self.0.expired_memories(now, rows_max).await
    }

    async fn memories_to_embed(
        &self,
        model: &ModelId,
        after: Option<MemoryPlace>,
        rows_max: usize,
    ) -> Result<Vec<(UserId, Memory)>, StoreError> {
        self.0.memories_to_embed(model, after, rows_max).await
    }

    async fn store_embeddings(&self, new: Vec<NewEmbedding>) -> Result<usize, StoreError> {
        self.0.store_embeddings(new).await
    }

    async fn embedding_counts(&self) -> Result<Vec<ModelRows>, StoreError> {
        self.0.embedding_counts().await
    }

    async fn note_reads(&self, reads: Vec<NewReads>) -> Result<(), StoreError> {
        self.0.note_reads(reads).await
    }
}
