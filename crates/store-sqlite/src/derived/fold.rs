//! One account's entries applied to what is stored of it.
//!
//! Invariant: an account is read and written once per flush, whatever the number of its entries.
//! Not here: the rules; [`AccountState::apply`](novacore_ledger::AccountState::apply) has them.

use super::{
    day::DayBook,
    error::DerivedError,
    head::{Head, put_hold, take_hold},
    resources::{Numbered, Resources},
    segment::{Place, SEGMENT_ENTRIES},
};
use crate::{
    bytes::{Put, Take},
    row::{Row, UserNo},
};
use novacore_ledger::{Entry as LedgerEntry, EntryKind, Flags, Hold};
use novacore_vocab::{ResourceKind, Timestamp, Version};
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};
use std::collections::{BTreeMap, btree_map::Entry};

/// Holds in an account's head. Beyond that all but the newest [`HOLDS_KEPT`] move to rows of their
/// own, together, so that they share pages.
const HOLDS_MAX: usize = 16;
const HOLDS_KEPT: usize = 8;

const _: () = assert!(HOLDS_KEPT < HOLDS_MAX);

/// What a flush adds to tables that are not about one account.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    /// What moved, by flow and day.
    pub(crate) totals: BTreeMap<(i64, i64), i64>,
    /// Days and users who used a flow on them for the first time.
    pub(crate) active: Vec<(i64, UserNo)>,
    /// What is held, by level and user.
    pub(crate) levels: Vec<(i64, UserNo, i64)>,
}

/// The statements of a flush.
pub(crate) struct Statements<'c> {
    head: CachedStatement<'c>,
    put_head: CachedStatement<'c>,
    hold: CachedStatement<'c>,
    put_hold: CachedStatement<'c>,
    put_segment: CachedStatement<'c>,
    day: CachedStatement<'c>,
    day_before: CachedStatement<'c>,
    days_after: CachedStatement<'c>,
    put_day: CachedStatement<'c>,
    correct: CachedStatement<'c>,
    add_holder: CachedStatement<'c>,
    remove_holder: CachedStatement<'c>,
}

impl<'c> Statements<'c> {
    pub(crate) fn prepare(connection: &'c Connection) -> rusqlite::Result<Statements<'c>> {
        let sql = |text| connection.prepare_cached(text);
        Ok(Statements {
            head: sql("SELECT value FROM head WHERE user_no = ?1")?,
            put_head: sql("INSERT OR REPLACE INTO head VALUES (?1, ?2)")?,
            hold: sql("SELECT value FROM hold WHERE user_no = ?1 AND version = ?2")?,
            put_hold: sql("INSERT OR REPLACE INTO hold VALUES (?1, ?2, ?3)")?,
            put_segment: sql("INSERT INTO segment VALUES (?1, ?2, ?3)")?,
            day: sql("SELECT value FROM day WHERE user_no = ?1 AND day = ?2")?,
            day_before: sql("SELECT day, value FROM day WHERE user_no = ?1 AND day < ?2 \
                 ORDER BY day DESC LIMIT 1")?,
            days_after: sql("SELECT day, value FROM day WHERE user_no = ?1 AND day > ?2")?,
            put_day: sql("INSERT OR REPLACE INTO day VALUES (?1, ?2, ?3)")?,
            correct: sql("INSERT INTO correction VALUES (?1, ?2, ?3) \
                 ON CONFLICT DO UPDATE SET corrected = corrected + excluded.corrected")?,
            add_holder: sql("INSERT INTO holder VALUES (?1)")?,
            remove_holder: sql("DELETE FROM holder WHERE user_no = ?1")?,
        })
    }
}

/// An account in the making.
pub(crate) struct Fold<'a, 'c> {
    sql: &'a mut Statements<'c>,
    resources: &'a mut Resources,
    sums: &'a mut Sums,
    user_no: UserNo,
    head: Head,
    /// Days in hand but for the newest.
    days: BTreeMap<i64, DayBook>,
}

impl<'a, 'c> Fold<'a, 'c> {
    /// Applies an account's next rows and stores what comes of it.
    pub(crate) fn run(
        sql: &'a mut Statements<'c>,
        resources: &'a mut Resources,
        sums: &'a mut Sums,
        rows: &[Row],
    ) -> Result<(), DerivedError> {
        let Some(first) = rows.first() else { return Ok(()) };
        let user_no = first.user_no;
        let head = load_head(sql, resources, user_no)?;
        let was_holder = !head.open.is_empty();
        let mut fold = Fold { sql, resources, sums, user_no, head, days: BTreeMap::new() };
        for row in rows {
            fold.apply(row)?;
        }
        fold.save(was_holder)
    }

