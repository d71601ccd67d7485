//! Opening derived files: do they belong to this ledger, and how far are they?
//!
//! Invariant: what does not match is deleted and built anew, never patched.

use super::{
    DAMAGE_FILE, DerivedOptions, KEYS_DIR, TABLES_FILE,
    error::DerivedError,
    file::{self, Mark},
    flush::Flusher,
    resources::Resources,
};
use crate::{
    key_index::{KeyEntry, KeyIndex, KeyIndexOptions, Watermark},
    readers::open_reader,
    row::{self, Row, Seq},
};
use rusqlite::{Connection, OptionalExtension};
use std::path::PathBuf;

/// Rows of a flush while catching up.
const CATCH_UP_ROWS: u64 = 50_000;
/// Keys of a run while catching up.
const CATCH_UP_KEYS: usize = 1 << 20;
/// The index is caught up in runs only if it is further behind than this; else its thread does it
/// as keys come.
const PENDING_KEYS_MAX: usize = 65_536;

/// Derived files that have caught up.
pub(crate) struct Started {
    pub(crate) flusher: Flusher,
    pub(crate) keys: KeyIndex,
    /// Keys that are in no run yet.
    pub(crate) pending_keys: Vec<KeyEntry>,
}

/// Opens and catches up; rebuilds once if that may help.
pub(crate) fn start(options: &DerivedOptions) -> Result<Started, DerivedError> {
    if let Ok(why) = std::fs::read_to_string(options.dir.join(DAMAGE_FILE)) {
        tracing::warn!("derived files are built anew, since they were found damaged: {why}");
        delete(options)?;
    }
    match try_start(options) {
        Err(error) if error.calls_for_rebuild() => {
            tracing::warn!("derived files are built anew: {}", error.chain());
            delete(options)?;
            try_start(options)
        }
        done => done,
    }
}

/// Deletes all derived files.
pub(crate) fn delete(options: &DerivedOptions) -> Result<(), DerivedError> {
    file::delete(&options.dir.join(TABLES_FILE))?;
    KeyIndex::destroy(&options.dir.join(KEYS_DIR))?;
    // Last, so that a crash in between leaves the note.
    file::remove_if_there(&options.dir.join(DAMAGE_FILE))
}

fn try_start(options: &DerivedOptions) -> Result<Started, DerivedError> {
    let (flusher, ledger) = tables(options)?;
    let mut keys = open_keys(options, &ledger)?;
    let pending_keys = catch_up_keys(&ledger, &mut keys, flusher.mark())?;
    Ok(Started { flusher, keys, pending_keys })
}

/// The tables alone, caught up, and the ledger that they were read from.
pub(super) fn tables(options: &DerivedOptions) -> Result<(Flusher, Connection), DerivedError> {
    std::fs::create_dir_all(&options.dir)
        .map_err(|error| DerivedError::Io(options.dir.clone(), error))?;
    let ledger = open_reader(&options.ledger_path).map_err(DerivedError::Ledger)?;
    let mut resources = Resources::new(options.names.clone(), options.policy.clone());
    let connection = file::open(&options.dir.join(TABLES_FILE), options.ledger_uuid)?;
    let mark = file::check(&connection, &ledger, options.ledger_uuid, &mut resources)?
        .map_err(DerivedError::Damaged)?;
    let mut flusher = Flusher::new(connection, resources, mark)?;
    catch_up(&ledger, options, &mut flusher)?;
    Ok((flusher, ledger))
}

fn catch_up(
    ledger: &Connection,
    options: &DerivedOptions,
    flusher: &mut Flusher,
) -> Result<(), DerivedError> {
    let from = flusher.mark().watermark;
    while let Some(end) = next_mark(ledger, flusher.mark().watermark)? {
        let first = flusher.mark().watermark + 1;
        let mut rows = read_rows(ledger, options, first, end.watermark)?;
        flusher.flush(&mut rows, end)?;
    }
    let caught_up = flusher.mark().watermark - from;
    if caught_up > 0 {
        tracing::info!("derived files caught up by {caught_up} entries");
        flusher.checkpoint()?;
    }
    Ok(())
}

