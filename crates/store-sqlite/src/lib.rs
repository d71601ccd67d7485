//! The embedded store: SQLite, one writer, derived files behind a watermark.
//!
//! `ledger.db` holds the ledger and the control plane; one thread appends to it, a whole batch per
//! synced transaction, and its memory is the authority for counters, holds and recent keys.
//! Indexes, roll-ups and the key index are derived on another thread and rebuilt when they do not
//! match.
//!
//! Invariant: `ledger.db` alone must survive; every other file is a function of it.
//! Invariant: an answer is given only after its batch is synced; a failed sync stops the process.
//! Not here: rules of the ledger; who may ask.

mod accounts;
mod bytes;
mod chain;
mod checkpoint;
mod derived;
mod directory;
mod failure;
mod journal;
pub mod key_index;
mod keys;
mod maintenance;
mod memories;
mod names;
mod open;
mod overlay;
mod policy;
mod profile;
mod readers;
mod row;
mod schema;
mod source;
mod store;
mod verify;
mod writer;

pub use maintenance::{VerifyReport, backup, export, rebuild, verify};
pub use open::{DERIVED_DIR, LEDGER_FILE, OpenError, Options};
pub use source::Source;
pub use store::SqliteStore;
pub use writer::OnFatal;
