//! The tables of `ledger.db`, the only file that must survive.
//!
//! Invariant: `entry` and `batch` are appended to and have no secondary index; what finds rows
//! lives in derived files.
//! Invariant: a schema version is never reused; a newer one than ours is refused.

use rusqlite::{Connection, Transaction, config::DbConfig};

/// The version that this binary reads and writes.
pub(crate) const SCHEMA_VERSION: i64 = 1;
/// Marks the file as ours (`PRAGMA application_id`): "NOVA".
pub(crate) const APPLICATION_ID: i64 = 0x4E4F_5641;

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

/// Creates the tables in an empty file.
pub(crate) fn create(tx: &Transaction<'_>, ledger_uuid: [u8; 16]) -> rusqlite::Result<()> {
    tx.execute_batch(TABLES)?;
    tx.execute("INSERT INTO meta VALUES ('ledger_uuid', ?1)", [&ledger_uuid[..]])?;
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", SCHEMA_VERSION)
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

/// Settings of the writer: every commit is synced, and another thread checkpoints.
pub(crate) fn configure_writer(connection: &Connection) -> rusqlite::Result<()> {
    configure(connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "cache_size", -16_000)
}
