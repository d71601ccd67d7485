//! Reads of accounts, holds, corrections and days.
//!
//! Invariant: what a read returns and the watermark beside it are of one snapshot.

use super::{
    Derived, day::DayBook, error::DerivedError, file::Mark, fold::stored_hold, head::Head,
    resources::Resources,
};
use crate::row::{self, Seq, UserNo};
use novacore_ledger::{AccountState, Correctable, Hold, Profile};
use novacore_store::{
    error::StoreError,
    ledger::{DayAmount, DayRange},
};
use novacore_vocab::{Account, ResourceKind, ResourceName, UserId, Version};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use std::collections::BTreeMap;

/// A snapshot of `derived.db`.
pub(super) struct Snapshot<'c> {
    pub(super) tx: Transaction<'c>,
    pub(super) watermark: Seq,
    pub(super) resources: Resources,
}

impl Derived {
    /// Runs a read on a snapshot.
    pub(super) fn snapshot<R>(
        &self,
        read: impl FnOnce(&mut Snapshot<'_>) -> Result<R, DerivedError>,
    ) -> Result<R, DerivedError> {
        let result = self.tables.lend(DerivedError::File, |connection| {
            let tx = connection.unchecked_transaction()?;
            let watermark = Mark::read(&tx)?.watermark;
            let resources = Resources::new(self.options.names.clone(), self.options.policy.clone());
            read(&mut Snapshot { tx, watermark, resources })
        });
        result.inspect_err(|error| self.options.note_damage(error))
    }

    /// Runs a read of the ledger.
    pub(super) fn ledger<R>(
        &self,
        read: impl FnOnce(&Connection) -> Result<R, DerivedError>,
    ) -> Result<R, DerivedError> {
        self.ledger.lend(DerivedError::Ledger, read)
    }

    /// An account with its open holds.
    pub(crate) fn load_account(
        &self,
        user_no: UserNo,
        account: Account,
        profile: Profile,
    ) -> Result<(AccountState, Seq), StoreError> {
        let read = |snapshot: &mut Snapshot<'_>| {
            let mut head = snapshot.head(user_no, account, profile)?;
            for version in std::mem::take(&mut head.open) {
                if !head.state.holds.contains_key(&version) {
                    let hold = snapshot.hold_row(user_no, version)?;
                    let hold = hold.ok_or_else(|| {
                        DerivedError::Damaged(format!(
                            "hold {version} of user {user_no} is missing"
                        ))
                    })?;
                    head.state.insert_hold(hold);
                }
            }
            head.state.shed();
            Ok((head.state, snapshot.watermark))
        };
        Ok(self.snapshot(read)?)
    }

    /// A hold, open or ended.
    pub(crate) fn load_hold(
        &self,
        user_no: UserNo,
        version: Version,
    ) -> Result<(Option<Hold>, Seq), StoreError> {
        let read = |snapshot: &mut Snapshot<'_>| {
            let mut head = snapshot.nobodys_head(user_no)?;
            let hold = match head.state.holds.remove(&version) {
                Some(hold) => Some(hold),
                None => snapshot.hold_row(user_no, version)?,
            };
            Ok((hold, snapshot.watermark))
        };
        Ok(self.snapshot(read)?)
    }

    /// What a correction needs to know of an entry; `None` if there is no such entry or it charges
    /// nothing that could be taken back.
    pub(crate) fn load_correctable(
        &self,
        user_no: UserNo,
        version: Version,
    ) -> Result<(Option<Correctable>, Seq), StoreError> {
        let (place, corrected, watermark) = self.snapshot(|snapshot| {
            let head = snapshot.nobodys_head(user_no)?;
            let place = snapshot.place(user_no, &head, version)?;
            let sum = "SELECT corrected FROM correction WHERE user_no = ?1 AND version = ?2";
            let corrected = snapshot
                .tx
                .prepare_cached(sum)?
                .query_row([user_no, version.0 as i64], |row| row.get(0))
                .optional()?;
            Ok((place, corrected.unwrap_or(0), snapshot.watermark))
        })?;
        let Some(place) = place else { return Ok((None, watermark)) };
        let entry = self.ledger(|ledger| self.entry_at(ledger, place.seq))?;
        let found = Correctable::of(&entry);
        Ok((found.map(|found| Correctable { corrected, ..found }), watermark))
    }

    /// One row for every day of a range.
    pub(crate) fn days(
        &self,
        user_no: UserNo,
        resource: &ResourceName,
        range: DayRange,
    ) -> Result<(Vec<DayAmount>, Seq), StoreError> {
        let read = |snapshot: &mut Snapshot<'_>| {
            let known = snapshot.resources.find(resource);
            let books = match known {
                Some(_) => snapshot.books(user_no, range)?,
                None => BTreeMap::new(),
            };
            let mut days = Vec::new();
            let mut closing = 0;
            if let Some(known) = known {
                let before = books.range(..range.first).next_back();
                closing = before.map_or(0, |(_, book)| book.closing(known.number));
            }
            for day in range.first..=range.last {
                let book = books.get(&day);
                let amount = match known {
                    None => 0,
                    Some(known) if known.kind == ResourceKind::Flow => {
                        book.map_or(0, |book| book.total(known.number))
                    }
                    Some(known) => {
                        closing = book.map_or(closing, |book| book.closing(known.number));
                        closing
                    }
                };
                days.push(DayAmount { day, amount });
            }
            Ok((days, snapshot.watermark))
        };
        Ok(self.snapshot(read)?)
    }

    /// Users who have open holds.
    pub(crate) fn accounts_with_open_holds(
        &self,
        ledger: &Connection,
    ) -> Result<Vec<UserId>, StoreError> {
        let numbers = self.snapshot(|snapshot| {
            let mut select = snapshot.tx.prepare("SELECT user_no FROM holder")?;
            let rows = select.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<rusqlite::Result<Vec<UserNo>>>()?)
        })?;
        let users = numbers.into_iter().map(|user_no| user_id(ledger, user_no));
        Ok(users.collect::<Result<_, DerivedError>>()?)
    }
}

