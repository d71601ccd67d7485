//! Memories in the file: older files, verification, backups, what deletion leaves.

use crate::fixture::{Fixture, options};
use novacore_access::{Role, User};
use novacore_ledger::{Command, Expect, Outcome, Record, Verb};
use novacore_memory::{Dims, Draft, Embedding, Filter, Memory, Term, limits::TEXT_BYTES_MAX};
use novacore_store::{
    clock::Clock,
    directory::Users,
    ledger::Ledger,
    memories::{
        Cause, Embedded, MEMORY_SCAN_BYTES_MAX, Memories, MemoryChange, MemoryOrder, MemoryQuery,
        MemoryWrite, NextEmbedding, Trace,
    },
    moving::{MovedMemory, Page},
};
use novacore_store_sqlite::{LEDGER_FILE, OpenError, Source, SqliteStore, backup, verify};
use novacore_store_suite::ledger::Harness;
use novacore_vocab::{Amount, MemoryId, ModelId, OrgId, ResourceName, TierName, UserId};
use rusqlite::Connection;
use std::path::Path;
use tempfile::TempDir;
use uuid::Uuid;

async fn user(fixture: &Fixture) -> UserId {
    let id = Uuid::from_u128(1);
    let user = User {
        id: UserId(id),
        org: OrgId(id),
        email: None,
        role: Role::Student,
        tier: TierName::parse("pro").expect("a tier's name"),
        disabled: false,
        trial_ends_at: None,
        created_at: fixture.clock().now(),
    };
    fixture.store().ensure_user(&user).await.expect("a user").user.id
}

fn memory(fixture: &Fixture, number: u128, term: Term) -> Memory {
    let input = format!("the secret of number {number}: {}", "swordfish ".repeat(600));
    let draft = Draft {
        kind: "lesson".into(),
        input,
        tags: vec!["a tag".into()],
        metadata: Some("{\"a\":1.0}".into()),
        ..Draft::default()
    };
    let content = draft.check().expect("a content");
    let dims = Dims::new(3).expect("a dimension");
    Memory::new(MemoryId(Uuid::from_u128(number)), term, content, dims, fixture.clock().now())
}

fn insert(memory: &Memory) -> MemoryChange {
    let dims = Dims::new(3).expect("a dimension");
    let embedding = Embedding::parse(&[1.0, 2.0, 3.0], dims).expect("a vector");
    let model = ModelId::parse("m").expect("a model's name");
    let embedded = Some(Embedded { model, embedding });
    MemoryChange::Insert { memory: memory.clone(), embedded }
}

fn remove(memory: &Memory) -> MemoryChange {
    MemoryChange::Remove { before: Trace::of(memory) }
}

async fn applied(store: &SqliteStore, user: UserId, changes: Vec<MemoryChange>) {
    let write = MemoryWrite::new(changes, None, Cause::Store, None);
    let outcome = store.change_memories(user, write).await;
    assert!(matches!(outcome, Ok(Outcome::Applied(_))), "{outcome:?}");
}

/// Three memories of one user, one of each term.
async fn filled() -> (Fixture, UserId, Vec<Memory>) {
    let fixture = Fixture::new();
    let user = user(&fixture).await;
    let number = |term: Term| term as u128 + 1;
    let rows = Term::ALL.map(|term| memory(&fixture, number(term), term)).to_vec();
    applied(fixture.store(), user, rows.iter().map(insert).collect()).await;
    (fixture, user, rows)
}

fn alter(dir: &Path, sql: &str) {
    let connection = Connection::open(dir.join(LEDGER_FILE)).expect("opened");
    connection.execute_batch(sql).expect("altered");
}

fn findings(fixture: &Fixture) -> Vec<String> {
    verify(&options(fixture.dir(), fixture.arc_clock())).expect("it can be verified").findings
}

async fn all(store: &SqliteStore, user: UserId) -> Vec<Memory> {
    let page = store.scan_memories(user, 0, 1_000).await.expect("a page");
    page.into_iter().map(|row| row.memory).collect()
}

