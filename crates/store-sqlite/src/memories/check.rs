//! Do the rows of memories still say what was written? For `verify`.
//!
//! Every memory is read with its texts and counted anew.
//! Invariant: one memory at a time is held, a head per user, and the keys of all rows.

use super::{
    head,
    row::{COLUMNS, FROM, change_no, read, user_no},
};
use crate::row::UserNo;
use novacore_ledger::AccountState;
use novacore_memory::Memory;
use novacore_store::memories::{MemoryHead, Trace, memory_storage};
use novacore_vocab::Source;
use rusqlite::{Connection, Row as SqlRow};
use std::collections::BTreeMap;

/// Tells every difference between rows and heads, and between what is charged and the accounts as
/// they were recounted from their entries.
pub(crate) fn differences(
    connection: &Connection,
    states: &BTreeMap<UserNo, AccountState>,
    tell: &mut dyn FnMut(String),
) -> rusqlite::Result<()> {
    let stored: BTreeMap<UserNo, MemoryHead> = head::all(connection)?.into_iter().collect();
    let counted = count(connection, tell)?;
    let nothing = MemoryHead::default();
    for user_no in users(&stored, &counted) {
        let (stored, counted) =
            (stored.get(user_no).unwrap_or(&nothing), counted.get(user_no).unwrap_or(&nothing));
        if stored.tallies != counted.tallies {
            tell(format!("the head of user {user_no}'s memories is not the sum of the rows"));
        }
        if stored.change_no < counted.change_no {
            tell(format!("a memory of user {user_no} changed after the last change of all"));
        }
    }
    let resource = memory_storage();
    for user_no in users(states, &counted) {
        let rows = counted.get(user_no).unwrap_or(&nothing).charged_bytes();
        let level = states.get(user_no).map_or(0, |state| state.part(&resource, Source::Memory));
        if rows != level {
            tell(format!("user {user_no} is charged {level} bytes for memories that count {rows}"));
        }
    }
    orphans(connection, tell)
}

/// The keys of both, each once.
fn users<'m, A, B>(
    one: &'m BTreeMap<UserNo, A>,
    other: &'m BTreeMap<UserNo, B>,
) -> impl Iterator<Item = &'m UserNo> {
    one.keys().chain(other.keys().filter(|user_no| !one.contains_key(user_no)))
}

/// The heads that follow from the rows, of which each is compared with itself on the way.
fn count(
    connection: &Connection,
    tell: &mut dyn FnMut(String),
) -> rusqlite::Result<BTreeMap<UserNo, MemoryHead>> {
    let sql = format!(
        "SELECT {COLUMNS}, size_bytes, text_bytes, \
         memory.user_id IS NOT (SELECT user_id FROM user WHERE user_no = memory.place >> 32), \
         (model_no IS NULL) + (quantised IS NULL) + (NOT EXISTS \
          (SELECT 1 FROM memory_vector WHERE memory_vector.place = memory.text_place)) \
         FROM {FROM} ORDER BY memory.place"
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut counted: BTreeMap<UserNo, MemoryHead> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let place: i64 = row.get(0)?;
        let user_no = user_no(place);
        match read(row) {
            Ok(memory) => {
                let head = counted.entry(user_no).or_default();
                head.add(&Trace::of(&memory), 1);
                head.change_no = change_no(place);
                if let Some(why) = contradiction(row, &memory)? {
                    tell(format!("memory {} of user {user_no}: {why}", memory.id));
                }
            }
            Err(error) => tell(format!("a memory of user {user_no} cannot be read: {error}")),
        }
    }
    Ok(counted)
}

fn contradiction(row: &SqlRow<'_>, memory: &Memory) -> rusqlite::Result<Option<&'static str>> {
    let trace = Trace::of(memory);
    let (size_bytes, text_bytes): (i64, i64) = (row.get(21)?, row.get(22)?);
    let missing: i64 = row.get(24)?;
    Ok(if (size_bytes, text_bytes) != (trace.size_bytes, trace.text_bytes) {
        Some("its size is not that of its parts")
    } else if row.get::<_, bool>(23)? {
        Some("it is filed under another user's number")
    } else if missing != 0 && missing != 3 {
        Some("its embedding is there in part")
    } else {
        None
    })
}

/// Texts and vectors that no memory has.
fn orphans(connection: &Connection, tell: &mut dyn FnMut(String)) -> rusqlite::Result<()> {
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    for (what, sql) in [
        (
            "texts",
            "SELECT count(*) FROM memory_text \
             WHERE place NOT IN (SELECT text_place FROM memory)",
        ),
        (
            "vectors",
            "SELECT count(*) FROM memory_vector \
             WHERE place NOT IN (SELECT text_place FROM memory)",
        ),
    ] {
        let found = count(sql)?;
        if found > 0 {
            tell(format!("{found} {what} are of no memory"));
        }
    }
    Ok(())
}
