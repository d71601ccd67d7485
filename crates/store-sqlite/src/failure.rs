//! What SQLite's errors mean to us.
//!
//! Invariant: an I/O error while writing is fatal; after a failed sync nobody knows what is on
//! disk.

use novacore_store::error::StoreError;
use rusqlite::{Error, ErrorCode};

/// What to do about a failed write.
#[derive(Debug)]
pub(crate) enum WriteFailure {
    /// The disk is full: drop the batch, go on.
    Full,
    /// Nothing of the batch is there, and going on is safe.
    Refused(StoreError),
    /// The state of the file is unknown: stop the process.
    Fatal(String),
}

/// Judges a failed write or commit.
pub(crate) fn of_write(error: &Error) -> WriteFailure {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => WriteFailure::Full,
        Some(
            ErrorCode::ConstraintViolation
            | ErrorCode::TooBig
            | ErrorCode::OutOfMemory
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked,
        ) => WriteFailure::Refused(StoreError::Internal(error.to_string())),
        _ => WriteFailure::Fatal(error.to_string()),
    }
}

/// The error of a failed statement among others of one commit. Whether the transaction may go on is
/// judged by [`of_write`] when it ends: an I/O error fails the commit as well.
#[expect(clippy::needless_pass_by_value, reason = "made for map_err")]
pub(crate) fn in_write(error: Error) -> StoreError {
    match of_write(&error) {
        WriteFailure::Full => StoreError::StorageFull,
        WriteFailure::Refused(told) => told,
        WriteFailure::Fatal(why) => StoreError::Internal(why),
    }
}

/// The `table.column` whose unique constraint a statement would violate.
pub(crate) fn violated_unique(error: &Error) -> Option<&str> {
    match error {
        Error::SqliteFailure(failure, Some(text))
            if failure.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE =>
        {
            text.strip_prefix("UNIQUE constraint failed: ")
        }
        _ => None,
    }
}

/// The error of a failed read.
#[expect(clippy::needless_pass_by_value, reason = "made for map_err")]
pub(crate) fn of_read(error: Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Damaged { file: "ledger.db".into(), why: error.to_string() }
        }
        _ => StoreError::Internal(error.to_string()),
    }
}
