//! Lists of an account's entries: which rows of the ledger, in which order, without an index on the
//! ledger.

use super::{
    Derived,
    error::DerivedError,
    head::Head,
    read::Snapshot,
    segment::{Place, Segment},
};
use crate::row::{self, Seq, UserNo};
use novacore_ledger::Entry;
use novacore_store::{error::StoreError, ledger::EntryQuery};
use novacore_vocab::{Timestamp, Version};
use rusqlite::{Connection, OptionalExtension};

impl Snapshot<'_> {
    /// Where an entry is.
    pub(super) fn place(
        &mut self,
        user_no: UserNo,
        head: &Head,
        version: Version,
    ) -> Result<Option<Place>, DerivedError> {
        if version.0 == 0 || version > head.state.version {
            return Ok(None);
        }
        if version.0 >= head.tail.first {
            return Ok(head.tail.place(version).copied());
        }
        Ok(self.segment(user_no, Segment::first_of(version))?.place(version).copied())
    }

    fn segment(&mut self, user_no: UserNo, first: u64) -> Result<Segment, DerivedError> {
        let sql = "SELECT value FROM segment WHERE user_no = ?1 AND first = ?2";
        let bytes: Option<Vec<u8>> = self
            .tx
            .prepare_cached(sql)?
            .query_row([user_no, first as i64], |row| row.get(0))
            .optional()?;
        let bytes = bytes.ok_or_else(|| {
            DerivedError::Damaged(format!("user {user_no} has no segment at version {first}"))
        })?;
        Ok(Segment::decode(first, &bytes)?)
    }
}

/// One account's places with the last segment read at hand.
struct Walk<'s, 'c, 'l> {
    snapshot: &'s mut Snapshot<'c>,
    ledger: &'l Connection,
    derived: &'l Derived,
    user_no: UserNo,
    head: Head,
    segment: Segment,
}

impl Walk<'_, '_, '_> {
    fn place(&mut self, version: Version) -> Result<Place, DerivedError> {
        if version.0 >= self.head.tail.first {
            let place = self.head.tail.place(version).copied();
            return place.ok_or_else(|| lost(self.user_no, version));
        }
        let first = Segment::first_of(version);
        if self.segment.first != first || self.segment.places.is_empty() {
            self.segment = self.snapshot.segment(self.user_no, first)?;
        }
        self.segment.place(version).copied().ok_or_else(|| lost(self.user_no, version))
    }

    fn entry(&mut self, version: Version) -> Result<Entry, DerivedError> {
        let place = self.place(version)?;
        self.derived.entry_at(self.ledger, place.seq)
    }

    /// The first version recorded at `at` or later; times are monotonic, so it is found by halving.
    fn first_from(&mut self, at: Timestamp) -> Result<u64, DerivedError> {
        let (mut low, mut high) = (1, self.head.state.version.0 + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.entry(Version(middle))?.recorded_at < at {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    /// The versions asked for, `[low, high)`.
    fn bounds(&mut self, query: &EntryQuery) -> Result<(u64, u64), DerivedError> {
        let mut low = query.after.map_or(1, |after| after.0.saturating_add(1));
        let mut high = self.head.state.version.0 + 1;
        if let Some(before) = query.before {
            high = high.min(before.0);
        }
        if let Some(from) = query.from {
            low = low.max(self.first_from(from)?);
        }
        if let Some(until) = query.until {
            high = high.min(self.first_from(until)?);
        }
        Ok((low, high.max(low)))
    }

    fn page(&mut self, query: &EntryQuery) -> Result<Vec<Entry>, DerivedError> {
        let (low, high) = self.bounds(query)?;
        let resource_no = match &query.resource {
            None => None,
            Some(name) => match self.snapshot.resources.find(name) {
                Some(known) => Some(known.number),
                None => return Ok(Vec::new()),
            },
        };
        let mut page = Vec::new();
        for step in 0..high - low {
            if page.len() == query.rows_max {
                break;
            }
            let version = if query.after.is_some() { low + step } else { high - 1 - step };
            let place = self.place(Version(version))?;
            let wanted = resource_no.is_none_or(|number| number == place.resource_no)
                && (query.kinds.is_empty() || query.kinds.contains(&place.kind));
            if wanted {
                page.push(self.derived.entry_at(self.ledger, place.seq)?);
            }
        }
        Ok(page)
    }
}

impl Derived {
    /// A page of an account's entries as far as derived files show them, in the query's order.
    pub(crate) fn entries(
        &self,
        ledger: &Connection,
        user_no: UserNo,
        query: &EntryQuery,
    ) -> Result<Vec<Entry>, StoreError> {
        let page = self.snapshot(|snapshot| {
            let head = snapshot.nobodys_head(user_no)?;
            let segment = Segment::EMPTY;
            Walk { snapshot, ledger, derived: self, user_no, head, segment }.page(query)
        })?;
        Ok(page)
    }

    /// The entry in a row of the ledger.
    pub(super) fn entry_at(&self, ledger: &Connection, seq: Seq) -> Result<Entry, DerivedError> {
        let sql = format!("{} WHERE entry.seq = ?1", row::SELECT);
        let read = || -> rusqlite::Result<Entry> {
            let mut select = ledger.prepare_cached(&sql)?;
            let row = select.query_row([seq as i64], |sql| row::read(sql, &self.options.names))?;
            Ok(row.entry.as_ref().clone())
        };
        read().map_err(DerivedError::Ledger)
    }
}

fn lost(user_no: UserNo, version: Version) -> DerivedError {
    DerivedError::Damaged(format!("entry {version} of user {user_no} is not in its segment"))
}
