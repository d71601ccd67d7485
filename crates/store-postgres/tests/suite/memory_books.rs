//! Memories that were changed behind the store's back: verification says so, reads do not panic.
//! And databases from before there were memories.

use crate::{
    ask::{command, record, used_and_held, user},
    fixture::{Fixture, options},
    remember::{applied, books, insert, is_applied, longer, memory, remove, replace, store},
};
use novacore_memory::Term;
use novacore_postgres_fixture::Server;
use novacore_store::{error::StoreError, ledger::Ledger, memories::Memories};
use novacore_store_postgres::{Migrated, OpenError, PostgresStore, VerifyReport, migrate, verify};

/// What is changed, how it is undone, and what is said of it.
const CHANGES: [(&str, &str, &str, &str); 11] = [
    ("memory", "size_bytes = size_bytes + 1", "size_bytes = size_bytes - 1", "its sizes"),
    ("memory", "text_bytes = text_bytes + 1", "text_bytes = text_bytes - 1", "do not add up"),
    ("memory", "term = (term + 1) % 3", "term = (term + 2) % 3", "do not add up"),
    ("memory", "change_no = change_no + 99", "change_no = change_no - 99", "a later number"),
    ("memory", "model = 'other'", "model = 'm'", "of the embedding that it has"),
    ("memory", "kind = kind + 99", "kind = kind - 99", "discriminant"),
    ("memory_text", "input = input || 'x'", "input = left(input, -1)", "its sizes"),
    (
        "memory_embedding",
        "embedding = set_byte(embedding, 3, get_byte(embedding, 3) # 128)",
        "embedding = set_byte(embedding, 3, get_byte(embedding, 3) # 128)",
        "its digest",
    ),
    ("memory_head", "ltm_rows = ltm_rows + 1", "ltm_rows = ltm_rows - 1", "do not add up"),
    ("memory_head", "stm_size_bytes = 0", "stm_size_bytes = STM", "do not add up"),
    ("memory_text", "id = ID_MORE", "id = ID_LESS", "left behind"),
];

async fn verified(fixture: &Fixture) -> VerifyReport {
    verify(&options(fixture.url(), fixture.hand_clock())).await.expect("a report")
}

