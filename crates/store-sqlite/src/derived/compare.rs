//! Are derived files what their ledger makes of them? All are made once more beside them and
//! compared row by row.
//!
//! Not compared is what depends on how entries were cut into flushes and nothing else: which holds
//! are in an account's head and which are rows of their own.

use super::{
    Derived, DerivedOptions, TABLES_FILE,
    error::DerivedError,
    file,
    fold::unnumbered,
    head::{Head, put_hold},
    resources::Resources,
    start,
};
use crate::{bytes::Put, key_index::KeyEntry, readers::open_reader, row::UserNo};
use novacore_ledger::Hold;
use novacore_vocab::Version;
use rusqlite::{Connection, OptionalExtension, types::Value};
use std::{cmp::Ordering, collections::BTreeMap};

/// Where the tables are made once more, within the folder of derived files.
const SCRATCH_DIR: &str = "verify";

/// What is compared row by row: a table, the columns, and how many of them are its key.
#[derive(Clone, Copy)]
struct Table(&'static str, &'static str, usize);

/// Tables whose rows are the same however entries were cut into flushes; of heads only whose they
/// are.
const TABLES: [Table; 9] = [
    Table("kind", "*", 1),
    Table("head", "user_no", 1),
    Table("segment", "*", 2),
    Table("day", "*", 2),
    Table("correction", "*", 2),
    Table("holder", "*", 1),
    Table("active", "*", 2),
    Table("level", "*", 2),
    Table("total", "*", 2),
];

type Note<'a> = &'a mut dyn FnMut(String);

impl Derived {
    /// Tells every difference. The files must not be fed meanwhile.
    pub(crate) fn differences(&self, note: Note<'_>) -> Result<(), DerivedError> {
        let scratch =
            DerivedOptions { dir: self.options.dir.join(SCRATCH_DIR), ..self.options.clone() };
        // A verification that was broken off may have left it.
        let path = scratch.dir.join(TABLES_FILE);
        file::delete(&path)?;
        let compared = start::tables(&scratch).and_then(|(flusher, ledger)| {
            drop(flusher);
            let (kept, fresh) =
                (open_reader(&self.options.dir.join(TABLES_FILE))?, open_reader(&path)?);
            for table in TABLES {
                compare_rows(&kept, &fresh, table, note)?;
            }
            let resources = Resources::new(self.options.names.clone(), self.options.policy.clone());
            compare_heads(&kept, &fresh, resources, note)?;
            self.look_up_keys(&ledger, note)
        });
        file::delete(&path)?;
        std::fs::remove_dir(&scratch.dir)
            .map_err(|error| DerivedError::Io(scratch.dir.clone(), error))?;
        compared
    }

    /// Every key up to the index's mark must be found at its row.
    fn look_up_keys(&self, ledger: &Connection, note: Note<'_>) -> Result<(), DerivedError> {
        start::each_key(ledger, 0, self.keys_covered_through(), |KeyEntry { hash, seq }| {
            if !self.keys.find(hash)?.seqs.contains(&seq) {
                note(format!("the key of entry {seq} is not found"));
            }
            Ok(())
        })
    }
}

/// The next row, its key apart.
fn next(
    rows: &mut rusqlite::Rows<'_>,
    keys: usize,
) -> rusqlite::Result<Option<(Vec<i64>, Vec<Value>)>> {
    let Some(row) = rows.next()? else { return Ok(None) };
    let columns = row.as_ref().column_count();
    let key = (0..keys).map(|column| row.get(column)).collect::<rusqlite::Result<_>>()?;
    let rest = (keys..columns).map(|column| row.get(column)).collect::<rusqlite::Result<_>>()?;
    Ok(Some((key, rest)))
}

