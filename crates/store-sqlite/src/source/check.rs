//! Is a ledger fit to be taken elsewhere? Its file, its whole chain, every memory, and that nothing
//! is nobody's.
//!
//! Not here: whether what is derived agrees, and whether memories are what was charged; where a
//! ledger is taken to, it is derived anew and compared.

use crate::{
    journal::Head, memories, names::Names, row::Seq, schema::has_memories, verify::batch_after,
};
use novacore_store::moving::Inventory;
use novacore_vocab::Window;
use rusqlite::Connection;

/// Rows whose user is not there would be left behind.
const STRAYS: &str = "SELECT \
     (SELECT count(*) FROM session WHERE user_no NOT IN (SELECT user_no FROM user)) + \
     (SELECT count(*) FROM api_key WHERE user_no NOT IN (SELECT user_no FROM user)) + \
     (SELECT count(*) FROM override WHERE user_no NOT IN (SELECT user_no FROM user))";

/// Walks the file, the chain and, where there is their table, the memories: what there is, or what
/// is wrong.
pub(super) fn inventory(
    connection: &Connection,
    names: &Names,
) -> rusqlite::Result<Result<Inventory, String>> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Ok(Err(verdict));
    }
    let mut found = match chain(connection, names)? {
        Ok(found) => found,
        Err(why) => return Ok(Err(why)),
    };
    let strays: i64 = connection.query_row(STRAYS, [], |row| row.get(0))?;
    if strays != 0 {
        return Ok(Err(format!("{strays} sessions, keys or overrides are nobody's")));
    }
    if has_memories(connection)? {
        match memories::inventory(connection)? {
            Ok(memories) => found.memories = memories,
            Err(why) => return Ok(Err(why)),
        }
    }
    Ok(Ok(found))
}

/// Recomputes every batch: what they are of, or what is wrong.
fn chain(connection: &Connection, names: &Names) -> rusqlite::Result<Result<Inventory, String>> {
    let mut found = Inventory::default();
    let mut before = Head::EMPTY;
    while let Some(batch) = batch_after(connection, before.last_seq)? {
        let rows = batch.rows(connection, names)?;
        let wrong = batch.gap_after(&before).or_else(|| batch.alteration(&before, &rows));
        if let Some(why) = wrong {
            return Ok(Err(why));
        }
        for (row, _) in &rows {
            if !found.resources.contains(&row.entry.resource) {
                found.resources.insert(row.entry.resource.clone());
            }
            found.months.insert(Window::Month.span_at(row.entry.counted_at).start);
        }
        before = batch.head;
    }
    let last: i64 =
        connection.query_row("SELECT coalesce(max(seq), 0) FROM entry", [], |row| row.get(0))?;
    if last as Seq != before.last_seq {
        let end = before.last_seq;
        return Ok(Err(format!("entries go on to {last}, batches end at {end}")));
    }
    found.entries = before.last_seq;
    Ok(Ok(found))
}
