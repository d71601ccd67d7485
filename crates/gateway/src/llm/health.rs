//! How a provider is, as far as calls have shown.

use std::sync::atomic::{AtomicU8, Ordering};

const UNKNOWN: u8 = 0;
const UP: u8 = 1;
const DOWN: u8 = 2;

/// The last call's news.
#[derive(Debug, Default)]
pub(crate) struct Standing(AtomicU8);

impl Standing {
    /// It has answered.
    pub(crate) fn answered(&self) {
        self.0.store(UP, Ordering::Relaxed);
    }

    /// It could not be reached, or not in time, or said that it is broken.
    pub(crate) fn failed(&self) {
        self.0.store(DOWN, Ordering::Relaxed);
    }

    /// Whether the last call failed.
    pub(crate) fn is_down(&self) -> bool {
        self.0.load(Ordering::Relaxed) == DOWN
    }

    /// The word for it.
    pub(crate) fn as_str(&self) -> &'static str {
        match self.0.load(Ordering::Relaxed) {
            UNKNOWN => "unknown",
            UP => "up",
            _ => "down",
        }
    }
}
