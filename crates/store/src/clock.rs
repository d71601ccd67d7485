//! The clock as an argument.

use novacore_vocab::Timestamp;

/// Where time comes from: the system in the binary, a hand in tests.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present.
    fn now(&self) -> Timestamp;
}
