//! The storage port: traits, errors, and the lanes that batch writes.
//!
//! Invariant: nothing here knows a database; nothing here judges a quota, but for calling
//! `novacore_ledger::decide`.
//! Not here: users' rights (`access`), rules of the ledger (`ledger`).

pub mod book;
pub mod changes;
pub mod clock;
pub mod directory;
pub mod error;
pub mod lane;
pub mod ledger;
pub mod memories;
pub mod moving;
pub mod observe;
pub mod stored;
