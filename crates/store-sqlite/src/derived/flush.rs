//! Many rows of the ledger, added to `derived.db` in one transaction, account by account.
//!
//! Invariant: rows arrive in the ledger's order and without gaps; a flush ends where a batch of the
//! ledger ends.
//! Invariant: after a failed checkpoint there is no other one before the next start, which copies
//! the whole log again.

use super::{
    error::DerivedError,
    file::{self, Mark},
    fold::{Fold, Statements, Sums},
    resources::Resources,
};
use crate::{
    failure::{WriteFailure, of_write},
    row::Row,
};
use rusqlite::{Connection, Transaction, TransactionBehavior, hooks::Wal, params};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering},
    },
};

/// Pages in the log before they are moved into the file. Many, since pages are written again and
/// again; not more, since the ledger's own syncs wait behind what is then written at once.
const CHECKPOINT_PAGES: i32 = 4_096;

/// The one writer of `derived.db`.
#[derive(Debug)]
pub(crate) struct Flusher {
    connection: Connection,
    /// As of the last commit.
    log_pages: Arc<AtomicI32>,
    resources: Resources,
    mark: Mark,
}

impl Flusher {
    /// Carries on at `mark`, which the file was checked to stand at.
    pub(crate) fn new(
        mut connection: Connection,
        resources: Resources,
        mark: Mark,
    ) -> rusqlite::Result<Flusher> {
        let log_pages = Arc::new(AtomicI32::new(0));
        let noted = log_pages.clone();
        connection.wal_hook(Some(move |_: &mut Wal, pages| {
            noted.store(pages, Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Flusher { connection, log_pages, resources, mark })
    }

    /// Where the file stands.
    pub(crate) fn mark(&self) -> Mark {
        self.mark
    }

    /// Adds the rows after the mark, up to the new mark. Sorts `rows` by account.
    pub(crate) fn flush(&mut self, rows: &mut [Row], mark: Mark) -> Result<(), DerivedError> {
        let gapless = self.mark.watermark + rows.len() as u64 == mark.watermark;
        if !gapless || rows.first().is_some_and(|row| row.seq != self.mark.watermark + 1) {
            return Err(DerivedError::Contradiction(format!(
                "{} rows lead from {} to {}",
                rows.len(),
                self.mark.watermark,
                mark.watermark
            )));
        }
        rows.sort_unstable_by_key(|row| (row.user_no, row.seq));
        // The fold panics on entries that do not follow from each other; the transaction is then
        // dropped.
        let attempt = AssertUnwindSafe(|| self.flush_sorted(rows, mark));
        catch_unwind(attempt)
            .unwrap_or_else(|panic| Err(DerivedError::Contradiction(panic_text(panic.as_ref()))))?;
        self.mark = mark;
        self.checkpoint_if_long()
    }

    /// One that finds the disk full or a reader in its way is tried again by the next flush.
    fn checkpoint_if_long(&self) -> Result<(), DerivedError> {
        if self.log_pages.load(Ordering::Relaxed) < CHECKPOINT_PAGES {
            return Ok(());
        }
        match self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            Err(error) if matches!(of_write(&error), WriteFailure::Fatal(_)) => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn flush_sorted(&mut self, rows: &[Row], mark: Mark) -> Result<(), DerivedError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut sums = Sums::default();
        {
            let mut sql = Statements::prepare(&tx)?;
            for rows in rows.chunk_by(|one, next| one.user_no == next.user_no) {
                Fold::run(&mut sql, &mut self.resources, &mut sums, rows)?;
            }
        }
        add(&tx, sums)?;
        file::put_kinds(&tx, self.resources.known())?;
        mark.write(&tx)?;
        tx.commit()?;
        Ok(())
    }

    /// Moves the log into the file.
    pub(crate) fn checkpoint(&self) -> Result<(), DerivedError> {
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }
}

fn add(tx: &Transaction<'_>, mut sums: Sums) -> rusqlite::Result<()> {
    let mut total = tx.prepare_cached(
        "INSERT INTO total VALUES (?1, ?2, ?3) \
         ON CONFLICT DO UPDATE SET amount = amount + excluded.amount",
    )?;
    for ((resource_no, day), amount) in &sums.totals {
        total.execute(params![resource_no, day, amount])?;
    }
    sums.active.sort_unstable();
    sums.active.dedup();
    let mut active = tx.prepare_cached("INSERT OR IGNORE INTO active VALUES (?1, ?2)")?;
    for (day, user_no) in &sums.active {
        active.execute(params![day, user_no])?;
    }
    // Stable: of several for one level of one user the last one counts.
    sums.levels.sort_by_key(|(resource_no, user_no, _)| (*resource_no, *user_no));
    let mut level = tx.prepare_cached("INSERT OR REPLACE INTO level VALUES (?1, ?2, ?3)")?;
    for (resource_no, user_no, amount) in &sums.levels {
        level.execute(params![resource_no, user_no, amount])?;
    }
    Ok(())
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked").to_owned()
}
