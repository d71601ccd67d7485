//! Memories for tests.

use crate::fixture::Fixture;
use novacore_ledger::Outcome;
use novacore_memory::{Change, Dims, Draft, Embedding, Memory, PatchDraft, Term, charged_bytes};
use novacore_store::{
    clock::Clock,
    error::StoreError,
    ledger::Ledger,
    memories::{
        Cause, Embedded, Memories, MemoryChange, MemoryHead, MemoryWrite, NextEmbedding, Trace,
        memory_storage,
    },
};
use novacore_store_postgres::PostgresStore;
use novacore_store_suite::ledger::Harness;
use novacore_vocab::{MemoryId, ModelId, Source, UserId};
use uuid::Uuid;

pub(crate) fn dims() -> Dims {
    Dims::new(8).expect("a dimension")
}

pub(crate) fn memory_id(number: u128) -> MemoryId {
    MemoryId(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000 | number))
}

pub(crate) fn memory(fixture: &Fixture, number: u128, term: Term) -> Memory {
    let input = format!("memory {number:>9}");
    let draft = Draft { kind: "lesson".into(), input, ..Draft::default() };
    let content = draft.check().expect("a content");
    Memory::new(memory_id(number), term, content, dims(), fixture.clock().now())
}

/// A memory that says so much more.
pub(crate) fn longer(memory: &Memory, more: &str) -> Memory {
    let input = Change::Set(format!("{}{more}", memory.content.input.as_str()));
    let patch = PatchDraft { input, ..PatchDraft::default() }.check().expect("a patch");
    memory.update(&patch, memory.created_at).expect("it is there").memory
}

pub(crate) fn embedded(direction: usize) -> Embedded {
    let mut raw = [0.1_f32; 8];
    raw[direction % 8] = 1.0;
    let embedding = Embedding::parse(&raw, dims()).expect("a vector");
    Embedded { model: ModelId::parse("m").expect("a model's name"), embedding }
}

pub(crate) fn insert(memory: &Memory) -> MemoryChange {
    MemoryChange::Insert { memory: memory.clone(), embedded: Some(embedded(1)) }
}

pub(crate) fn replace(before: &Memory, memory: Memory) -> MemoryChange {
    MemoryChange::Replace { before: Trace::of(before), memory, embedded: NextEmbedding::Keep }
}

pub(crate) fn remove(memory: &Memory) -> MemoryChange {
    MemoryChange::Remove { before: Trace::of(memory) }
}

pub(crate) fn store(changes: Vec<MemoryChange>) -> MemoryWrite {
    MemoryWrite::new(changes, None, Cause::Store, None)
}

/// A change that must be applied.
pub(crate) async fn applied(store: &PostgresStore, user: UserId, write: MemoryWrite) {
    let outcome = store.change_memories(user, write).await;
    assert!(is_applied(&outcome), "{outcome:?}");
}

pub(crate) fn is_applied(outcome: &Result<Outcome, StoreError>) -> bool {
    matches!(outcome, Ok(Outcome::Applied(_)))
}

/// All of a user's memories, as another node sees them; their bytes are what the level says, and
/// their sums what the head says.
pub(crate) async fn books(node: &PostgresStore, user: UserId) -> (Vec<Memory>, MemoryHead) {
    let (mut rows, mut after) = (Vec::new(), 0);
    loop {
        let page = node.scan_memories(user, after, 1_000).await.expect("a page");
        let Some(last) = page.last() else { break };
        after = last.change_no;
        rows.extend(page.into_iter().map(|row| row.memory));
    }
    let head = node.memory_head(user).await.expect("a head");
    let mut counted = MemoryHead::default();
    rows.iter().for_each(|row| counted.add(&Trace::of(row), 1));
    assert_eq!(head.tallies, counted.tallies);
    let storage = memory_storage();
    let state = node.account(user).await.expect("an account").state;
    let charged: i64 = rows.iter().map(charged_bytes).sum();
    assert_eq!(state.part(&storage, Source::Memory), charged);
    (rows, head)
}
