//! What every HTTP edge shares: who calls, and how a failure is answered.
//!
//! Invariant: no header of a client is believed but those that [`caller`] reads.
//! Invariant: whatever goes wrong is a problem of the catalogue.
//! Not here: routes, rules, and the dialects of the data plane.

pub mod caller;
mod data_plane;
pub mod forwarded;
mod problem;

pub use data_plane::DataPlane;
pub use problem::{Failure, request_timeout};
