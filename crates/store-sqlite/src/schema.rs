//! The tables of `ledger.db`, the only file that must survive.
//!
//! A row of `memory` is all of a memory but its texts and its vector, and is found again under
//! another key after each change: user number and number of the change. So a user's rows lie side
//! by side, and what has changed after a number is one range. Texts and vectors keep the key that
//! the row had at first.
//!
//! Invariant: `entry` and `batch` are appended to and have no secondary index; what finds rows
//! lives in derived files.
//! Invariant: a schema version is never reused; a newer one than ours is refused, an older one
//! brought up in one transaction when the file is opened.

use rusqlite::{Connection, Transaction, TransactionBehavior, config::DbConfig};

/// The version that this binary reads and writes.
pub(crate) const SCHEMA_VERSION: i64 = 2;
/// The version before memories.
const WITHOUT_MEMORIES: i64 = 1;
/// Marks the file as ours (`PRAGMA application_id`): "NOVA".
pub(crate) const APPLICATION_ID: i64 = 0x4E4F_5641;

/// As they were in version 1.
const TABLES: &str = "
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE resource (resource_no INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);

CREATE TABLE user (
    user_no       INTEGER PRIMARY KEY,
    user_id       BLOB NOT NULL UNIQUE,
    org_id        BLOB NOT NULL,
    email         TEXT UNIQUE,
    role          TEXT NOT NULL,
    tier          TEXT NOT NULL,
    disabled      INTEGER NOT NULL,
    trial_ends_at INTEGER,
    created_at    INTEGER NOT NULL,
    password      TEXT
);
CREATE INDEX user_active_admin ON user (user_no) WHERE role = 'admin' AND disabled = 0;

CREATE TABLE session (
    session_id BLOB PRIMARY KEY,
    user_no    INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    rotated_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX session_by_user ON session (user_no);

CREATE TABLE api_key (
    key_id       BLOB PRIMARY KEY,
    user_no      INTEGER NOT NULL,
    name         TEXT NOT NULL,
    scopes       TEXT NOT NULL,
    prefix       TEXT NOT NULL,
    hash         BLOB NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER
) WITHOUT ROWID;
CREATE INDEX api_key_by_user ON api_key (user_no);

CREATE TABLE audit (
    audit_seq INTEGER PRIMARY KEY,
    at        INTEGER NOT NULL,
    actor     TEXT NOT NULL,
    action    TEXT NOT NULL,
    target    TEXT NOT NULL,
    before    TEXT,
    after     TEXT,
    reason    TEXT NOT NULL
);
CREATE INDEX audit_by_target ON audit (target, audit_seq);

CREATE TABLE tier (
    name   TEXT PRIMARY KEY,
    rank   INTEGER NOT NULL,
    limits TEXT NOT NULL,
    origin TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE override (
    user_no    INTEGER NOT NULL,
    resource   TEXT NOT NULL,
    limit_name TEXT NOT NULL,
    cap        INTEGER,
    mode       TEXT,
    warn_at    TEXT,
    expires_at INTEGER,
    reason     TEXT NOT NULL,
    author     TEXT NOT NULL,
    version    INTEGER NOT NULL,
    PRIMARY KEY (user_no, resource, limit_name)
) WITHOUT ROWID;

CREATE TABLE entry (
    seq         INTEGER PRIMARY KEY,
    user_no     INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    kind        INTEGER NOT NULL,
    resource_no INTEGER NOT NULL,
    source      INTEGER NOT NULL,
    amount      INTEGER NOT NULL,
    held        INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    counted_at  INTEGER,
    occurred_at INTEGER,
    hold        INTEGER,
    corrects    INTEGER,
    expires_at  INTEGER,
    flags       INTEGER NOT NULL,
    crossing    TEXT,
    metadata    TEXT,
    idem_key    TEXT,
    fingerprint BLOB,
    answer      BLOB
);

CREATE TABLE batch (
    last_seq     INTEGER PRIMARY KEY,
    first_seq    INTEGER NOT NULL,
    committed_at INTEGER NOT NULL,
    chain        BLOB NOT NULL
);

CREATE VIEW usage_ledger AS
SELECT entry.seq, user.user_id, resource.name AS resource_type, entry.amount, entry.metadata,
       entry.recorded_at AS timestamp, entry.version, entry.kind, entry.held,
       coalesce(entry.occurred_at, entry.recorded_at) AS occurred_at, entry.recorded_at,
       coalesce(entry.counted_at, entry.recorded_at) AS counted_at, entry.hold AS hold_id,
       entry.corrects, entry.idem_key AS idempotency_key
FROM entry JOIN user USING (user_no) JOIN resource USING (resource_no);
";

/// What version 2 adds. `place` is `user_no << 32 | change_no`, of the texts and vectors
/// `user_no << 32 |` the number under which the memory came.
const MEMORY_TABLES: &str = "
CREATE TABLE model (model_no INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);

CREATE TABLE memory_head (
    user_no        INTEGER PRIMARY KEY,
    change_no      INTEGER NOT NULL,
    stm_revision   INTEGER NOT NULL,
    removals       INTEGER NOT NULL,
    stm_rows       INTEGER NOT NULL,
    stm_size_bytes INTEGER NOT NULL,
    stm_text_bytes INTEGER NOT NULL,
    itm_rows       INTEGER NOT NULL,
    itm_size_bytes INTEGER NOT NULL,
    itm_text_bytes INTEGER NOT NULL,
    ltm_rows       INTEGER NOT NULL,
    ltm_size_bytes INTEGER NOT NULL,
    ltm_text_bytes INTEGER NOT NULL
);

CREATE TABLE memory (
    place            INTEGER PRIMARY KEY,
    text_place       INTEGER NOT NULL,
    user_id          BLOB NOT NULL,
    memory_id        BLOB NOT NULL,
    term             INTEGER NOT NULL,
    kind             INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER,
    confidence       REAL,
    tags             TEXT,
    session          TEXT,
    revision         INTEGER NOT NULL,
    size_bytes       INTEGER NOT NULL,
    text_bytes       INTEGER NOT NULL,
    dims             INTEGER NOT NULL,
    changed_at       INTEGER NOT NULL,
    outcome          INTEGER,
    emotional_weight REAL,
    promoted_from    INTEGER,
    promoted_at      INTEGER,
    access_count     INTEGER NOT NULL,
    last_access_at   INTEGER,
    model_no         INTEGER,
    quantised        BLOB
);
CREATE UNIQUE INDEX memory_by_id ON memory (user_id, memory_id);
CREATE INDEX memory_by_term
    ON memory (user_id, term, created_at DESC, memory_id, expires_at, kind);
CREATE INDEX memory_by_expiry ON memory (expires_at, user_id, memory_id)
    WHERE expires_at IS NOT NULL;
CREATE INDEX memory_by_model ON memory (model_no, user_id, memory_id);

CREATE TABLE memory_text (
    place    INTEGER PRIMARY KEY,
    input    TEXT NOT NULL,
    output   TEXT,
    metadata TEXT
);

CREATE TABLE memory_vector (place INTEGER PRIMARY KEY, vector BLOB NOT NULL);
";

/// Creates the tables in an empty file.
pub(crate) fn create(tx: &Transaction<'_>, ledger_uuid: [u8; 16]) -> rusqlite::Result<()> {
    tx.execute_batch(TABLES)?;
    tx.execute_batch(MEMORY_TABLES)?;
    tx.execute("INSERT INTO meta VALUES ('ledger_uuid', ?1)", [&ledger_uuid[..]])?;
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", SCHEMA_VERSION)
}

/// Brings the tables of an older version up to ours, all or nothing; whether that was needed.
pub(crate) fn upgrade(connection: &mut Connection, found: i64) -> rusqlite::Result<bool> {
    if found != WITHOUT_MEMORIES {
        return Ok(false);
    }
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch(MEMORY_TABLES)?;
    tx.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    tx.commit()?;
    Ok(true)
}

/// Whether a file has the tables of memories, or should have: of one that lost them nobody shall
/// believe that it never had any.
pub(crate) fn has_memories(connection: &Connection) -> rusqlite::Result<bool> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let exists = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'memory')";
    Ok(found > WITHOUT_MEMORIES || connection.query_row(exists, [], |row| row.get(0))?)
}

