//! Memories on the disk that loses what was not synced: row and entry are there together, or
//! neither is.

use crate::rig::{LOG, Rig, options, user};
use novacore_ledger::Outcome;
use novacore_memory::{Change, Dims, Draft, Embedding, Memory, Patch, Tags, Term};
use novacore_store::{
    clock::Clock,
    error::StoreError,
    memories::{
        Cause, Embedded, Memories, MemoryChange, MemoryPlace, MemoryWrite, NewEmbedding,
        NextEmbedding, Trace,
    },
};
use novacore_store_sqlite::{SqliteStore, verify};
use novacore_vocab::{MemoryId, ModelId, Timestamp, UserId};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use uuid::Uuid;

/// What is there, by id.
type Rows = BTreeMap<MemoryId, Memory>;

/// A user whose memories change one after the other.
struct Author {
    user: UserId,
    rows: Rows,
    changes: u64,
}

impl Author {
    fn new(number: u128) -> Author {
        Author { user: user(number), rows: Rows::new(), changes: 0 }
    }

    /// The next change: two come, one is replaced, one goes, and so on.
    fn next(&mut self, now: Timestamp) -> MemoryWrite {
        self.changes += 1;
        let first = self.rows.values().next().cloned();
        let change = match (self.changes % 4, first) {
            (3, Some(before)) => {
                let tags = Tags::parse(vec![format!("t{}", self.changes)]).expect("tags");
                let patch = Patch { tags: Change::Set(tags), ..Patch::default() };
                let memory = before.update(&patch, now).expect("it is there").memory;
                self.rows.insert(memory.id, memory.clone());
                let embedded = NextEmbedding::Keep;
                MemoryChange::Replace { before: Trace::of(&before), memory, embedded }
            }
            (0, Some(before)) => {
                self.rows.remove(&before.id);
                MemoryChange::Remove { before: Trace::of(&before) }
            }
            (..) => {
                let term = if self.changes.is_multiple_of(2) { Term::Stm } else { Term::Ltm };
                let memory = memory(self.changes, term, now);
                self.rows.insert(memory.id, memory.clone());
                MemoryChange::Insert { memory, embedded: Some(embedded()) }
            }
        };
        MemoryWrite::new(vec![change], None, Cause::Store, None)
    }
}

fn memory(number: u64, term: Term, now: Timestamp) -> Memory {
    let input = "x".repeat(1 + number as usize % 50 * 200);
    let draft = Draft { kind: "task".into(), input, ..Draft::default() };
    let id = MemoryId(Uuid::from_u128(number.into()));
    Memory::new(id, term, draft.check().expect("a content"), dims(), now)
}

fn dims() -> Dims {
    Dims::new(8).expect("a dimension")
}

fn embedded() -> Embedded {
    let embedding = Embedding::parse(&[0.5; 8], dims()).expect("a vector");
    Embedded { model: ModelId::parse("m").expect("a name"), embedding }
}

async fn rows(store: &SqliteStore, user: UserId) -> Rows {
    let page = store.scan_memories(user, 0, 1_000).await.expect("a page");
    page.into_iter().map(|row| (row.memory.id, row.memory)).collect()
}

