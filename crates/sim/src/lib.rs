//! Seeded simulator with fault injection and an independent auditor.
//!
//! A world ([`world::run`]) is callers, a writer and its log, made from one number. The writer is
//! the book that the real store uses ([`novacore_store::book::Book`]); the log, the clock, the
//! callers and all that goes wrong are simulated. The auditor recomputes the books from what is on
//! the simulated disk and knows nothing of `decide`.
//!
//! Invariant: a seed always gives the same run, so a failure is repeated by its seed alone.
//! Invariant: each way in which a store is known to break is a [`bug::Bug`], and is noticed.
//! Not here: the real store and the real disk (`store-sqlite`, and the binary's own tests).

mod auditor;
pub mod bug;
mod calendar;
mod clients;
pub mod coverage;
mod disk;
pub mod fault;
mod node;
mod rng;
mod rules;
pub mod world;

pub use auditor::Violation;
pub use rng::Rng;
