//! What a store tells whoever measures it.

use std::time::Duration;

/// Receives measurements; implemented by the binary's metrics. Calls must be cheap: they are made
/// by the writer.
pub trait Observer: Send + Sync + std::fmt::Debug {
    /// A batch was committed: its commands, its entries, and how long the commit with its sync
    /// took.
    fn committed(&self, commands: usize, entries: usize, commit: Duration);
    /// A batch could not be committed.
    fn commit_failed(&self);
    /// Derived data caught up with the ledger but for this many entries.
    fn derived_lag(&self, entries: u64);
}

/// Measures nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn committed(&self, _commands: usize, _entries: usize, _commit: Duration) {}
    fn commit_failed(&self) {}
    fn derived_lag(&self, _entries: u64) {}
}