async fn left(copy: &Path, rig: &Rig, user: UserId) -> Rows {
    let store = SqliteStore::open(options(copy, &rig.clock)).expect("it opens without repair");
    let left = rows(&store, user).await;
    drop(store);
    let report = verify(&options(copy, &rig.clock)).expect("it can be verified");
    assert_eq!(report.findings, Vec::<String>::new());
    left
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memories_survive_any_loss_with_their_entries() {
    let rig = Rig::new().await;
    let mut author = Author::new(0);
    let mut history = vec![Rows::new()];
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let mut undone = 0;
    for seed in 0..24 {
        let copy = rig.copy(&format!("copy-{seed}"));
        let least = Arc::new(AtomicUsize::new(0));
        let (seen, noted) = (acknowledged.clone(), least.clone());
        let note = move || noted.store(seen.load(Ordering::SeqCst), Ordering::SeqCst);
        let told = rig.disk.power_loss_after(seed * 7 % 97, &copy, seed, note);
        let loss = loop {
            let write = author.next(rig.clock.now());
            history.push(author.rows.clone());
            let outcome = rig.store().change_memories(author.user, write).await;
            assert!(matches!(outcome, Ok(Outcome::Applied(_))), "{outcome:?}");
            acknowledged.store(history.len() - 1, Ordering::SeqCst);
            if let Ok(loss) = told.try_recv() {
                break loss.expect("a copy");
            }
        };
        undone += loss.lost + loss.torn;
        let left = left(&copy, &rig, author.user).await;
        let least = least.load(Ordering::SeqCst);
        let found = history[least..].contains(&left);
        assert!(found, "what is left is not there since change {least}: {left:?}");
        std::fs::remove_dir_all(&copy).expect("removed");
        rig.clock.advance_s(1);
    }
    assert!(undone > 0, "the log had unsynced pages");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_changes_no_memory() {
    let rig = Rig::new().await;
    let mut author = Author::new(0);
    for free_bytes in [0, 30, 5_000] {
        let first = author.next(rig.clock.now());
        let told = rig.store().change_memories(author.user, first).await;
        assert!(matches!(told, Ok(Outcome::Applied(_))), "{told:?}");
        let (head, before) = (rig.store().memory_head(author.user).await, author.rows.clone());
        let write = author.next(rig.clock.now());
        rig.disk.fill_after(free_bytes);
        for _ in 0..2 {
            let told = rig.store().change_memories(author.user, write.clone()).await;
            assert_eq!(told, Err(StoreError::StorageFull), "{free_bytes} bytes left");
        }
        let (id, kept) = before.iter().next().expect("one is there");
        let place = MemoryPlace { user: author.user, id: *id };
        let embedding = NewEmbedding { place, revision: kept.revision, embedded: embedded() };
        let told = rig.store().store_embeddings(vec![embedding]).await;
        assert_eq!(told, Err(StoreError::StorageFull));
        assert_eq!(rows(rig.store(), author.user).await, before);
        assert_eq!(rig.store().memory_head(author.user).await, head);
        rig.disk.make_room();
        // Derived files look again after a moment; until then the writer waits for them.
        let told = loop {
            let told = rig.store().change_memories(author.user, write.clone()).await;
            if told != Err(StoreError::StorageFull) {
                break told;
            }
            tokio::task::yield_now().await;
        };
        assert!(matches!(told, Ok(Outcome::Applied(_))), "{told:?}");
        assert_eq!(rows(rig.store(), author.user).await, author.rows);
    }
    assert!(rig.fatal.try_recv().is_err(), "a full disk is not fatal");
    let copy = rig.copy("copy");
    rig.disk.power_loss(&copy, 1).expect("a copy");
    assert_eq!(left(&copy, &rig, author.user).await, author.rows);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_failed_sync_a_memory_is_there_whole_or_not_at_all() {
    let mut rig = Rig::new().await;
    let mut author = Author::new(0);
    for _ in 0..5 {
        let write = author.next(rig.clock.now());
        let told = rig.store().change_memories(author.user, write).await;
        assert!(matches!(told, Ok(Outcome::Applied(_))), "{told:?}");
    }
    let before = author.rows.clone();
    let write = author.next(rig.clock.now());
    rig.disk.fail_next_sync(LOG);
    let told = rig.store().change_memories(author.user, write).await;
    assert_eq!(told, Err(StoreError::Unavailable));
    assert!(rig.fatal.recv().expect("on_fatal is called").contains("I/O"));
    rig.close();
    for seed in 0..12 {
        let copy = rig.copy(&format!("copy-{seed}"));
        rig.disk.power_loss(&copy, seed).expect("a copy");
        let left = left(&copy, &rig, author.user).await;
        assert!(left == before || left == author.rows, "{left:?}");
    }
}