/// Where the next flush ends: a batch some way ahead, or the last one; `None` if there is nothing
/// to do.
fn next_mark(ledger: &Connection, watermark: Seq) -> Result<Option<Mark>, DerivedError> {
    let read = |sql: &str, bound: Seq| {
        ledger
            .prepare_cached(sql)?
            .query_row([bound as i64], |row| {
                Ok(Mark { watermark: row.get::<_, i64>(0)? as Seq, chain: row.get(1)? })
            })
            .optional()
    };
    let ahead = "SELECT last_seq, chain FROM batch WHERE last_seq >= ?1 ORDER BY last_seq LIMIT 1";
    let last = "SELECT last_seq, chain FROM batch WHERE last_seq > ?1 \
                ORDER BY last_seq DESC LIMIT 1";
    let found = read(ahead, watermark + CATCH_UP_ROWS).map_err(DerivedError::Ledger)?;
    match found {
        Some(mark) => Ok(Some(mark)),
        None => read(last, watermark).map_err(DerivedError::Ledger),
    }
}

fn read_rows(
    ledger: &Connection,
    options: &DerivedOptions,
    first: Seq,
    last: Seq,
) -> Result<Vec<Row>, DerivedError> {
    let sql = format!("{} WHERE entry.seq BETWEEN ?1 AND ?2 ORDER BY entry.seq", row::SELECT);
    let read = || -> rusqlite::Result<Vec<Row>> {
        let mut statement = ledger.prepare_cached(&sql)?;
        let range = [first as i64, last as i64];
        statement.query_map(range, |sql| row::read(sql, &options.names))?.collect()
    };
    read().map_err(DerivedError::Ledger)
}

fn open_keys(options: &DerivedOptions, ledger: &Connection) -> Result<KeyIndex, DerivedError> {
    let dir = options.dir.join(KEYS_DIR);
    let open = |dir: &PathBuf| {
        let defaults = KeyIndexOptions::default();
        let filter_memory_bytes_max = options.key_filter_bytes_max;
        let index_options = KeyIndexOptions { filter_memory_bytes_max, ..defaults };
        KeyIndex::open(dir, options.ledger_uuid, index_options)
    };
    let why = match open(&dir) {
        Ok(keys) => {
            let Watermark { through, tag } = keys.watermark();
            if file::is_on_chain(ledger, &Mark { watermark: through, chain: tag })? {
                return Ok(keys);
            }
            format!("the ledger has no such batch at row {through}")
        }
        Err(crate::key_index::KeyIndexError::Io { file, source }) => {
            return Err(DerivedError::Io(file, source));
        }
        Err(error) => error.to_string(),
    };
    tracing::warn!("the key index is built anew: {why}");
    KeyIndex::destroy(&dir)?;
    Ok(open(&dir)?)
}

/// Reads the keys that are in no run. Many go into runs at once; a few are left to the thread.
fn catch_up_keys(
    ledger: &Connection,
    keys: &mut KeyIndex,
    mark: Mark,
) -> Result<Vec<KeyEntry>, DerivedError> {
    let mut pending = Vec::new();
    let mut after = keys.watermark().through;
    while let Some(end) = next_key_mark(ledger, after, mark)? {
        each_key(ledger, after, end.watermark, |entry| {
            pending.push(entry);
            Ok(())
        })?;
        after = end.watermark;
        let done = after >= mark.watermark;
        if pending.len() >= CATCH_UP_KEYS || (done && pending.len() > PENDING_KEYS_MAX) {
            keys.append_run(&mut pending, Watermark { through: after, tag: end.chain })?;
            pending.clear();
        }
    }
    Ok(pending)
}

fn next_key_mark(
    ledger: &Connection,
    after: Seq,
    mark: Mark,
) -> Result<Option<Mark>, DerivedError> {
    if after >= mark.watermark {
        return Ok(None);
    }
    let next = next_mark(ledger, after)?;
    Ok(next.map(|next| if next.watermark < mark.watermark { next } else { mark }))
}

/// Calls back with every key that was stored after a row, up to another, in their order.
pub(super) fn each_key(
    ledger: &Connection,
    after: Seq,
    through: Seq,
    mut each: impl FnMut(KeyEntry) -> Result<(), DerivedError>,
) -> Result<(), DerivedError> {
    let sql = "SELECT entry.seq, user.user_id, entry.idem_key FROM entry JOIN user USING (user_no) \
               WHERE entry.seq > ?1 AND entry.seq <= ?2 AND entry.idem_key IS NOT NULL \
               ORDER BY entry.seq";
    let mut select = ledger.prepare_cached(sql).map_err(DerivedError::Ledger)?;
    let range = [after as i64, through as i64];
    let read = |row: &rusqlite::Row<'_>| {
        let hash = row::key_hash(row::user_id(row, 1)?, &row.get::<_, String>(2)?);
        Ok(KeyEntry { hash, seq: row.get::<_, i64>(0)? as Seq })
    };
    for entry in select.query_map(range, read).map_err(DerivedError::Ledger)? {
        each(entry.map_err(DerivedError::Ledger)?)?;
    }
    Ok(())
}
