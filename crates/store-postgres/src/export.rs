//! Every entry, for whoever takes the ledger elsewhere.
//!
//! Accounts are written one after the other, each in the order of its versions: nodes commit side
//! by side, so between accounts there is no order but that of times.
//!
//! Invariant: one snapshot; nodes may write meanwhile, and what they commit later is not in it.
//! Invariant: memory is bounded by a page, whatever the length of the ledger.

use crate::{
    address::Address,
    ledger::entry,
    migrate,
    open::OpenError,
    pool::Pool,
    retention::{DetachedMonth, detached},
};
use novacore_ledger::Entry;
use novacore_store::error::StoreError;
use novacore_vocab::UserId;
use std::io;
use thiserror::Error;
use tokio_postgres::Client;

/// Entries that are read at once.
const PAGE_ROWS: i32 = 1_000;

const SESSION: &str = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0";

/// Why an export ended early.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The database could not be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What was read could not be written.
    #[error("the export could not be written")]
    Write(#[source] io::Error),
}

impl From<tokio_postgres::Error> for ExportError {
    fn from(error: tokio_postgres::Error) -> ExportError {
        ExportError::Open(error.into())
    }
}

impl From<StoreError> for ExportError {
    fn from(error: StoreError) -> ExportError {
        ExportError::Open(error.into())
    }
}

/// What an export came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Entries written.
    pub entries: u64,
    /// The months that are no longer in the ledger, and so not in the export.
    pub detached: Vec<DetachedMonth>,
}

/// Hands every entry to `write`.
pub async fn export(
    url: &str,
    mut write: impl FnMut(UserId, &Entry) -> io::Result<()>,
) -> Result<Exported, ExportError> {
    let pool = Pool::new(Address::parse(url).map_err(OpenError::from)?, 1)?;
    let mut client = pool.get().await?;
    migrate::check(&client).await?;
    client.batch_execute(SESSION).await?;
    let exported = run(&mut client, &mut write).await;
    // It may stand in the middle of a transaction.
    Pool::discard(client);
    exported
}

async fn run(
    client: &mut Client,
    write: &mut impl FnMut(UserId, &Entry) -> io::Result<()>,
) -> Result<Exported, ExportError> {
    // The planner may not sort: the partitions' keys are in this order already.
    let sql = format!(
        "SELECT {}, l.user_id FROM usage_ledger l ORDER BY l.bucket, l.user_id, l.version",
        entry::COLUMNS
    );
    let tx = client.build_transaction().read_only(true).start().await?;
    let portal = tx.bind(sql.as_str(), &[]).await?;
    let mut entries = 0;
    loop {
        let rows = tx.query_portal(&portal, PAGE_ROWS).await?;
        for row in &rows {
            let entry = entry::read(row, 0)?;
            write(UserId(row.get(entry::COLUMNS_COUNT)), &entry).map_err(ExportError::Write)?;
            entries += 1;
        }
        if rows.len() < PAGE_ROWS as usize {
            // The ledger was read in this transaction, and no month leaves it before the end.
            return Ok(Exported { entries, detached: detached(&tx).await? });
        }
    }
}