fn compare_rows(
    kept: &Connection,
    fresh: &Connection,
    Table(table, columns, keys): Table,
    note: Note<'_>,
) -> Result<(), DerivedError> {
    let order = if keys == 1 { "1" } else { "1, 2" };
    let sql = format!("SELECT {columns} FROM {table} ORDER BY {order}");
    let (mut kept, mut fresh) = (kept.prepare(&sql)?, fresh.prepare(&sql)?);
    let (mut kept, mut fresh) = (kept.query([])?, fresh.query([])?);
    let (mut have, mut want) = (next(&mut kept, keys)?, next(&mut fresh, keys)?);
    loop {
        let (order, why, key) = match (&have, &want) {
            (None, None) => return Ok(()),
            (Some((key, _)), None) => (Ordering::Less, "is one too many", key),
            (None, Some((key, _))) => (Ordering::Greater, "is missing", key),
            (Some((one, left)), Some((other, right))) => match one.cmp(other) {
                Ordering::Less => (Ordering::Less, "is one too many", one),
                Ordering::Greater => (Ordering::Greater, "is missing", other),
                Ordering::Equal if left == right => (Ordering::Equal, "", one),
                Ordering::Equal => (Ordering::Equal, "differs", one),
            },
        };
        if !why.is_empty() {
            note(format!("derived.db: {table} {key:?} {why}"));
        }
        if order.is_le() {
            have = next(&mut kept, keys)?;
        }
        if order.is_ge() {
            want = next(&mut fresh, keys)?;
        }
    }
}

fn compare_heads(
    kept: &Connection,
    fresh: &Connection,
    mut resources: Resources,
    note: Note<'_>,
) -> Result<(), DerivedError> {
    let mut select = kept.prepare("SELECT user_no FROM head ORDER BY 1")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let user_no: UserNo = row.get(0)?;
        let want = account(fresh, user_no, &mut resources)?;
        match account(kept, user_no, &mut resources) {
            // One too many has been told.
            Ok(have) if want.is_none() || have == want => {}
            Ok(_) => note(format!("derived.db: counters, holds or days of user {user_no} differ")),
            Err(error) => note(format!("derived.db: user {user_no}: {}", error.chain())),
        }
    }
    Ok(())
}

/// An account's head without its holds, and a hash of all of its holds.
fn account(
    connection: &Connection,
    user_no: UserNo,
    resources: &mut Resources,
) -> Result<Option<(Vec<u8>, blake3::Hash)>, DerivedError> {
    let mut select = connection.prepare_cached("SELECT value FROM head WHERE user_no = ?1")?;
    let bytes = select.query_row([user_no], |row| row.get::<_, Vec<u8>>(0)).optional()?;
    let Some(bytes) = bytes else { return Ok(None) };
    let (nobody, profile) = resources.placeholder(user_no);
    let mut head = Head::decode(&bytes, nobody, profile, resources)?;
    let holds = std::mem::take(&mut head.state.holds);
    let holds = hash_holds(connection, user_no, holds, resources)?;
    let bytes = head.encode(resources).ok_or_else(unnumbered)?;
    Ok(Some((bytes, holds)))
}

/// Hashes holds in the order of their versions. Those of the head are newer than rows of the same
/// version.
fn hash_holds(
    connection: &Connection,
    user_no: UserNo,
    mut in_head: BTreeMap<Version, Hold>,
    resources: &mut Resources,
) -> Result<blake3::Hash, DerivedError> {
    let mut hasher = blake3::Hasher::new();
    let mut add = |version: u64, bytes: &[u8]| {
        hasher.update(&version.to_be_bytes()).update(&(bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    let mut encode = |hold: &Hold| {
        let mut put = Put::default();
        put_hold(&mut put, hold, resources).map(|()| put.0).ok_or_else(unnumbered)
    };
    let sql = "SELECT version, value FROM hold WHERE user_no = ?1 ORDER BY version";
    let mut select = connection.prepare_cached(sql)?;
    let mut rows = select.query([user_no])?;
    while let Some(row) = rows.next()? {
        let version = row.get::<_, i64>(0)? as u64;
        while let Some(hold) = in_head.first_entry().filter(|hold| hold.key().0 < version) {
            let hold = hold.remove();
            add(hold.version.0, &encode(&hold)?);
        }
        if !in_head.contains_key(&Version(version)) {
            add(version, row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?);
        }
    }
    for hold in in_head.values() {
        add(hold.version.0, &encode(hold)?);
    }
    Ok(hasher.finalize())
}
