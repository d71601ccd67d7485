//! The storage port: traits, errors, and the lanes that batch writes.
//!
//! Invariant: nothing here knows a database; nothing here judges a quota.

pub mod clock;
pub mod directory;
pub mod error;
