//! Memories in the file: older files, verification, backups, what deletion leaves.

use crate::fixture::{Fixture, options};
use novacore_access::{Role, User};
use novacore_ledger::{Command, Expect, Outcome, Record, Verb};
use novacore_memory::{Dims, Draft, Embedding, Filter, Memory, Term};
use novacore_store::{
    clock::Clock,
    directory::Users,
    ledger::Ledger,
    memories::{
        Cause, Embedded, Memories, MemoryChange, MemoryOrder, MemoryQuery, MemoryWrite, Trace,
    },
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_would_leave_memories_behind_is_refused() {
    let (mut fixture, user, rows) = filled().await;
    fixture.close();
    let refused = Source::open(fixture.dir());
    assert!(matches!(refused, Err(OpenError::HoldsMemories(_))), "{refused:?}");
    fixture.open_again();
    applied(fixture.store(), user, rows.iter().map(remove).collect()).await;
    fixture.close();
    assert!(Source::open(fixture.dir()).is_ok(), "none are left");
    alter(fixture.dir(), TO_VERSION_1);
    assert!(Source::open(fixture.dir()).is_ok(), "an older file has none");
}
