//! Do the rows of memories still say what was written? For `verify`, and before a move.
//!
//! Every memory is read with its texts and its embedding, and counted anew.
//! Invariant: in memory is one memory and the keys of one user's texts, whatever there is; of
//! `verify` also a number per user.
//! Not here: the fold of entries into what is charged.

use super::{
    head,
    model::Models,
    row::{
        COLUMNS, COLUMNS_COUNT, EMBEDDED_COLUMNS, EMBEDDED_COLUMNS_COUNT, FROM, WITH_VECTORS,
        change_no, id, read, read_embedded, said, user_no,
    },
};
use crate::row::UserNo;
use novacore_ledger::AccountState;
use novacore_store::memories::{MemoryHead, Trace, memory_storage};
use novacore_vocab::Source;
use rusqlite::{Connection, Row as SqlRow};
use std::collections::BTreeMap;

/// Tells every difference between rows and heads, and between what is charged and the accounts as
/// they were recounted from their entries; how many memories there are.
pub(crate) fn differences(
    connection: &Connection,
    states: &BTreeMap<UserNo, AccountState>,
    tell: &mut dyn FnMut(String),
) -> rusqlite::Result<u64> {
    let mut charged: BTreeMap<UserNo, i64> = states.keys().map(|user_no| (*user_no, 0)).collect();
    let found = count(connection, tell, |user_no, counted| {
        charged.insert(user_no, counted.charged_bytes());
    })?;
    let resource = memory_storage();
    for (user_no, rows) in charged {
        let state = states.get(&user_no);
        let level = state.map_or(0, |state| state.part(&resource, Source::Memory));
        if rows != level {
            tell(format!("user {user_no} is charged {level} bytes for memories that count {rows}"));
        }
    }
    orphans(connection, &found, tell)?;
    Ok(found.memories)
}

/// How many memories there are, or the first thing that is wrong with them.
pub(crate) fn inventory(connection: &Connection) -> rusqlite::Result<Result<u64, String>> {
    let mut first = None;
    let mut tell = |finding| {
        first.get_or_insert(finding);
    };
    let found = count(connection, &mut tell, |_, _| {})?;
    orphans(connection, &found, &mut tell)?;
    Ok(first.map_or(Ok(found.memories), Err))
}

/// What the rows were found to have.
#[derive(Debug, Default)]
struct Found {
    memories: u64,
    texts: u64,
    vectors: u64,
}