/// As a release before memories left it.
const TO_VERSION_1: &str = "DROP TABLE memory; DROP TABLE memory_text; DROP TABLE memory_vector; \
     DROP TABLE memory_head; DROP TABLE model; PRAGMA user_version = 1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_version_1_is_brought_up_and_keeps_its_entries() {
    let mut fixture = Fixture::new();
    let user = user(&fixture).await;
    let record = Record {
        resource: ResourceName::parse("memory_storage").expect("a name"),
        amount: Amount::new(77).expect("an amount"),
        source: novacore_vocab::Source::Api,
        expect: Expect::Fact,
        corrects: None,
        occurred_at: None,
        metadata: None,
    };
    let command = Command { key: None, fingerprint: 0, verb: Verb::Record(record) };
    fixture.store().submit(user, command).await.expect("an outcome");
    let account = fixture.store().account(user).await;
    fixture.close();
    alter(fixture.dir(), TO_VERSION_1);
    fixture.open_again();
    assert_eq!(fixture.store().account(user).await, account);
    assert_eq!(all(fixture.store(), user).await, []);
    let new = memory(&fixture, 1, Term::Ltm);
    applied(fixture.store(), user, vec![insert(&new)]).await;
    fixture.reopen();
    assert_eq!(all(fixture.store(), user).await, [new]);
    fixture.close();
    assert_eq!(findings(&fixture), Vec::<String>::new());
    alter(fixture.dir(), "PRAGMA user_version = 3");
    let refused = SqliteStore::open(options(fixture.dir(), fixture.arc_clock()));
    assert!(matches!(refused, Err(OpenError::Newer { found: 3, known: 2, .. })), "{refused:?}");
}

