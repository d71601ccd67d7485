//! What the fuzz targets share: how an input says what is to be done with it.
//!
//! Invariant: an input is a text of a dialect, and its last bytes say the rest, so that real
//! streams and bodies are seeds as they are.
//! Not here: the checks, one file per target.

mod control;
mod reading;

pub use control::Control;
pub use reading::{Reading, read};