async fn remembering() -> Fixture {
    let fixture = Fixture::new();
    let user = user(&fixture, 1, "pro").await;
    let rows = [(1, Term::Stm), (2, Term::Itm), (3, Term::Ltm), (4, Term::Ltm)]
        .map(|(number, term)| memory(&fixture, number, term));
    applied(fixture.store(), user, store(rows.iter().map(insert).collect())).await;
    let changed = longer(&rows[2], "more");
    applied(fixture.store(), user, store(vec![replace(&rows[2], changed), remove(&rows[3])])).await;
    fixture
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verification_finds_what_memories_do_not_add_up_to() {
    let fixture = remembering().await;
    let sound = verified(&fixture).await;
    assert_eq!(sound.findings, [""; 0]);
    let psql = |sql: &str| Server::shared().psql(fixture.url(), sql).expect("a statement");
    let stm = psql("SELECT stm_size_bytes FROM memory_head");
    // The last two digits of the ids are small numbers.
    let moved = |by: &str| format!("(left(id::text, 34) || '{by}' || right(id::text, 1))::uuid");
    for (table, change, undo, said) in CHANGES {
        let undo = undo.replace("STM", &stm).replace("ID_LESS", &moved("0"));
        let change = change.replace("ID_MORE", &moved("9"));
        psql(&format!("UPDATE {table} SET {change}"));
        let found = verified(&fixture).await.findings;
        assert!(found.iter().any(|line| line.contains(said)), "{table} {change}: {found:?}");
        psql(&format!("UPDATE {table} SET {undo}"));
        assert_eq!(verified(&fixture).await, sound, "{table} {undo}");
    }
    psql(
        "UPDATE memory SET size_bytes = size_bytes + 1; \
         UPDATE memory_head SET itm_size_bytes = itm_size_bytes + 1",
    );
    let found = verified(&fixture).await.findings;
    assert!(found.iter().any(|line| line.contains("level of memory_storage")), "{found:?}");
    psql("UPDATE memory_head SET user_id = gen_random_uuid()");
    let found = verified(&fixture).await.findings;
    assert!(found.iter().any(|line| line.contains("memories and no account")), "{found:?}");
}

/// Whatever stands in a row, a read of it fails by itself; those beside it go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_rows_are_told_as_such() {
    let fixture = remembering().await;
    let user = user(&fixture, 1, "pro").await;
    let psql = |sql: &str| Server::shared().psql(fixture.url(), sql).expect("a statement");
    for (table, change) in [
        ("memory", "tags = ARRAY[NULL]::text[]"),
        ("memory", "tags = ARRAY['']"),
        ("memory", "term = -1"),
        ("memory", "kind = 6"),
        ("memory", "outcome = 3"),
        ("memory", "revision = -1"),
        ("memory", "dims = 0"),
        ("memory", "confidence = 1.5"),
        ("memory", "emotional_weight = 'NaN'"),
        ("memory", "session = ''"),
        ("memory", "promoted_from = 1"),
        ("memory", "access_count = -1"),
        ("memory_text", "input = ' '"),
        ("memory_text", "metadata = '[]'"),
        ("memory_text", "id = gen_random_uuid()"),
    ] {
        psql(&format!("CREATE TABLE kept AS SELECT * FROM {table}; UPDATE {table} SET {change}"));
        let scanned = fixture.store().scan_memories(user, 0, 10).await;
        let damaged = |of: &StoreError| matches!(of, StoreError::Damaged { .. });
        assert!(scanned.as_ref().is_err_and(damaged), "{change}: {scanned:?}");
        psql(&format!(
            "DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept; DROP TABLE kept"
        ));
    }
    for change in ["digest = ''", "digest = NULL", "embedded_dims = 9", "model = ' '"] {
        psql(&format!("CREATE TABLE kept AS SELECT * FROM memory; UPDATE memory SET {change}"));
        let scanned = fixture.store().scan_digests(user, 0, 10).await;
        assert!(matches!(scanned, Err(StoreError::Damaged { .. })), "{change}: {scanned:?}");
        psql("DELETE FROM memory; INSERT INTO memory SELECT * FROM kept; DROP TABLE kept");
    }
    // A head that knows of less than there is lets nothing go, and fails nobody else.
    psql("UPDATE memory_head SET itm_rows = 0");
    let gone = store(vec![remove(&memory(&fixture, 2, Term::Itm))]);
    let refused = fixture.store().change_memories(user, gone.clone()).await;
    assert!(matches!(refused, Err(StoreError::Damaged { .. })), "{refused:?}");
    assert!(is_applied(&fixture.store().submit(user, command(record(1))).await));
    psql("UPDATE memory_head SET itm_rows = 1");
    applied(fixture.store(), user, gone).await;
    assert_eq!(books(fixture.store(), user).await.0.len(), 2);
}

/// The step adds tables and touches none: what was there before is, and memories come to it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_from_before_memories_is_brought_up_to_date() {
    let fixture = Fixture::new();
    let user = user(&fixture, 1, "pro").await;
    assert!(is_applied(&fixture.store().submit(user, command(record(7))).await));
    let psql = |sql: &str| Server::shared().psql(fixture.url(), sql).expect("a statement");
    psql(
        "DROP TABLE memory, memory_text, memory_embedding, memory_head; \
         DELETE FROM schema_step WHERE version >= 5",
    );
    let open = || PostgresStore::open(options(fixture.url(), fixture.hand_clock()));
    let old = open().await.expect_err("it is too old");
    assert_eq!(old, OpenError::SchemaOld { found: 4, needed: 6 });
    // A node of the version before goes on beside it.
    assert!(is_applied(&fixture.store().submit(user, command(record(1))).await));
    assert_eq!(migrate(fixture.url()).await, Ok(Migrated { from: 4, to: 6 }));
    let readable = psql("SELECT readable_from FROM schema_step WHERE version = 5");
    assert_eq!(readable, "3");
    let node = open().await.expect("it opens");
    applied(&node, user, store(vec![insert(&memory(&fixture, 1, Term::Ltm))])).await;
    assert_eq!(books(&node, user).await.0.len(), 1);
    assert_eq!(used_and_held(&fixture, user).await, (8, 0));
    assert_eq!(verified(&fixture).await.findings, [""; 0]);
}
