//! Memories that change in one batch with others, and in one that fails.

use super::*;
use novacore_ledger::Entry;
use novacore_memory::{
    Change, Confidence, Dims, Draft, Embedding, Field, Memory, Patch, Term, charged_bytes,
};
use novacore_store::{
    ledger::EntryQuery,
    memories::{
        Cause, Embedded, Memories, MemoryChange, MemoryPlace, MemoryWrite, NewEmbedding,
        NextEmbedding, Trace,
    },
};
use novacore_vocab::{MemoryId, ModelId};
use tokio::task::JoinHandle;

type Told = Result<Outcome, StoreError>;

const ADA: UserId = UserId(uuid::Uuid::from_u128(1));

fn memory(number: u128, term: Term) -> Memory {
    let draft =
        Draft { kind: "task".into(), input: "x".repeat(number as usize), ..Draft::default() };
    let content = draft.check().unwrap();
    let id = MemoryId(uuid::Uuid::from_u128(number));
    Memory::new(id, term, content, Dims::new(2).unwrap(), Timestamp::from_seconds(1_800_000_000))
}

fn insert(memory: &Memory) -> MemoryWrite {
    on(None, vec![MemoryChange::Insert { memory: memory.clone(), embedded: None }])
}

fn on(stm_revision: Option<u64>, changes: Vec<MemoryChange>) -> MemoryWrite {
    MemoryWrite::new(changes, stm_revision, Cause::Store, None)
}

fn updated(before: &Memory) -> MemoryWrite {
    let confidence = Change::Set(Confidence::parse(0.5, Field::Confidence).unwrap());
    let patch = Patch { confidence, ..Patch::default() };
    let memory = before.update(&patch, before.created_at).unwrap().memory;
    let embedded = NextEmbedding::Keep;
    on(None, vec![MemoryChange::Replace { before: Trace::of(before), memory, embedded }])
}

fn removed(memory: &Memory) -> MemoryWrite {
    on(None, vec![MemoryChange::Remove { before: Trace::of(memory) }])
}

fn is_applied(told: &Told) -> bool {
    matches!(told, Ok(Outcome::Applied(_)))
}

const STALE: Told = Err(StoreError::Stale("memory"));

async fn with_ada(dir: &Path) -> Arc<SqliteStore> {
    let store = open(dir, &clock());
    store.ensure_user(&user(1)).await.unwrap();
    store
}

async fn applied(store: &SqliteStore, write: MemoryWrite) {
    let told = store.change_memories(ADA, write).await;
    assert!(is_applied(&told), "{told:?}");
}

/// Has all of them queue one after the other while the writer is busy, so that they are one batch.
async fn in_one_batch(store: &Arc<SqliteStore>, writes: Vec<MemoryWrite>) -> Vec<Told> {
    let release = occupy(store);
    let mut tasks: Vec<JoinHandle<Told>> = Vec::new();
    for write in writes {
        let queueing = store.clone();
        tasks.push(tokio::spawn(async move { queueing.change_memories(ADA, write).await }));
        queued(store, tasks.len()).await;
    }
    release.send(()).unwrap();
    let mut told = Vec::new();
    for task in tasks {
        told.push(task.await.unwrap());
    }
    told
}

/// The numbers of the rows that are there, each with its change number.
async fn rows(store: &SqliteStore) -> Vec<(u64, u128)> {
    let page = store.scan_memories(ADA, 0, 1_000).await.unwrap();
    page.into_iter().map(|row| (row.change_no, row.memory.id.0.as_u128())).collect()
}

async fn entries(store: &SqliteStore) -> Vec<Entry> {
    let mut entries = store.entries(&EntryQuery::newest(ADA, 100)).await.unwrap();
    entries.reverse();
    entries
}

