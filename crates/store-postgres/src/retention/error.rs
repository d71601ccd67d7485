//! Why months stay in the ledger.

use super::{Month, RETAIN_MONTHS_MAX, RETAIN_MONTHS_MIN};
use crate::{address::UrlError, failure, open::OpenError};
use novacore_store::error::StoreError;
use novacore_vocab::{UserId, Version};
use thiserror::Error;
use tokio_postgres::error::SqlState;

/// A retention that is not possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RetainError {
    /// Too few or too many months.
    #[error(
        "{0} months: at least {RETAIN_MONTHS_MIN} are kept, since usage is reported and corrected \
         up to 400 days late, and at most {RETAIN_MONTHS_MAX}"
    )]
    Months(u32),
    /// Never tried there.
    #[error("months are not detached on Citus: a cluster's partitions are spread over its servers")]
    Citus,
}

/// Why a month was not detached; it is in the ledger as before.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DetachError {
    /// It cannot be done at all.
    #[error(transparent)]
    Retain(#[from] RetainError),
    /// What is still corrected would go.
    #[error("only what was recorded before {0} may be detached: the last 15 months stay")]
    TooLate(Month),
    /// Another node is doing it.
    #[error("another node works on the months of the ledger")]
    Busy,
    /// Somebody reads the ledger for long.
    #[error("the ledger is in use by something that takes long, such as an export or pg_dump")]
    InUse,
    /// An entry came that counts in the month.
    #[error("{0} was written to meanwhile")]
    Changed(Month),
    /// A hold has not ended.
    #[error("a reservation from {0} is still open; nodes end it when they run")]
    OpenHold(Month),
    /// The account does not add up.
    #[error("{user} entry {version}: {why}; see `novacore ledger verify`")]
    Broken {
        /// Whose entry.
        user: UserId,
        /// Which.
        version: Version,
        /// What is wrong with it.
        why: String,
    },
    /// A table of this name is not a month of the ledger.
    #[error("a table {0} is in the way")]
    InTheWay(String),
    /// The database did not answer as it should.
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl DetachError {
    /// Whether it may well succeed later, without anybody's help.
    pub(super) fn passes(&self) -> bool {
        match self {
            DetachError::Busy
            | DetachError::InUse
            | DetachError::Changed(_)
            | DetachError::OpenHold(_) => true,
            DetachError::Retain(_)
            | DetachError::TooLate(_)
            | DetachError::Broken { .. }
            | DetachError::InTheWay(_)
            | DetachError::Open(_) => false,
        }
    }
}

impl From<tokio_postgres::Error> for DetachError {
    fn from(error: tokio_postgres::Error) -> DetachError {
        let is_lock = error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE);
        if is_lock || failure::is_conflict(&error) {
            DetachError::InUse
        } else {
            DetachError::Open(error.into())
        }
    }
}

impl From<StoreError> for DetachError {
    fn from(error: StoreError) -> DetachError {
        DetachError::Open(error.into())
    }
}

impl From<UrlError> for DetachError {
    fn from(error: UrlError) -> DetachError {
        DetachError::Open(error.into())
    }
}
