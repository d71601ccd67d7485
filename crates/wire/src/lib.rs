//! Request and response shapes, and the problem catalogue.
//!
//! Invariant: what a client may send is bounded and typed here; a number that does not fit is
//! refused, never rounded.
//! Invariant: shapes of the platform ("fixed") ignore fields they do not know, native ones refuse
//! them.
//! Not here: what the shapes mean; `api` converts them from and to the domain.

pub mod admin;
pub mod auth;
pub mod body;
pub mod entries;
pub mod events;
pub mod health;
pub mod limits;
pub mod memories;
pub mod metadata;
pub mod models;
pub mod number;
pub mod operate;
pub mod problem;
pub mod rate_limit;
pub mod refusals;
pub mod reservations;
pub mod usage;
pub mod words;
