//! Rows of `usage_ledger`.
//!
//! Invariant: stored discriminants are positions in the `ALL` arrays of the domain and are only
//! appended to.

use crate::{column::At, failure};
use novacore_ledger::{Entry, EntryKind, Flags};
use novacore_store::{error::StoreError, stored};
use novacore_vocab::{ResourceName, Source, Version};
use std::sync::Arc;
use tokio_postgres::Row;

/// The columns that [`read`] expects, of a table or alias `l`.
pub(crate) const COLUMNS: &str = "l.version, l.kind, l.resource_type, l.source, l.amount, l.held, \
     l.timestamp, l.counted_at, l.occurred_at, l.hold_id, l.corrects, l.expires_at, l.flags, \
     l.crossing::text, l.metadata::text";

/// How many columns these are.
pub(crate) const COLUMNS_COUNT: usize = 15;

/// The stored discriminant of a kind.
pub(crate) fn kind_no(kind: EntryKind) -> i16 {
    EntryKind::ALL.iter().position(|other| *other == kind).expect("every kind is listed") as i16
}

/// The stored discriminant of a source.
pub(crate) fn source_no(source: Source) -> i16 {
    Source::ALL.iter().position(|other| *other == source).expect("every source is listed") as i16
}

/// Flags as stored: the same bits.
pub(crate) fn flag_bits(flags: Flags) -> i16 {
    flags.0.cast_signed()
}

/// A version as stored; versions have 40 bits.
pub(crate) fn version_no(version: Version) -> i64 {
    version.0 as i64
}

/// Reads [`COLUMNS`] from column `first` on.
pub(crate) fn read(row: &Row, first: usize) -> Result<Entry, StoreError> {
    let unknown = || failure::damaged("usage_ledger", "an unknown discriminant");
    let version = |number: Option<i64>| number.map(|number| Version(number as u64));
    let kind = EntryKind::ALL.get(row.get::<_, i16>(first + 1) as usize).ok_or_else(unknown)?;
    let source = Source::ALL.get(row.get::<_, i16>(first + 3) as usize).ok_or_else(unknown)?;
    let crossing: Option<&str> = row.get(first + 13);
    let metadata: Option<&str> = row.get(first + 14);
    Ok(Entry {
        version: Version(row.get::<_, i64>(first) as u64),
        kind: *kind,
        resource: resource(row.get(first + 2))?,
        source: *source,
        amount: row.get(first + 4),
        held: row.get(first + 5),
        recorded_at: row.get::<_, At>(first + 6).0,
        counted_at: row.get::<_, At>(first + 7).0,
        occurred_at: row.get::<_, At>(first + 8).0,
        hold: version(row.get(first + 9)),
        corrects: version(row.get(first + 10)),
        expires_at: row.get::<_, Option<At>>(first + 11).map(|at| at.0),
        flags: Flags(row.get::<_, i16>(first + 12).cast_unsigned()),
        crossing: crossing
            .map(stored::read_crossing)
            .transpose()
            .map_err(|error| failure::damaged("usage_ledger", error))?,
        metadata: metadata.map(Arc::from),
    })
}

/// A resource's name as stored.
pub(crate) fn resource(text: &str) -> Result<ResourceName, StoreError> {
    ResourceName::parse(text).map_err(|error| failure::damaged("usage_ledger", error))
}
