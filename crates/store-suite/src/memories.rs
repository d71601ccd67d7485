//! What every store of memories must do: one function per behaviour, each on a fresh and empty
//! store.
//!
//! Expand [`memories_suite!`](crate::memories_suite) with a function that makes a
//! [`MemoryHarness`]. The rules themselves are tested in `novacore-memory`; here is what a store
//! may get wrong about them: that rows and entries are one commit, staleness, reading back, and
//! whose rows they are.

mod changes;
mod embeddings;
mod parallel;
mod random;
mod reads;

pub use changes::*;
pub use embeddings::*;
pub use parallel::*;
pub use random::*;
pub use reads::*;

use crate::{
    ledger::{self, Harness},
    memory::HandClock,
};
use novacore_ledger::Outcome;
use novacore_memory::{Dims, Draft, Embedding, Filter, Memory, Term};
use novacore_store::{
    clock::Clock,
    error::StoreError,
    memories::{
        Cause, ChangeKey, Embedded, Memories, MemoryChange, MemoryOrder, MemoryPage, MemoryQuery,
        MemoryWrite, Trace,
    },
};
use novacore_vocab::{IdempotencyKey, MemoryId, ModelId, Source, UserId};
use std::sync::Arc;
use uuid::Uuid;

/// A store under test that keeps memories too.
pub trait MemoryHarness: Harness {
    /// The memories of the same store. A case drops what it got here before it calls
    /// [`Harness::reopen`].
    fn memories(&self) -> Arc<dyn Memories>;
}

/// One test per behaviour. `$open` is a function that returns a
/// [`MemoryHarness`](crate::memories::MemoryHarness).
#[macro_export]
macro_rules! memories_suite {
    ($open:path) => {
        $crate::memories_suite!(@each $open:
            a_memory_commits_with_its_entry,
            a_refused_change_changes_nothing,
            a_change_charges_what_it_changes,
            short_term_memory_costs_nothing,
            what_is_stale_is_not_judged,
            room_in_short_term_memory_is_made_once,
            many_rows_change_in_one_commit,
            a_key_changes_once,
            a_key_is_kept_where_no_byte_moves,
            rows_of_others_cannot_be_named,
            nobody_stores_no_memory,
            what_an_operator_erases_is_in_the_audit_log,
            a_memory_reads_back_whole,
            a_list_is_filtered_ordered_and_counted,
            scans_follow_the_changes_of_rows,
            a_scan_ends_a_page_of_large_texts_early,
            what_has_expired_is_found_in_order,
            reads_are_noted_and_are_no_change,
            embeddings_are_stored_beside_their_rows,
            embeddings_of_changed_rows_are_passed_over,
            memories_without_embedding_are_found_page_by_page,
            what_a_store_finds_is_nearest,
            stores_at_once_fill_a_limit_to_the_byte,
            one_row_changes_once_at_a_time,
            random_changes_are_kept_like_the_model,
        );
    };
    (@each $open:path: $($case:ident),+ $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let mut harness = $open();
            $crate::memories::$case(&mut harness).await;
        }
    )+};
}

/// Small, so that tests are.
const DIMS: u16 = 4;

fn id(number: u128) -> MemoryId {
    MemoryId(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000 | number))
}

fn dims() -> Dims {
    Dims::new(DIMS).expect("a dimension")
}

fn model(name: &str) -> ModelId {
    ModelId::parse(name).expect("a model's name")
}

/// An embedding that points to its own direction.
fn embedded(by: &str, direction: usize) -> Embedded {
    let mut raw = [0.1_f32; DIMS as usize];
    raw[direction % DIMS as usize] = 1.0;
    let embedding = Embedding::parse(&raw, dims()).expect("a vector");
    Embedded { model: model(by), embedding }
}

fn draft(input: &str) -> Draft {
    Draft { kind: "lesson".into(), input: input.into(), ..Draft::default() }
}

fn of_draft(clock: &HandClock, number: u128, term: Term, draft: Draft) -> Memory {
    let content = draft.check().expect("a content");
    Memory::new(id(number), term, content, dims(), clock.now())
}

fn memory(harness: &impl MemoryHarness, number: u128, term: Term) -> Memory {
    of_draft(harness.clock(), number, term, draft(&format!("memory {number}")))
}

fn insert(memory: &Memory) -> MemoryChange {
    MemoryChange::Insert { memory: memory.clone(), embedded: None }
}

fn replace(before: &Memory, memory: Memory) -> MemoryChange {
    let embedded = novacore_store::memories::NextEmbedding::Keep;
    MemoryChange::Replace { before: Trace::of(before), memory, embedded }
}

fn remove(memory: &Memory) -> MemoryChange {
    MemoryChange::Remove { before: Trace::of(memory) }
}

fn store(changes: Vec<MemoryChange>) -> MemoryWrite {
    MemoryWrite::new(changes, None, Cause::Store, None)
}

fn key(text: &str, fingerprint: u128) -> Option<ChangeKey> {
    let key = IdempotencyKey::parse(text).expect("a key");
    Some(ChangeKey { key, fingerprint })
}

async fn change(
    harness: &impl MemoryHarness,
    user: UserId,
    write: MemoryWrite,
) -> Result<Outcome, StoreError> {
    harness.memories().change_memories(user, write).await
}

/// A change that must be applied.
async fn applied(harness: &impl MemoryHarness, user: UserId, write: MemoryWrite) {
    let outcome = change(harness, user, write).await;
    assert!(matches!(outcome, Ok(Outcome::Applied(_))), "{outcome:?}");
    assert_level(harness, user).await;
}

/// The part of the level that memories hold.
async fn level(harness: &impl MemoryHarness, user: UserId) -> i64 {
    let view = harness.ledger().account(user).await.expect("an account");
    view.state.part(&ledger::name("memory_storage"), Source::Memory)
}

/// The level of source memory is the bytes of the rows that are there, and so say the tallies.
async fn assert_level(harness: &impl MemoryHarness, user: UserId) {
    let memories = harness.memories();
    let (mut rows, mut after) = (Vec::new(), 0);
    loop {
        let page = memories.scan_memories(user, after, 1_000).await.expect("a page");
        let Some(last) = page.last() else { break };
        after = last.change_no;
        rows.extend(page.into_iter().map(|row| row.memory));
    }
    let charged: i64 = rows.iter().map(novacore_memory::charged_bytes).sum();
    let head = memories.memory_head(user).await.expect("a head");
    assert_eq!(level(harness, user).await, charged);
    assert_eq!(head.charged_bytes(), charged);
    let mut counted = novacore_store::memories::MemoryHead::default();
    rows.iter().for_each(|row| counted.add(&Trace::of(row), 1));
    assert_eq!(head.tallies, counted.tallies);
}

fn newest(filter: Filter, clock: &HandClock) -> MemoryQuery {
    let order = MemoryOrder::Newest;
    MemoryQuery { filter, live_at: clock.now(), order, offset: 0, rows_max: 100 }
}

async fn list(harness: &impl MemoryHarness, user: UserId, query: &MemoryQuery) -> MemoryPage {
    harness.memories().list_memories(user, query).await.expect("a page")
}

async fn find(harness: &impl MemoryHarness, user: UserId, number: u128) -> Option<Memory> {
    let found = harness.memories().find_memories(user, &[id(number)]).await;
    found.expect("a look-up").pop()
}