/// Compares each row with itself, and each user's rows with their head; calls back with what they
/// add up to.
fn count(
    connection: &Connection,
    tell: &mut dyn FnMut(String),
    mut each: impl FnMut(UserNo, &MemoryHead),
) -> rusqlite::Result<Found> {
    let sql = format!(
        "SELECT {COLUMNS}, {EMBEDDED_COLUMNS}, size_bytes, text_bytes, \
         memory.user_id IS NOT (SELECT user_id FROM user WHERE user_no = memory.place >> 32) \
         OR memory.text_place >> 32 <> memory.place >> 32, \
         memory.text_place, memory_text.place IS NOT NULL FROM {FROM} {WITH_VECTORS} \
         ORDER BY memory.place"
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut models = Models::new(connection);
    let (mut found, mut user) = (Found::default(), None::<Counted>);
    loop {
        let row = rows.next()?;
        let of = row.map(|row| row.get(0).map(user_no)).transpose()?;
        if let Some(whole) = user.take_if(|user| of != Some(user.user_no)) {
            let stored = head::read(connection, whole.user_no)?;
            each(whole.user_no, &whole.head);
            whole.compare(&stored, tell);
        }
        let (Some(row), Some(of)) = (row, of) else { break };
        let user = user.get_or_insert_with(|| Counted::of(of));
        if let Err(why) = user.add(row, &mut models, &mut found)? {
            tell(why);
        }
    }
    without_rows(connection, tell)?;
    Ok(found)
}

/// Heads of users who have no memory, and of nobody.
fn without_rows(connection: &Connection, tell: &mut dyn FnMut(String)) -> rusqlite::Result<()> {
    head::each_without_rows(connection, |user_no, head| Counted::of(user_no).compare(head, tell))?;
    let sql = "SELECT count(*) FROM memory_head WHERE NOT EXISTS \
         (SELECT 1 FROM user WHERE user.user_no = memory_head.user_no)";
    let nobodys: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    if nobodys > 0 {
        tell(format!("{nobodys} heads of memories are nobody's"));
    }
    Ok(())
}

/// What the rows of a user add up to.
struct Counted {
    user_no: UserNo,
    head: MemoryHead,
    text_places: Vec<i64>,
}

impl Counted {
    fn of(user_no: UserNo) -> Counted {
        Counted { user_no, head: MemoryHead::default(), text_places: Vec::new() }
    }

    /// Counts a row, or says what is wrong with it.
    fn add(
        &mut self,
        row: &SqlRow<'_>,
        models: &mut Models<'_>,
        found: &mut Found,
    ) -> rusqlite::Result<Result<(), String>> {
        let rest = COLUMNS_COUNT + EMBEDDED_COLUMNS_COUNT;
        let has_text: bool = row.get(rest + 4)?;
        found.memories += 1;
        found.texts += u64::from(has_text);
        self.text_places.push(row.get(rest + 3)?);
        let embedded = read_embedded(row, COLUMNS_COUNT, models)?;
        found.vectors += u64::from(row.get_ref(rest - 1)?.as_blob().is_ok());
        let named = id(row, 1).map_or_else(|_| "a memory".to_owned(), |id| format!("memory {id}"));
        let named = format!("{named} of user {}", self.user_no);
        let unreadable = |why: &str| Ok(Err(format!("{named} cannot be read: {why}")));
        let wrong = |why: &str| Ok(Err(format!("{named}: {why}")));
        if !has_text {
            return unreadable("its texts are gone");
        }
        let memory = match read(row) {
            Ok(memory) => memory,
            Err(error) => return unreadable(&said(&error)),
        };
        let trace = Trace::of(&memory);
        self.head.add(&trace, 1);
        self.head.change_no = change_no(row.get(0)?);
        if (row.get::<_, i64>(rest)?, row.get::<_, i64>(rest + 1)?)
            != (trace.size_bytes, trace.text_bytes)
        {
            return wrong("its size is not that of its parts");
        }
        if row.get::<_, bool>(rest + 2)? {
            return wrong("it is filed under another user's number");
        }
        match embedded {
            Ok(_) => Ok(Ok(())),
            Err(why) => wrong(&why),
        }
    }

    fn compare(mut self, stored: &MemoryHead, tell: &mut dyn FnMut(String)) {
        let user_no = self.user_no;
        if stored.tallies != self.head.tallies {
            tell(format!("the head of user {user_no}'s memories is not the sum of the rows"));
        }
        if stored.change_no < self.head.change_no {
            tell(format!("a memory of user {user_no} changed after the last change of all"));
        }
        self.text_places.sort_unstable();
        if self.text_places.windows(2).any(|two| two[0] == two[1]) {
            tell(format!("two memories of user {user_no} share their texts"));
        }
    }
}

/// Texts and vectors that no memory has.
fn orphans(
    connection: &Connection,
    found: &Found,
    tell: &mut dyn FnMut(String),
) -> rusqlite::Result<()> {
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    for (what, sql, of_memories) in [
        ("texts", "SELECT count(*) FROM memory_text", found.texts),
        ("vectors", "SELECT count(*) FROM memory_vector", found.vectors),
    ] {
        let orphans = count(sql)?.cast_unsigned().saturating_sub(of_memories);
        if orphans > 0 {
            tell(format!("{orphans} {what} are of no memory"));
        }
    }
    Ok(())
}