/// What is done to a file, how it is undone, and what `verify` says in between.
const ALTERATIONS: &[(&str, &str, &[&str])] = &[
    (
        "UPDATE memory_head SET itm_size_bytes = itm_size_bytes + 1",
        "UPDATE memory_head SET itm_size_bytes = itm_size_bytes - 1",
        &["the head of user 1's memories is not the sum of the rows"],
    ),
    (
        "UPDATE memory_head SET stm_rows = 2",
        "UPDATE memory_head SET stm_rows = 1",
        &["the head of user 1's memories is not the sum of the rows"],
    ),
    (
        "UPDATE memory_head SET change_no = 2",
        "UPDATE memory_head SET change_no = 3",
        &["changed after the last change"],
    ),
    (
        "UPDATE memory_text SET input = input || '!' WHERE place = 4294967298",
        "UPDATE memory_text SET input = rtrim(input, '!')",
        &["its size is not that of its parts", "not the sum of the rows", "is charged"],
    ),
    (
        "UPDATE memory SET text_bytes = 5 WHERE term = 0",
        "UPDATE memory SET text_bytes = \
             (SELECT length(CAST(input AS BLOB)) FROM memory_text WHERE place = text_place)",
        &["its size is not that of its parts"],
    ),
    (
        "UPDATE memory SET user_id = x'00000000000000000000000000000009' WHERE term = 0",
        "UPDATE memory SET user_id = (SELECT user_id FROM user)",
        &["filed under another user's number"],
    ),
    (
        "UPDATE memory SET model_no = NULL WHERE term = 0",
        "UPDATE memory SET model_no = 1",
        &["its embedding is there in part"],
    ),
    (
        "UPDATE memory SET kind = 9",
        "UPDATE memory SET kind = 0",
        &[
            "cannot be read",
            "cannot be read",
            "cannot be read",
            "not the sum of the rows",
            "is charged",
        ],
    ),
    (
        "UPDATE memory SET quantised = x'0000803b7f7f7f' WHERE term = 0",
        "UPDATE memory SET quantised = (SELECT quantised FROM memory WHERE term = 1)",
        &["its digest is not that of its embedding"],
    ),
    (
        "UPDATE memory SET text_place = 4294967297 WHERE term = 1",
        "UPDATE memory SET text_place = place",
        &["share their texts"],
    ),
    (
        "INSERT INTO memory_head SELECT 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0",
        "DELETE FROM memory_head WHERE user_no = 9",
        &["1 heads of memories are nobody's"],
    ),
    (
        "INSERT INTO memory_text VALUES (7, 'x', NULL, NULL)",
        "DELETE FROM memory_text \
          WHERE place = 7",
        &["1 texts are of no memory"],
    ),
    (
        "INSERT INTO memory_vector VALUES (7, x'00')",
        "DELETE FROM memory_vector \
          WHERE place = 7",
        &["1 vectors are of no memory"],
    ),
    // What cannot be undone comes last.
    (
        "DELETE FROM memory WHERE term = 2",
        "",
        &[
            "not the sum of the rows",
            "is charged",
            "1 texts are of no memory",
            "1 vectors are of no memory",
        ],
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verify_finds_rows_heads_and_levels_that_differ() {
    let (mut fixture, _, _) = filled().await;
    fixture.close();
    assert_eq!(findings(&fixture), Vec::<String>::new());
    for (sql, undo, found) in ALTERATIONS {
        alter(fixture.dir(), sql);
        let told = findings(&fixture);
        assert_eq!(told.len(), found.len(), "{sql}: {told:#?}");
        for (told, found) in told.iter().zip(*found) {
            assert!(told.contains(found), "{sql}: {told:?} is not {found:?}");
        }
        alter(fixture.dir(), undo);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_carries_memories() {
    let (fixture, user, rows) = filled().await;
    let restored = TempDir::new().expect("a folder");
    backup(fixture.dir(), &restored.path().join(LEDGER_FILE)).expect("a copy");
    applied(fixture.store(), user, vec![remove(&rows[2])]).await;
    let clock = fixture.arc_clock();
    let store = SqliteStore::open(options(restored.path(), clock)).expect("it opens");
    assert_eq!(all(&store, user).await, rows);
    let ids = [rows[2].id];
    let (model, dims) = (ModelId::parse("m").expect("a name"), Dims::new(3).expect("a dimension"));
    let found = store.find_embeddings(user, &ids, &model, dims).await.expect("a look-up");
    assert_eq!(found.len(), 1);
    applied(&store, user, vec![remove(&rows[2])]).await;
    drop(store);
    let report = verify(&options(restored.path(), clock)).expect("it can be verified");
    assert_eq!(report.findings, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_texts_are_not_left_in_the_file() {
    let (mut fixture, user, rows) = filled().await;
    let holds = |dir: &Path, number: u128| {
        let needle = format!("the secret of number {number}:").into_bytes();
        let files = std::fs::read_dir(dir).expect("a folder").map(|file| file.expect("a file"));
        let files = files.filter(|file| file.file_type().expect("a type").is_file());
        let read = |file: std::fs::DirEntry| std::fs::read(file.path()).expect("read");
        files.map(read).any(|bytes| bytes.windows(needle.len()).any(|some| some == needle))
    };
    assert!(holds(fixture.dir(), 3));
    applied(fixture.store(), user, vec![remove(&rows[2])]).await;
    // The log is emptied when the store closes.
    fixture.close();
    assert!(!holds(fixture.dir(), 3), "a deleted text is still there");
    assert!(holds(fixture.dir(), 2), "the search would find it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_and_digests_do_not_read_texts_that_are_not_shown() {
    let (mut fixture, user, rows) = filled().await;
    let query = MemoryQuery {
        filter: Filter { term: Some(Term::Ltm), ..Filter::default() },
        live_at: rows[0].created_at,
        order: MemoryOrder::Newest,
        offset: 1,
        rows_max: 10,
    };
    fixture.close();
    // A list by term that passes over a row does not look at the texts of that row.
    alter(fixture.dir(), "DELETE FROM memory_text WHERE place = 4294967299");
    fixture.open_again();
    let page = fixture.store().list_memories(user, &query).await.expect("a page");
    assert_eq!((page.rows.len(), page.total), (0, 1));
    let digests = fixture.store().scan_digests(user, 0, 10).await.expect("a page");
    assert_eq!(digests.len(), 3);
    let first = MemoryQuery { offset: 0, ..query };
    assert!(fixture.store().list_memories(user, &first).await.is_err(), "its texts are gone");
}

/// All that a source hands over of memories, page by page.
fn moved(fixture: &Fixture) -> (u64, Vec<Vec<MovedMemory>>) {
    let mut source = Source::open(fixture.dir()).expect("a source");
    let mut pages = Vec::new();
    while let Some(page) = source.next_page().expect("a page") {
        if let Page::Memories(rows) = page {
            pages.push(rows);
        }
    }
    (source.inventory().memories, pages)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_a_move_have_all_memories_and_end_in_time() {
    let (mut fixture, user, rows) = filled().await;
    let second = Memory { revision: 2, ..rows[0].clone() };
    let before = Trace::of(&rows[0]);
    let embedded = NextEmbedding::Set(None);
    let replace = MemoryChange::Replace { before, memory: second.clone(), embedded };
    applied(fixture.store(), user, vec![replace, remove(&rows[1])]).await;
    fixture.close();
    let (count, pages) = moved(&fixture);
    let found: Vec<_> = pages.iter().flatten().map(|one| (one.change_no, &one.memory)).collect();
    assert_eq!((count, found), (2, vec![(3, &rows[2]), (4, &second)]));
    let embedded: Vec<_> = pages.iter().flatten().map(|one| one.embedded.is_some()).collect();
    assert_eq!(embedded, [true, false]);

    // Three of a page's bytes are more than one; the row with which it is full is its last.
    fixture.open_again();
    let large = |number| {
        let input = "x".repeat(TEXT_BYTES_MAX);
        let draft =
            Draft { kind: "lesson".into(), output: Some(input.clone()), input, ..Draft::default() };
        let (id, dims) = (MemoryId(Uuid::from_u128(number)), Dims::new(3).expect("a dimension"));
        Memory::new(id, Term::Ltm, draft.check().expect("a content"), dims, fixture.clock().now())
    };
    for number in 100..112 {
        applied(fixture.store(), user, vec![insert(&large(number))]).await;
    }
    let small: Vec<_> = (200..1_300).map(|number| memory(&fixture, number, Term::Ltm)).collect();
    for some in small.chunks(100) {
        let change =
            |memory: &Memory| MemoryChange::Insert { memory: memory.clone(), embedded: None };
        applied(fixture.store(), user, some.iter().map(change).collect()).await;
    }
    fixture.close();
    let (count, pages) = moved(&fixture);
    let numbers: Vec<u64> = pages.iter().flatten().map(|one| one.change_no).collect();
    let all: Vec<u64> = (3..5 + 12 + 1_100).collect();
    assert_eq!((count, &numbers), (all.len() as u64, &all));
    for page in &pages {
        let bytes =
            |rows: &[MovedMemory]| -> i64 { rows.iter().map(|one| one.memory.size_bytes()).sum() };
        assert!(page.len() <= 1_000 && bytes(&page[..page.len() - 1]) < MEMORY_SCAN_BYTES_MAX);
    }
    assert_eq!(pages[0].len(), 2 + 4, "8 MiB are in four of the large ones");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_from_before_memories_can_be_moved() {
    let mut fixture = Fixture::new();
    user(&fixture).await;
    fixture.close();
    alter(fixture.dir(), TO_VERSION_1);
    assert_eq!(moved(&fixture), (0, vec![]));
    // One that lost its tables is not such a file, nor is one that says so and has them.
    alter(fixture.dir(), "PRAGMA user_version = 2");
    assert!(Source::open(fixture.dir()).is_err());
    let (mut fixture, _, _) = filled().await;
    fixture.close();
    alter(fixture.dir(), "PRAGMA user_version = 1");
    assert_eq!(moved(&fixture).0, 3);
}
