//! For tests of whatever embeds: an embedder that needs no model, and a labelled set.
//!
//! Invariant: both are the same on every machine and in every run.
//! Not here: anything that knows what a text means. [`HashEmbedder`] finds words, not meanings, and
//! its model is called `test-hash` so that nobody takes it for more.

mod hash;
mod labelled;

pub use hash::HashEmbedder;
pub use labelled::{Paraphrase, paraphrases, unrelated};
