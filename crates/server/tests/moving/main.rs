//! A ledger on its way from the embedded store to PostgreSQL, both in this process.
//!
//! Not here: the command, and what a user sees of it (`e2e`).

mod interruptions;
mod looks;
mod memories;
mod refusals;
mod rig;
mod suite;
mod whole;
