//! What can go wrong with the key index, told by what the owner can do about it.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why the key index could not answer or take in keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyIndexError {
    /// The file system refused; the index is as it was. Try again, or stop.
    #[error("key index file {file}", file = .file.display())]
    Io {
        /// The file or directory the call was about.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file does not hold what was written to it. Destroy the index and rebuild it.
    #[error("key index file {file} is damaged: {why}", file = .file.display())]
    Damaged {
        /// The file at fault.
        file: PathBuf,
        /// What gave it away.
        why: &'static str,
    },
    /// The index was built from another ledger. Destroy it and rebuild it.
    #[error("key index file {file} belongs to another ledger", file = .file.display())]
    ForeignLedger {
        /// The manifest that says so.
        file: PathBuf,
        /// The ledger it names.
        found: [u8; 16],
    },
}

impl KeyIndexError {
    /// For `map_err`: names the file a call was about. A file that ends too early is damaged.
    pub(super) fn at(file: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| match source.kind() {
            io::ErrorKind::UnexpectedEof => Self::damaged(file, "it ends too early"),
            _ => Self::Io { file: file.to_owned(), source },
        }
    }

    pub(super) fn damaged(file: &Path, why: &'static str) -> Self {
        Self::Damaged { file: file.to_owned(), why }
    }
}