/// Settings of every connection to `ledger.db`.
pub(crate) fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    keep_log_on_close(connection)?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Keeps SQLite from moving the log into the file when the last connection closes. A checkpoint
/// that copied a part of the log counts that part as done without having synced it; if the sync of
/// the next one fails, the part may be lost, and a third that succeeds would delete the only copy.
pub(crate) fn keep_log_on_close(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map(drop)
}

/// Settings of the writer: every commit is synced, another thread checkpoints, and what is deleted
/// is overwritten with zeros, on pages that stay in use as on those that become free. Older copies
/// of a page are in the log until it starts over.
pub(crate) fn configure_writer(connection: &Connection) -> rusqlite::Result<()> {
    configure(connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    // It answers with what is in force.
    connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    connection.pragma_update(None, "cache_size", -16_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version_1() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        let tx = connection.transaction().unwrap();
        tx.execute_batch(TABLES).unwrap();
        tx.pragma_update(None, "user_version", WITHOUT_MEMORIES).unwrap();
        tx.commit().unwrap();
        connection
    }

    fn version(connection: &Connection) -> i64 {
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    fn tables(connection: &Connection) -> Vec<(String, Option<String>)> {
        let select = "SELECT name, sql FROM sqlite_schema ORDER BY name";
        let mut statement = connection.prepare(select).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<rusqlite::Result<_>>().unwrap()
    }

    #[test]
    fn an_upgraded_file_has_the_tables_of_a_new_one() {
        let mut upgraded = version_1();
        assert!(upgrade(&mut upgraded, WITHOUT_MEMORIES).unwrap());
        let mut new = Connection::open_in_memory().unwrap();
        let tx = new.transaction().unwrap();
        create(&tx, [7; 16]).unwrap();
        tx.commit().unwrap();
        assert_eq!(tables(&upgraded), tables(&new));
        assert_eq!((version(&upgraded), version(&new)), (SCHEMA_VERSION, SCHEMA_VERSION));
        assert!(!upgrade(&mut upgraded, SCHEMA_VERSION).unwrap());
    }

    #[test]
    fn an_upgrade_that_fails_changes_nothing() {
        let mut connection = version_1();
        connection.execute_batch("CREATE TABLE memory_vector (a)").unwrap();
        let before = tables(&connection);
        assert!(upgrade(&mut connection, WITHOUT_MEMORIES).is_err());
        assert_eq!((tables(&connection), version(&connection)), (before, WITHOUT_MEMORIES));
    }
}
