//! The hash that chains batches: what was written cannot be changed later without being noticed.

use crate::row::{Row, hash_into};
use novacore_ledger::KeyRecord;

/// The chain hash before the first batch.
pub(crate) const GENESIS: [u8; 32] = [0; 32];

/// The chain hash after a batch: BLAKE3 over the hash before it and every row, metadata left out.
pub(crate) fn next<'a>(
    before: &[u8; 32],
    rows: impl Iterator<Item = (&'a Row, Option<&'a KeyRecord>)>,
) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before);
    for (row, key) in rows {
        hash_into(&mut hasher, row, key);
    }
    *hasher.finalize().as_bytes()
}
