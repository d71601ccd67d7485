//! A data directory as it is taken elsewhere.
//!
//! Invariant: the directory's lock is held from before the chain is verified until the last page
//! was read, so that what was verified is what is handed over.
//! Invariant: the ledger is opened for reading only, and nothing is made where there is none: who
//! gives the move up has the directory as it was.
//! Invariant: one batch, one page, or the keys of one user's texts are in memory, whatever the size
//! of the ledger; a page is bounded in rows, and of memories in bytes too.
//! Not here: where the pages go.

mod check;

use crate::{
    directory::{audit_page, people_page},
    memories::{FIRST_PLACE, Place, find_head, moved_page},
    names::Names,
    open::{LEDGER_FILE, OpenError, check_ours, damage, lock_dir},
    policy,
    readers::open_reader,
    row::{self, Seq, UserNo},
    schema::has_memories,
};
use novacore_store::{
    directory::AuditSeq,
    moving::{Inventory, MovedEntry, Page},
};
use novacore_vocab::{Account, OrgId};
use rusqlite::{Connection, params};
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Users of a page; each has at most a few hundred rows.
const PEOPLE_MAX: usize = 100;
/// Entries of the audit log or the ledger, or memories, in a page.
const ROWS_MAX: usize = 1_000;

/// A verified data directory that nobody else has open.
#[derive(Debug)]
pub struct Source {
    connection: Connection,
    path: PathBuf,
    names: Names,
    inventory: Inventory,
    /// A file of the first schema has not even their tables.
    has_memories: bool,
    next: Next,
    _lock: File,
}

/// What the next page is of, and after what.
#[derive(Clone, Copy, Debug)]
enum Next {
    Policy,
    People(UserNo),
    Audit(AuditSeq),
    Entries(Seq),
    Memories(Place),
    Nothing,
}

impl Source {
    /// Locks a data directory and verifies its file, the whole chain of its batches, and every
    /// memory.
    pub fn open(dir: &Path) -> Result<Source, OpenError> {
        let path = dir.join(LEDGER_FILE);
        if !path.exists() {
            let source = io::Error::new(io::ErrorKind::NotFound, "there is no ledger here");
            return Err(OpenError::Io { path, source });
        }
        let lock = lock_dir(dir)?;
        let connection = open_reader(&path).map_err(|error| damage(&path, error))?;
        check_ours(&path, &connection)?;
        let read = || {
            let names = Names::load(&connection)?;
            let has_memories = has_memories(&connection)?;
            Ok((check::inventory(&connection, &names)?, names, has_memories))
        };
        let (found, names, has_memories) = read().map_err(|error| damage(&path, error))?;
        let inventory = found.map_err(|why| OpenError::Damaged { file: path.clone(), why })?;
        let next = Next::Policy;
        Ok(Source { connection, path, names, inventory, has_memories, next, _lock: lock })
    }

    /// What was verified.
    pub fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// The next page; none after the last.
    pub fn next_page(&mut self) -> Result<Option<Page>, OpenError> {
        loop {
            if let Next::Nothing = self.next {
                return Ok(None);
            }
            let (page, next) = self.read().map_err(|error| damage(&self.path, error))?;
            self.next = next;
            if page.is_some() {
                return Ok(page);
            }
        }
    }

    /// A page, or none if there is no more of its kind; and where to go on.
    fn read(&self) -> rusqlite::Result<(Option<Page>, Next)> {
        let connection = &self.connection;
        match self.next {
            Next::Policy => Ok((Some(Page::Policy(policy::moved(connection)?)), Next::People(0))),
            Next::People(after) => {
                let head = |user_no| match self.has_memories {
                    true => find_head(connection, user_no),
                    false => Ok(None),
                };
                let found = people_page(connection, after, PEOPLE_MAX, head)?;
                let next =
                    found.last().map_or(Next::Audit(AuditSeq(0)), |(no, _)| Next::People(*no));
                let people: Vec<_> = found.into_iter().map(|(_, person)| person).collect();
                Ok(((!people.is_empty()).then_some(Page::People(people)), next))
            }
            Next::Audit(after) => {
                let rows = audit_page(connection, after, ROWS_MAX)?;
                let next = rows.last().map_or(Next::Entries(0), |row| Next::Audit(row.seq));
                Ok(((!rows.is_empty()).then_some(Page::Audit(rows)), next))
            }
            Next::Entries(after) => {
                let (entries, last) = self.entries_after(after)?;
                let next = match (entries.is_empty(), self.has_memories) {
                    (false, _) => Next::Entries(last),
                    (true, true) => Next::Memories(FIRST_PLACE),
                    (true, false) => Next::Nothing,
                };
                Ok(((!entries.is_empty()).then_some(Page::Entries(entries)), next))
            }
            Next::Memories(after) => {
                let (memories, last) = moved_page(connection, after, ROWS_MAX)?;
                let next = if memories.is_empty() { Next::Nothing } else { Next::Memories(last) };
                Ok(((!memories.is_empty()).then_some(Page::Memories(memories)), next))
            }
            Next::Nothing => Ok((None, Next::Nothing)),
        }
    }

    fn entries_after(&self, after: Seq) -> rusqlite::Result<(Vec<MovedEntry>, Seq)> {
        let from = row::SELECT_MOVED;
        let sql = format!("{from} WHERE entry.seq > ?1 ORDER BY entry.seq LIMIT ?2");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![after as i64, ROWS_MAX as i64])?;
        let (mut entries, mut last) = (Vec::new(), after);
        while let Some(sql) = rows.next()? {
            let user = row::user_id(sql, row::USER_COLUMN)?;
            let org = OrgId(row::user_id(sql, row::ORG_COLUMN)?.0);
            let read = row::read(sql, &self.names)?;
            last = read.seq;
            entries.push(MovedEntry {
                account: Account { org, user },
                entry: Arc::unwrap_or_clone(read.entry),
                key: row::read_own_key(sql)?,
            });
        }
        Ok((entries, last))
    }
}
