//! The conformance suite every store passes, and the reference model.

pub mod directory;
pub mod ledger;
pub mod memories;
pub mod memory;
pub mod model;
pub mod ops;
