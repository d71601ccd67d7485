//! `derived.db`: its tables, and the mark that ties it to one ledger at one row.
//!
//! Invariant: the mark moves in the transaction that writes what it speaks for.
//! Invariant: another schema version is never read; the file is rebuilt.

use super::{
    error::DerivedError,
    resources::{Numbered, Resources},
};
use crate::{chain, row::Seq, schema};
use novacore_vocab::ResourceKind;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, config::DbConfig, params};
use std::{io, path::Path};

/// The schema that this binary reads and writes.
const SCHEMA_VERSION: i64 = 1;
/// Marks the file as ours (`PRAGMA application_id`): "NOVD".
const APPLICATION_ID: i64 = 0x4E4F_5644;
/// Page cache of the one connection that writes, in KiB.
const CACHE_KIB: i64 = 32_768;

const TABLES: &str = "
CREATE TABLE mark (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    ledger_uuid BLOB NOT NULL,
    watermark   INTEGER NOT NULL,
    chain       BLOB NOT NULL
);
CREATE TABLE kind (resource_no INTEGER PRIMARY KEY, kind INTEGER NOT NULL);

CREATE TABLE head (user_no INTEGER PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE hold (
    user_no INTEGER NOT NULL, version INTEGER NOT NULL, value BLOB NOT NULL,
    PRIMARY KEY (user_no, version)
) WITHOUT ROWID;
CREATE TABLE segment (
    user_no INTEGER NOT NULL, first INTEGER NOT NULL, value BLOB NOT NULL,
    PRIMARY KEY (user_no, first)
) WITHOUT ROWID;
CREATE TABLE day (
    user_no INTEGER NOT NULL, day INTEGER NOT NULL, value BLOB NOT NULL,
    PRIMARY KEY (user_no, day)
) WITHOUT ROWID;
CREATE TABLE correction (
    user_no INTEGER NOT NULL, version INTEGER NOT NULL, corrected INTEGER NOT NULL,
    PRIMARY KEY (user_no, version)
) WITHOUT ROWID;

CREATE TABLE holder (user_no INTEGER PRIMARY KEY);
CREATE TABLE active (
    day INTEGER NOT NULL, user_no INTEGER NOT NULL, PRIMARY KEY (day, user_no)
) WITHOUT ROWID;
CREATE TABLE level (
    resource_no INTEGER NOT NULL, user_no INTEGER NOT NULL, amount INTEGER NOT NULL,
    PRIMARY KEY (resource_no, user_no)
) WITHOUT ROWID;
CREATE TABLE total (
    resource_no INTEGER NOT NULL, day INTEGER NOT NULL, amount INTEGER NOT NULL,
    PRIMARY KEY (resource_no, day)
) WITHOUT ROWID;
";

/// The last row that is accounted for, and the ledger's chain hash there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) watermark: Seq,
    pub(crate) chain: [u8; 32],
}

impl Mark {
    /// Before the first row.
    pub(crate) const START: Mark = Mark { watermark: 0, chain: chain::GENESIS };

    /// Reads the mark of an open file.
    pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Mark> {
        let mut select = connection.prepare_cached("SELECT watermark, chain FROM mark")?;
        select.query_row([], |row| {
            Ok(Mark { watermark: row.get::<_, i64>(0)? as Seq, chain: row.get(1)? })
        })
    }

    /// Moves the mark.
    pub(crate) fn write(&self, tx: &Transaction<'_>) -> rusqlite::Result<()> {
        tx.prepare_cached("UPDATE mark SET watermark = ?1, chain = ?2")?
            .execute(params![self.watermark as i64, self.chain])?;
        Ok(())
    }
}

/// Opens the file to write, made if it is not there.
pub(crate) fn open(path: &Path, ledger_uuid: [u8; 16]) -> Result<Connection, DerivedError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Not for safety, all of it can be built anew: a log that is synced bit by bit is not in the
    // way of the ledger's syncs for long.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // SQLite's own would not tell of a failed sync.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    schema::keep_log_on_close(&connection)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.set_prepared_statement_cache_capacity(64);
    if is_empty(&connection)? {
        let tx = connection.transaction()?;
        tx.execute_batch(TABLES)?;
        tx.execute(
            "INSERT INTO mark VALUES (1, ?1, 0, ?2)",
            params![ledger_uuid, Mark::START.chain],
        )?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        tx.commit()?;
    }
    Ok(connection)
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
}

/// Why a file cannot be carried on with, if so; else where it stands.
pub(crate) fn check(
    connection: &Connection,
    ledger: &Connection,
    ledger_uuid: [u8; 16],
    resources: &mut Resources,
) -> Result<Result<Mark, String>, DerivedError> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    if (pragma("application_id")?, pragma("user_version")?) != (APPLICATION_ID, SCHEMA_VERSION) {
        return Ok(Err("it has another schema".into()));
    }
    let uuid: [u8; 16] =
        connection.query_row("SELECT ledger_uuid FROM mark", [], |row| row.get(0))?;
    if uuid != ledger_uuid {
        return Ok(Err("it was built from another ledger".into()));
    }
    let mark = Mark::read(connection)?;
    if !is_on_chain(ledger, &mark)? {
        return Ok(Err(format!("the ledger has no such batch at row {}", mark.watermark)));
    }
    let mut select = connection.prepare("SELECT resource_no, kind FROM kind")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (number, kind): (i64, i64) = (row.get(0)?, row.get(1)?);
        if resources.kind(number).map(kind_no) != Some(kind) {
            return Ok(Err(format!("resource {number} is configured with another kind now")));
        }
    }
    Ok(Ok(mark))
}

/// Whether the ledger has a batch that ends at this row with this hash.
pub(crate) fn is_on_chain(ledger: &Connection, mark: &Mark) -> Result<bool, DerivedError> {
    if mark.watermark == 0 {
        return Ok(mark.chain == Mark::START.chain);
    }
    let stored: Option<[u8; 32]> = ledger
        .query_row("SELECT chain FROM batch WHERE last_seq = ?1", [mark.watermark as i64], |row| {
            row.get(0)
        })
        .optional()
        .map_err(DerivedError::Ledger)?;
    Ok(stored == Some(mark.chain))
}

/// Notes the kinds under which entries are folded.
pub(crate) fn put_kinds(
    tx: &Transaction<'_>,
    known: impl Iterator<Item = Numbered>,
) -> rusqlite::Result<()> {
    let mut insert = tx.prepare_cached("INSERT OR IGNORE INTO kind VALUES (?1, ?2)")?;
    for resource in known {
        insert.execute(params![resource.number, kind_no(resource.kind)])?;
    }
    Ok(())
}

const fn kind_no(kind: ResourceKind) -> i64 {
    match kind {
        ResourceKind::Flow => 0,
        ResourceKind::Level => 1,
    }
}

/// Deletes the file with its log. The log goes first: SQLite would replay it into the next file of
/// that name.
pub(crate) fn delete(path: &Path) -> Result<(), DerivedError> {
    for suffix in ["-wal", "-shm", ""] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        remove_if_there(Path::new(&name))?;
    }
    Ok(())
}

/// Removes a file, which may be gone already.
pub(crate) fn remove_if_there(path: &Path) -> Result<(), DerivedError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(DerivedError::Io(path.to_owned(), error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