async fn amounts(store: &SqliteStore) -> Vec<i64> {
    entries(store).await.iter().map(|entry| entry.amount).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_fails_leaves_neither_row_nor_entry() {
    let dir = tempfile::tempdir().unwrap();
    let store = with_ada(dir.path()).await;
    let kept = memory(1, Term::Ltm);
    applied(&store, insert(&kept)).await;
    let before = (store.memory_head(ADA).await, entries(&store).await, rows(&store).await);
    let (charged, free) = (memory(2, Term::Itm), memory(3, Term::Stm));
    let writes = [insert(&charged), insert(&free), removed(&kept)];
    let release = occupy(&store);
    let mut tasks = Vec::new();
    for write in writes.clone() {
        let store = store.clone();
        tasks.push(tokio::spawn(async move { store.change_memories(ADA, write).await }));
    }
    queued(&store, 3).await;
    let full = store.clone();
    let full = tokio::spawn(async move {
        full.control(|_| Err::<((), Touch), _>(StoreError::StorageFull)).await
    });
    queued(&store, 4).await;
    release.send(()).unwrap();
    assert_eq!(full.await.unwrap(), Err(StoreError::StorageFull));
    for task in tasks {
        assert_eq!(task.await.unwrap(), Err(StoreError::StorageFull));
    }
    let after = (store.memory_head(ADA).await, entries(&store).await, rows(&store).await);
    assert_eq!(after, before);
    for write in writes {
        applied(&store, write).await;
    }
    assert_eq!(rows(&store).await, [(2, 2), (3, 3)]);
    let amounts = amounts(&store).await;
    let sizes = [&kept, &charged].map(charged_bytes);
    assert_eq!(amounts, [sizes[0], sizes[1], -sizes[0]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_of_one_batch_follow_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let store = with_ada(dir.path()).await;
    let [one, two, three] = [1, 2, 3].map(|number| memory(number, Term::Ltm));
    let told = in_one_batch(&store, vec![insert(&one), insert(&two), insert(&three)]).await;
    assert!(told.iter().all(is_applied), "{told:?}");
    let told = in_one_batch(&store, vec![updated(&one), removed(&two), updated(&three)]).await;
    assert!(told.iter().all(is_applied), "{told:?}");
    assert_eq!(rows(&store).await, [(4, 1), (5, 3)]);
    let head = store.memory_head(ADA).await.unwrap();
    assert_eq!((head.change_no, head.removals, head.tally(Term::Ltm).rows), (5, 1, 2));
    assert_eq!(head.charged_bytes(), amounts(&store).await.iter().sum::<i64>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_one_batch_only_the_first_changes_what_both_have_read() {
    let dir = tempfile::tempdir().unwrap();
    let store = with_ada(dir.path()).await;
    let [one, two, three] = [1, 2, 3].map(|number| memory(number, Term::Ltm));
    applied(&store, insert(&one)).await;
    let writes = vec![updated(&one), removed(&one), insert(&two), insert(&two), insert(&three)];
    let told = in_one_batch(&store, writes).await;
    let expected = [true, false, true, false, true];
    assert_eq!(told.iter().map(is_applied).collect::<Vec<_>>(), expected, "{told:?}");
    assert_eq!((&told[1], &told[3]), (&STALE, &STALE));
    assert_eq!(rows(&store).await, [(2, 1), (3, 2), (4, 3)]);

    let [first, second] = [11, 12].map(|number| memory(number, Term::Stm));
    let on_stm = |memory: &Memory| on(Some(0), insert(memory).changes().to_vec());
    let told = in_one_batch(&store, vec![on_stm(&first), on_stm(&second)]).await;
    assert!(is_applied(&told[0]) && told[1] == STALE, "{told:?}");
    let head = store.memory_head(ADA).await.unwrap();
    assert_eq!((head.stm_revision, head.tally(Term::Stm).rows), (1, 1));
    assert_eq!(amounts(&store).await.len(), 3);
}

/// Panics over memory 13.
fn afraid_of_13(
    state: &AccountState,
    policy: &Policy,
    command: &Command,
    seen: Option<&KeyRecord>,
    now: Timestamp,
) -> Decided {
    let thirteen = charged_bytes(&memory(13, Term::Ltm));
    let decided = decide(state, policy, command, seen, now);
    assert!(decided.entries.iter().all(|entry| entry.amount != thirteen), "thirteen");
    decided
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_panics_spoils_no_other_and_writes_no_row() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open_judged_by(options(dir.path(), &clock()), afraid_of_13).unwrap();
    let store = Arc::new(store);
    store.ensure_user(&user(1)).await.unwrap();
    let unlucky = memory(13, Term::Ltm);
    let [one, two, short] =
        [(1, Term::Ltm), (2, Term::Itm), (3, Term::Stm)].map(|(number, term)| memory(number, term));
    let writes = vec![insert(&one), insert(&unlucky), insert(&short), insert(&two)];
    let told = in_one_batch(&store, writes).await;
    assert!(matches!(told[1], Err(StoreError::Internal(_))), "{told:?}");
    assert_eq!(told.iter().filter(|told| is_applied(told)).count(), 3, "{told:?}");
    assert_eq!(rows(&store).await, [(1, 1), (2, 3), (3, 2)]);
    assert_eq!(amounts(&store).await, [&one, &two].map(charged_bytes));
    let head = store.memory_head(ADA).await.unwrap();
    assert_eq!((head.change_no, head.stm_revision), (3, 1));
    applied(&store, removed(&one)).await;
}

fn embedded() -> Embedded {
    let embedding = Embedding::parse(&[0.6, 0.8], Dims::new(2).unwrap()).unwrap();
    Embedded { model: ModelId::parse("m").unwrap(), embedding }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn embeddings_and_writes_of_one_batch_take_different_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let store = with_ada(dir.path()).await;
    let [one, two] = [1, 2].map(|number| memory(number, Term::Ltm));
    applied(&store, insert(&one)).await;
    let release = occupy(&store);
    let place = MemoryPlace { user: ADA, id: one.id };
    let new = NewEmbedding { place, revision: 1, embedded: embedded() };
    let (embedding, inserting) = (store.clone(), store.clone());
    let embedding = tokio::spawn(async move { embedding.store_embeddings(vec![new]).await });
    let write = insert(&two);
    let inserting = tokio::spawn(async move { inserting.change_memories(ADA, write).await });
    queued(&store, 2).await;
    release.send(()).unwrap();
    assert_eq!(embedding.await.unwrap(), Ok(1));
    assert!(is_applied(&inserting.await.unwrap()));
    assert_eq!(rows(&store).await, [(2, 1), (3, 2)]);
    assert_eq!(store.memory_head(ADA).await.unwrap().change_no, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_embeddings_than_one_write_takes_are_stored_all() {
    let dir = tempfile::tempdir().unwrap();
    let store = with_ada(dir.path()).await;
    let new: Vec<Memory> = (1..=600).map(|number| memory(number, Term::Ltm)).collect();
    let inserts = new.iter().flat_map(|memory| insert(memory).changes().to_vec());
    applied(&store, on(None, inserts.collect())).await;
    let new = new.iter().map(|memory| NewEmbedding {
        place: MemoryPlace { user: ADA, id: memory.id },
        revision: 1,
        embedded: embedded(),
    });
    assert_eq!(store.store_embeddings(new.collect()).await, Ok(600));
    let counts = store.embedding_counts().await.unwrap();
    assert_eq!(counts.iter().map(|one| one.rows).collect::<Vec<_>>(), [600]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_on_a_damaged_head_fails_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = with_ada(dir.path()).await;
    let [one, two, three] = [1, 2, 3].map(|number| memory(number, Term::Ltm));
    applied(&store, insert(&one)).await;
    applied(&store, insert(&two)).await;
    let spoil = |sql: &'static str| {
        store.control(move |connection| {
            connection.execute_batch(sql).unwrap();
            Ok(((), Touch::Nothing))
        })
    };
    spoil("UPDATE memory_head SET ltm_rows = 1").await.unwrap();
    // Each of the removals alone would fit the head.
    let told = in_one_batch(&store, vec![removed(&one), removed(&two), insert(&three)]).await;
    assert!(is_applied(&told[0]) && is_applied(&told[2]), "{told:?}");
    assert!(matches!(told[1], Err(StoreError::Damaged { .. })), "{told:?}");
    assert_eq!(rows(&store).await, [(2, 2), (3, 3)]);
    spoil("UPDATE memory_head SET change_no = 1").await.unwrap();
    let told = store.change_memories(ADA, insert(&memory(4, Term::Ltm))).await;
    assert!(matches!(told, Err(StoreError::Damaged { .. })), "{told:?}");
    assert_eq!(amounts(&store).await.len(), 4, "nothing was charged for what failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_back_is_told_as_damage() {
    let dir = tempfile::tempdir().unwrap();
    let store = with_ada(dir.path()).await;
    let row = Memory { promoted: None, ..memory(1, Term::Ltm) };
    let change = MemoryChange::Insert { memory: row.clone(), embedded: Some(embedded()) };
    applied(&store, on(None, vec![change])).await;
    let spoil = |sql: &'static str| {
        store.control(move |connection| {
            connection.execute_batch(sql).unwrap();
            Ok(((), Touch::Nothing))
        })
    };
    let dims = Dims::new(2).unwrap();
    let model = ModelId::parse("m").unwrap();
    for (sql, undo) in [
        ("UPDATE memory SET kind = 99", "UPDATE memory SET kind = 1"),
        ("UPDATE memory SET tags = '[7]'", "UPDATE memory SET tags = NULL"),
        ("UPDATE memory SET tags = x'FF'", "UPDATE memory SET tags = NULL"),
        ("UPDATE memory SET session = ''", "UPDATE memory SET session = NULL"),
        ("UPDATE memory SET confidence = 7.0", "UPDATE memory SET confidence = NULL"),
        ("UPDATE memory SET promoted_at = 7", "UPDATE memory SET promoted_at = NULL"),
        ("UPDATE memory SET dims = 0", "UPDATE memory SET dims = 2"),
        ("UPDATE memory SET revision = -1", "UPDATE memory SET revision = 1"),
        (
            "UPDATE memory_text SET place = 9",
            "UPDATE memory_text SET place = (SELECT text_place FROM memory)",
        ),
        ("UPDATE memory_text SET metadata = '[]'", "UPDATE memory_text SET metadata = NULL"),
    ] {
        spoil(sql).await.unwrap();
        let found = store.find_memories(ADA, &[row.id]).await;
        assert!(matches!(found, Err(StoreError::Damaged { .. })), "{sql}: {found:?}");
        spoil(undo).await.unwrap();
        assert_eq!(store.find_memories(ADA, &[row.id]).await, Ok(vec![row.clone()]), "{undo}");
    }
    for sql in ["UPDATE memory_vector SET vector = x'00'", "DELETE FROM memory_vector"] {
        spoil(sql).await.unwrap();
        let found = store.find_embeddings(ADA, &[row.id], &model, dims).await;
        assert!(matches!(found, Err(StoreError::Damaged { .. })), "{sql}: {found:?}");
    }
    for sql in ["UPDATE memory SET quantised = x'00'", "UPDATE memory SET model_no = 9"] {
        spoil(sql).await.unwrap();
        let found = store.scan_digests(ADA, 0, 10).await;
        assert!(matches!(found, Err(StoreError::Damaged { .. })), "{sql}: {found:?}");
    }
}