    fn apply(&mut self, row: &Row) -> Result<(), DerivedError> {
        let entry = row.entry.as_ref();
        let resource = self.resources.numbered(&entry.resource)?;
        self.need_hold(entry)?;
        self.head.state.apply(entry, resource.kind);
        self.note_hold(entry);
        if entry.amount != 0 {
            self.roll_up(entry, resource)?;
        }
        if let (EntryKind::Correction, Some(version)) = (entry.kind, entry.corrects) {
            self.sql.correct.execute(params![self.user_no, version.0 as i64, -entry.amount])?;
        }
        self.place(Place { seq: row.seq, kind: entry.kind, resource_no: resource.number })
    }

    /// Loads the hold that an entry concerns, if it is not in the head.
    fn need_hold(&mut self, entry: &LedgerEntry) -> Result<(), DerivedError> {
        let Some(version) = entry.hold else { return Ok(()) };
        if entry.kind == EntryKind::Reserve || self.head.state.holds.contains_key(&version) {
            return Ok(());
        }
        let hold = &mut self.sql.hold;
        if let Some(hold) = stored_hold(hold, self.resources, self.user_no, version)? {
            self.head.state.insert_hold(hold);
        }
        Ok(())
    }

    fn note_hold(&mut self, entry: &LedgerEntry) {
        let Some(version) = entry.hold else { return };
        if entry.kind == EntryKind::Reserve {
            self.head.open.insert(version);
        } else if entry.flags.has(Flags::FINAL) {
            self.head.open.remove(&version);
        }
    }

    fn place(&mut self, place: Place) -> Result<(), DerivedError> {
        let tail = &mut self.head.tail;
        tail.places.push(place);
        if tail.places.len() == SEGMENT_ENTRIES {
            let mut put = Put::default();
            tail.put(&mut put);
            self.sql.put_segment.execute(params![self.user_no, tail.first as i64, put.0])?;
            tail.first += SEGMENT_ENTRIES as u64;
            tail.places.clear();
        }
        Ok(())
    }

    /// Adds an amount to its day: of a flow when it occurred, of a level when it was recorded.
    fn roll_up(&mut self, entry: &LedgerEntry, resource: Numbered) -> Result<(), DerivedError> {
        let number = resource.number;
        let at = rolled_up_at(entry, resource.kind);
        let day = at.day_number();
        let first = self.book(day)?.add(number, at, entry.amount);
        match resource.kind {
            ResourceKind::Flow => {
                *self.sums.totals.entry((number, day)).or_default() += entry.amount;
                if first {
                    self.sums.active.push((day, self.user_no));
                }
                Ok(())
            }
            ResourceKind::Level => {
                self.book(day)?.move_closing(number, entry.amount);
                self.move_later_closings(day, number, entry.amount)?;
                self.note_level(number);
                Ok(())
            }
        }
    }

    fn note_level(&mut self, number: i64) {
        let closing = self.head.day.as_ref().map_or(0, |(_, newest)| newest.closing(number));
        let level = (number, self.user_no, closing);
        match self.sums.levels.last_mut() {
            Some(last) if (last.0, last.1) == (number, self.user_no) => *last = level,
            Some(_) | None => self.sums.levels.push(level),
        }
    }

    /// The book of a day, made if there is none.
    fn book(&mut self, day: i64) -> Result<&mut DayBook, DerivedError> {
        let newest = self.head.day.as_ref().map(|(newest, _)| *newest);
        if newest.is_none_or(|newest| newest < day) {
            let book = self.head.day.as_ref().map(|(_, newest)| DayBook::after(newest));
            let before = self.head.day.replace((day, book.unwrap_or_default()));
            self.days.extend(before);
        }
        if newest.is_some_and(|newest| day < newest) && !self.days.contains_key(&day) {
            let book = self.older_book(day)?;
            self.days.insert(day, book);
        }
        match (&mut self.head.day, self.days.get_mut(&day)) {
            (Some((newest, book)), _) if *newest == day => Ok(book),
            (_, Some(book)) => Ok(book),
            (_, None) => Err(DerivedError::Damaged(format!("day {day} got lost"))),
        }
    }

