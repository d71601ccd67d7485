//! Why a store could not answer. A refusal of the ledger is an answer and no error.

use thiserror::Error;

/// A store's failure; nothing of the operation was applied unless the variant says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StoreError {
    /// Too many operations wait already; try again shortly.
    #[error("too many operations are waiting")]
    Overloaded,
    /// The disk is full; reads go on.
    #[error("the disk is full")]
    StorageFull,
    /// This machine's clock is more than five minutes behind the last committed entry, or more than
    /// a quarter of a second off that of the database which it shares with other nodes.
    #[error("the clock is behind the ledger, or off the database's")]
    ClockBehind,
    /// The store is stopping, stopped, or out of reach. Whether the operation was applied is
    /// unknown: repeat it under its key.
    #[error("the store is unavailable")]
    Unavailable,
    /// The name or address is already taken.
    #[error("{field} is already taken")]
    Taken {
        /// What must be unique, such as `email`.
        field: &'static str,
    },
    /// There is no such thing.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// What was read has changed meanwhile.
    #[error("{0} has changed meanwhile")]
    Stale(&'static str),
    /// Stored data contradict themselves.
    #[error("{file} is damaged: {why}")]
    Damaged {
        /// Which file or table.
        file: String,
        /// What was found.
        why: String,
    },
    /// A defect of ours; the text is for the log, not for callers.
    #[error("internal error")]
    Internal(String),
}