impl Snapshot<'_> {
    /// An account's row, or an empty one.
    pub(super) fn head(
        &mut self,
        user_no: UserNo,
        account: Account,
        profile: Profile,
    ) -> Result<Head, DerivedError> {
        match self.head_bytes(user_no)? {
            None => Ok(Head::new(account, profile)),
            Some(bytes) => Ok(Head::decode(&bytes, account, profile, &mut self.resources)?),
        }
    }

    /// An account's row where it does not matter whose it is.
    pub(super) fn nobodys_head(&mut self, user_no: UserNo) -> Result<Head, DerivedError> {
        let (account, profile) = self.resources.placeholder(user_no);
        self.head(user_no, account, profile)
    }

    fn head_bytes(&self, user_no: UserNo) -> Result<Option<Vec<u8>>, DerivedError> {
        let mut select = self.tx.prepare_cached("SELECT value FROM head WHERE user_no = ?1")?;
        Ok(select.query_row([user_no], |row| row.get(0)).optional()?)
    }

    fn hold_row(
        &mut self,
        user_no: UserNo,
        version: Version,
    ) -> Result<Option<Hold>, DerivedError> {
        let sql = "SELECT value FROM hold WHERE user_no = ?1 AND version = ?2";
        let mut select = self.tx.prepare_cached(sql)?;
        stored_hold(&mut select, &mut self.resources, user_no, version)
    }

    /// The days of a range that exist, and the last one before it.
    pub(super) fn books(
        &self,
        user_no: UserNo,
        range: DayRange,
    ) -> Result<BTreeMap<i64, DayBook>, DerivedError> {
        let mut books = BTreeMap::new();
        let mut select = self.tx.prepare_cached(
            "SELECT day, value FROM day WHERE user_no = ?1 AND day <= ?3 AND day >= coalesce(\
             (SELECT max(day) FROM day WHERE user_no = ?1 AND day < ?2), ?2)",
        )?;
        let mut rows = select.query(params![user_no, range.first, range.last])?;
        while let Some(row) = rows.next()? {
            let bytes: Vec<u8> = row.get(1)?;
            books.insert(row.get(0)?, DayBook::decode(&bytes)?);
        }
        if let Some(bytes) = self.head_bytes(user_no)? {
            // The newest day is in the head; a copy of it in the table would be older.
            let newest = Head::decode_day(&bytes)?.filter(|(day, _)| *day <= range.last);
            books.extend(newest);
        }
        Ok(books)
    }
}

/// The id of a user of the ledger.
pub(super) fn user_id(ledger: &Connection, user_no: UserNo) -> Result<UserId, DerivedError> {
    let select = ledger.prepare_cached("SELECT user_id FROM user WHERE user_no = ?1");
    select
        .and_then(|mut select| select.query_row([user_no], |row| row::user_id(row, 0)))
        .map_err(DerivedError::Ledger)
}
