//! Embeddings of texts: a model on this machine, or an endpoint that speaks OpenAI's dialect, each
//! an [`Embedder`](novacore_app::memories::embedder::Embedder).
//!
//! Invariant: whatever an embedder gives out is of its dimension, finite and of length one; a
//! vector that is not made by its model is never given out, so there is an error instead.
//! Invariant: no text, vector or key stands in an error or a log line.
//! Not here: which texts are embedded and when, what tokens cost, where vectors are kept.

mod embedder;
pub mod limits;
mod local;
mod remote;

pub use local::{LocalEmbedder, LocalModel};
pub use remote::{OptionsError, REMOTE_TEXT_BYTES_MAX, RemoteEmbedder, RemoteOptions};
