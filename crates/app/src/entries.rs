//! The caller's ledger, page by page.

use crate::{cx::Cx, error::AppError};
use novacore_access::{Permit, ReadUsage};
use novacore_ledger::Entry;
use novacore_store::ledger::EntryQuery;

/// A page of the permit's account; the query's user is set by this.
pub async fn list(
    cx: &Cx,
    permit: Permit<ReadUsage>,
    query: EntryQuery,
) -> Result<Vec<Entry>, AppError> {
    let query = EntryQuery { user: permit.account().user, ..query };
    Ok(cx.ledger.entries(&query).await?)
}
