//! Why derived data could not be kept or read, told by what can be done about it.

use crate::{bytes::Short, key_index::KeyIndexError};
use novacore_store::error::StoreError;
use rusqlite::{Error as SqlError, ErrorCode};
use std::{io, path::PathBuf};
use thiserror::Error;

/// A failure of the derived side. The ledger is never at risk.
#[derive(Debug, Error)]
pub(crate) enum DerivedError {
    /// The ledger cannot be read.
    #[error("ledger.db cannot be read")]
    Ledger(#[source] SqlError),
    /// The ledger says what cannot be: rebuilding would come to the same end.
    #[error("ledger.db contradicts itself: {0}")]
    Contradiction(String),
    /// SQLite failed on `derived.db`.
    #[error("derived.db cannot be used")]
    File(#[from] SqlError),
    /// `derived.db` does not hold what was written to it; a rebuild helps.
    #[error("derived.db is damaged: {0}")]
    Damaged(String),
    /// The key index failed.
    #[error("the key index cannot be used")]
    Keys(#[from] KeyIndexError),
    /// The file system refused.
    #[error("{}", .0.display())]
    Io(PathBuf, #[source] io::Error),
    /// The thread that keeps derived data has stopped; why is in the text.
    #[error("derived data are no longer kept: {0}")]
    Stopped(String),
}

impl From<Short> for DerivedError {
    fn from(short: Short) -> DerivedError {
        DerivedError::Damaged(short.to_string())
    }
}

impl DerivedError {
    /// Whether deleting the derived files and building them anew may help.
    pub(crate) fn calls_for_rebuild(&self) -> bool {
        match self {
            DerivedError::File(error) => is_damage(error),
            DerivedError::Keys(error) => match error {
                KeyIndexError::Damaged { .. } | KeyIndexError::ForeignLedger { .. } => true,
                // A run that could not be written is written anew.
                KeyIndexError::Io { .. } => false,
            },
            // A head that is out of step with the ledger shows in the fold like a ledger at odds
            // with itself.
            DerivedError::Damaged(_) | DerivedError::Contradiction(_) => true,
            DerivedError::Ledger(_) | DerivedError::Io(..) | DerivedError::Stopped(_) => false,
        }
    }

    /// This failure with its causes, in one line.
    pub(crate) fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

fn is_damage(error: &SqlError) -> bool {
    match error {
        SqlError::FromSqlConversionFailure(..)
        | SqlError::InvalidColumnType(..)
        | SqlError::IntegralValueOutOfRange(..) => true,
        other => matches!(
            other.sqlite_error_code(),
            // After a failed sync nobody knows what is on disk.
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::SystemIoFailure)
        ),
    }
}

impl From<DerivedError> for StoreError {
    fn from(error: DerivedError) -> StoreError {
        let why = error.chain();
        match error {
            DerivedError::Contradiction(_) => StoreError::Damaged { file: "ledger.db".into(), why },
            DerivedError::Ledger(error) => crate::failure::of_read(error),
            DerivedError::File(_) | DerivedError::Damaged(_) | DerivedError::Keys(_)
                if error.calls_for_rebuild() =>
            {
                StoreError::Damaged { file: "derived.db".into(), why }
            }
            DerivedError::File(_)
            | DerivedError::Damaged(_)
            | DerivedError::Keys(_)
            | DerivedError::Io(..) => StoreError::Internal(why),
            DerivedError::Stopped(_) => StoreError::Unavailable,
        }
    }
}
