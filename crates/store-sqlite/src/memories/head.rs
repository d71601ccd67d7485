//! What a user's memories add up to, as stored.

use super::row::{CHANGE_NO_MAX, change_no, damage, number, of_read, place};
use crate::row::UserNo;
use novacore_store::{
    error::StoreError,
    memories::{MemoryHead, Tally},
};
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};

macro_rules! select {
    ($from:literal) => {
        concat!(
            "SELECT change_no, stm_revision, removals, stm_rows, stm_size_bytes, stm_text_bytes, \
             itm_rows, itm_size_bytes, itm_text_bytes, ltm_rows, ltm_size_bytes, ltm_text_bytes ",
            $from
        )
    };
}

/// Of the user with this number; of one who never had memories, nothing.
pub(super) fn read(connection: &Connection, user_no: UserNo) -> rusqlite::Result<MemoryHead> {
    Ok(find(connection, user_no)?.unwrap_or_default())
}

/// As [`read`], if there is one.
pub(crate) fn find(
    connection: &Connection,
    user_no: UserNo,
) -> rusqlite::Result<Option<MemoryHead>> {
    connection
        .prepare_cached(select!("FROM memory_head WHERE user_no = ?1"))?
        .query_row([user_no], of_row)
        .optional()
}

/// As [`read`], for a write that builds on it: what changes next must not take the place of a row.
pub(crate) fn sound(connection: &Connection, user_no: UserNo) -> Result<MemoryHead, StoreError> {
    let head = read(connection, user_no).map_err(of_read)?;
    let last: Option<i64> = connection
        .prepare_cached("SELECT max(place) FROM memory WHERE place BETWEEN ?1 AND ?2")
        .and_then(|mut statement| {
            let places = [place(user_no, 0), place(user_no, CHANGE_NO_MAX)];
            statement.query_row(places, |row| row.get(0))
        })
        .map_err(of_read)?;
    if last.is_some_and(|last| change_no(last) > head.change_no) {
        return Err(damage("a memory changed after the last change of its user's"));
    }
    Ok(head)
}

/// Calls back with the heads of users who have no memory (any more).
pub(super) fn each_without_rows(
    connection: &Connection,
    mut each: impl FnMut(UserNo, &MemoryHead),
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(select!(
        ", user_no FROM memory_head WHERE NOT EXISTS (SELECT 1 FROM memory \
         WHERE memory.place BETWEEN user_no << 32 AND (user_no << 32) + 4294967295)"
    ))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        each(row.get(12)?, &of_row(row)?);
    }
    Ok(())
}

fn of_row(row: &SqlRow<'_>) -> rusqlite::Result<MemoryHead> {
    let tally = |column| {
        Ok::<_, rusqlite::Error>(Tally {
            rows: row.get(column)?,
            size_bytes: row.get(column + 1)?,
            text_bytes: row.get(column + 2)?,
        })
    };
    Ok(MemoryHead {
        tallies: [tally(3)?, tally(6)?, tally(9)?],
        stm_revision: number(row, 1)?,
        change_no: number(row, 0)?,
        removals: number(row, 2)?,
    })
}

pub(super) fn write(
    connection: &Connection,
    user_no: UserNo,
    head: &MemoryHead,
) -> rusqlite::Result<()> {
    let [stm, itm, ltm] = head.tallies;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO memory_head (user_no, change_no, stm_revision, removals, \
             stm_rows, stm_size_bytes, stm_text_bytes, itm_rows, itm_size_bytes, itm_text_bytes, \
             ltm_rows, ltm_size_bytes, ltm_text_bytes) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            user_no,
            head.change_no as i64,
            head.stm_revision as i64,
            head.removals as i64,
            stm.rows,
            stm.size_bytes,
            stm.text_bytes,
            itm.rows,
            itm.size_bytes,
            itm.text_bytes,
            ltm.rows,
            ltm.size_bytes,
            ltm.text_bytes,
        ])?;
    Ok(())
}

/// The number of one more change of a user's rows; `None` if he has none.
pub(super) fn next_change_no(
    connection: &Connection,
    user_no: UserNo,
) -> rusqlite::Result<Option<u64>> {
    connection
        .prepare_cached(
            "UPDATE memory_head SET change_no = change_no + 1 WHERE user_no = ?1 \
             RETURNING change_no",
        )?
        .query_row([user_no], |row| number(row, 0))
        .optional()
}
