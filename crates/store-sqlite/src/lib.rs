//! The embedded store: SQLite, one writer, derived files behind a watermark.
//!
//! Invariant: `ledger.db` alone must survive; every other file is a function of it.
//! Invariant: an answer is given only after its batch is synced; a failed sync stops the process.
//! Not here: rules of the ledger; whoever may ask.

mod bytes;
pub mod key_index;
mod names;
mod row;
mod schema;
