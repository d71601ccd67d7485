//! The scale store: PostgreSQL 15 and later, any number of nodes, one exact ledger.
//!
//! A batch of commands locks the rows of its accounts in the order of their keys, reads them in a
//! later statement, judges in this process, and writes once. No node owns anything, and nothing of
//! a node is needed by another.
//!
//! Invariant: the rows in the database are the authority; what a node keeps in memory is either
//! immutable or checked by every batch.
//! Invariant: an answer is given only after its transaction is committed; a commit in doubt is
//! looked up before it is told or repeated.
//! Invariant: the hot path is plain parameterised SQL: no procedures, triggers, sequences, advisory
//! locks or savepoints.
//! Not here: rules of the ledger; who may ask.

mod address;
mod bucket;
mod column;
mod columns;
mod directory;
mod distribution;
mod export;
mod failure;
mod import;
mod ledger;
mod memories;
mod migrate;
mod open;
mod pool;
mod retention;
mod tls;
mod verify;

pub use address::UrlError;
pub use distribution::Distribution;
pub use export::{ExportError, Exported, export};
pub use import::{Import, ImportError, Moved};
pub use migrate::{Migrated, Vectors, add_vectors, distribute, migrate};
pub use open::{CLOCK_OFFSET_MAX, OpenError, Options, PostgresStore};
pub use retention::{
    DetachError, DetachedMonth, Month, OldMonth, RETAIN_MONTHS_MAX, RETAIN_MONTHS_MIN, Retain,
    RetainError, detach_before, detachable,
};
pub use verify::{VerifyReport, verify};
