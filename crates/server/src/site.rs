//! The web app's files, embedded when this is built.
//!
//! Invariant: nothing is read from a disk at run time; a debug build embeds as well.
//! Not here: which request gets which file (`api::site`); how they are built (`web`, `make web`).

use axum::body::Bytes;
use novacore_api::{SiteFile, SiteFiles};
use rust_embed::RustEmbed;
use std::borrow::Cow;

/// What `make web` built; empty if it did not. `build.rs` has it looked at again when it changes.
#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Dist;

/// The web app.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site;

impl Site {
    /// Whether the app was there when this was built.
    pub(crate) fn is_built() -> bool {
        Dist::get("index.html").is_some()
    }
}

impl SiteFiles for Site {
    fn find(&self, path: &str) -> Option<SiteFile> {
        let file = Dist::get(path)?;
        let bytes = match file.data {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => Bytes::from(bytes),
        };
        Some(SiteFile { bytes, digest: file.metadata.sha256_hash() })
    }
}