    /// A stored day that is not in hand, or a new one after the last that exists before it.
    fn older_book(&mut self, day: i64) -> Result<DayBook, DerivedError> {
        let stored = self.sql.day.query_row([self.user_no, day], |row| row.get::<_, Vec<u8>>(0));
        if let Some(bytes) = stored.optional()? {
            return Ok(DayBook::decode(&bytes)?);
        }
        let in_hand = self.days.range(..day).next_back();
        let stored = self.sql.day_before.query_row([self.user_no, day], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
        });
        match (in_hand, stored.optional()?) {
            (Some((day, book)), Some((older, _))) if older <= *day => Ok(DayBook::after(book)),
            (Some((_, book)), None) => Ok(DayBook::after(book)),
            (_, Some((_, bytes))) => Ok(DayBook::after(&DayBook::decode(&bytes)?)),
            (None, None) => Ok(DayBook::default()),
        }
    }

    /// Days after `day` exist only if use was reported a little ahead of time.
    fn move_later_closings(
        &mut self,
        day: i64,
        number: i64,
        amount: i64,
    ) -> Result<(), DerivedError> {
        if self.head.day.as_ref().is_none_or(|(newest, _)| *newest <= day) {
            return Ok(());
        }
        let stored = self.sql.days_after.query_map([self.user_no, day], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
        })?;
        for row in stored {
            let (later, bytes) = row?;
            if let Entry::Vacant(free) = self.days.entry(later) {
                free.insert(DayBook::decode(&bytes)?);
            }
        }
        let newest = self.head.day.iter_mut().map(|(_, book)| book);
        for book in self.days.range_mut(day + 1..).map(|(_, book)| book).chain(newest) {
            book.move_closing(number, amount);
        }
        Ok(())
    }

    fn save(mut self, was_holder: bool) -> Result<(), DerivedError> {
        self.spill_holds()?;
        for (day, book) in &self.days {
            let mut put = Put::default();
            book.put(&mut put);
            self.sql.put_day.execute(params![self.user_no, day, put.0])?;
        }
        match (was_holder, !self.head.open.is_empty()) {
            (false, true) => drop(self.sql.add_holder.execute([self.user_no])?),
            (true, false) => drop(self.sql.remove_holder.execute([self.user_no])?),
            (true, true) | (false, false) => {}
        }
        let bytes = self.head.encode(self.resources).ok_or_else(unnumbered)?;
        self.sql.put_head.execute(params![self.user_no, bytes])?;
        Ok(())
    }

    fn spill_holds(&mut self) -> Result<(), DerivedError> {
        if self.head.state.holds.len() <= HOLDS_MAX {
            return Ok(());
        }
        while self.head.state.holds.len() > HOLDS_KEPT {
            let Some((version, hold)) = self.head.state.holds.pop_first() else { break };
            let mut put = Put::default();
            put_hold(&mut put, &hold, self.resources).ok_or_else(unnumbered)?;
            self.sql.put_hold.execute(params![self.user_no, version.0 as i64, put.0])?;
        }
        Ok(())
    }
}

/// The time by which an amount is rolled up.
pub(crate) fn rolled_up_at(entry: &LedgerEntry, kind: ResourceKind) -> Timestamp {
    match kind {
        ResourceKind::Flow => entry.occurred_at,
        ResourceKind::Level => entry.recorded_at,
    }
}

/// A stored resource that the ledger does not name.
pub(crate) fn unnumbered() -> DerivedError {
    DerivedError::Damaged("a resource has no number".into())
}

fn load_head(
    sql: &mut Statements<'_>,
    resources: &mut Resources,
    user_no: UserNo,
) -> Result<Head, DerivedError> {
    let (account, profile) = resources.placeholder(user_no);
    let mut rows = sql.head.query([user_no])?;
    match rows.next()? {
        None => Ok(Head::new(account, profile)),
        Some(row) => {
            let bytes = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
            Ok(Head::decode(bytes, account, profile, resources)?)
        }
    }
}

/// A hold that is a row of its own.
pub(crate) fn stored_hold(
    select: &mut CachedStatement<'_>,
    resources: &mut Resources,
    user_no: UserNo,
    version: Version,
) -> Result<Option<Hold>, DerivedError> {
    let bytes: Option<Vec<u8>> =
        select.query_row([user_no, version.0 as i64], |row| row.get(0)).optional()?;
    let Some(bytes) = bytes else { return Ok(None) };
    let mut take = Take(&bytes);
    let hold = take_hold(&mut take, version, resources)?;
    take.end()?;
    Ok(Some(hold))
}
