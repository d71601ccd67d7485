//! Use-cases, one file per verb.
//!
//! A use-case takes the composition ([`cx::Cx`]), the right to do what it does (a `Permit` that
//! only `access` makes), and plain data; it asks the ports and answers with plain data.
//!
//! Invariant: nothing here judges a quota; that is `ledger`, reached through the store's port.
//! Not here: HTTP, JSON.

pub mod auth;
pub mod check_quota;
pub mod cx;
pub mod decisions;
pub mod entries;
pub mod error;
pub mod events;
mod fingerprint;
pub mod holds;
pub mod limits;
pub mod memories;
pub mod metrics;
pub mod models;
pub mod overrides;
pub mod overview;
pub mod people;
pub mod preview;
pub mod record;
pub mod refusals;
pub mod report;
pub mod stream;
pub mod submit;
pub mod tiers;
