//! The caller's ledger, page by page.

use crate::{cx::Cx, error::AppError};
use novacore_access::{Permit, ReadUsage};
use novacore_ledger::{Entry, EntryKind};
use novacore_store::ledger::{ENTRY_PAGE_ROWS_MAX, EntryQuery};
use novacore_vocab::{ResourceName, Timestamp, Version};

/// Most entries of a page.
pub const PAGE_ROWS_MAX: usize = ENTRY_PAGE_ROWS_MAX;

/// Which entries to list, the newest first.
#[derive(Clone, Debug, Default)]
pub struct EntriesAsk {
    /// Only those of this resource.
    pub resource: Option<ResourceName>,
    /// Only those of these kinds; empty is all.
    pub kinds: Vec<EntryKind>,
    /// Only those recorded at this time or later.
    pub from: Option<Timestamp>,
    /// Only those recorded before this time.
    pub until: Option<Timestamp>,
    /// Only those below this version: the last one of the page before.
    pub before: Option<Version>,
    /// How many, at most [`PAGE_ROWS_MAX`].
    pub rows_max: usize,
}

/// A page of the permit's account.
pub async fn list(
    cx: &Cx,
    permit: Permit<ReadUsage>,
    ask: EntriesAsk,
) -> Result<Vec<Entry>, AppError> {
    let query = EntryQuery {
        user: permit.account().user,
        resource: ask.resource,
        kinds: ask.kinds,
        from: ask.from,
        until: ask.until,
        before: ask.before,
        after: None,
        rows_max: ask.rows_max,
    };
    Ok(cx.ledger.entries(&query).await?)
}
