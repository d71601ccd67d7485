//! A private PostgreSQL server for tests, and a proxy that cuts its connections.
//!
//! [`Server`] makes a cluster in a temporary folder, listens on loopback only, and can be stopped
//! as a crash would, started again, and frozen. [`Proxy`] stands between a client and the server
//! and loses connections at a chosen moment, such as between a COMMIT and its answer.
//!
//! Invariant: neither a process nor a folder is left behind, not even if the process that started
//! the server is killed.
//! Invariant: what was acknowledged is durable, as in production: fsync is on.
//! Not here: a client. Whoever tests one brings it.

mod binaries;
mod failure;
mod owner;
mod postmaster;
mod processes;
mod program;
mod proxy;
mod server;
mod template;
mod watchdog;

pub use failure::Failure;
pub use proxy::{Moment, Proxy, Rule, Side};
pub use server::Server;
