//! The filter: one 64-byte block tells whether a run may hold a hash, and where.
//!
//! ```text
//! 0   448 bits, six of them set per entry
//! 56  u32: position in the run of the first entry of this block or a later one
//! 60  u32: checksum, seeded with the block's place
//! ```
//!
//! A block stands for an equal slice of the range of hashes, so blocks are built in the order of
//! the sorted entries with no memory of their own, and a block's position field replaces any
//! search: the entries of a hash start within its block, some 40 entries on one page or two.
//! Invariant: a block that lost a bit fails its checksum; it never says no to a key it was given.

use super::{
    checksum::checksum,
    layout::{BLOCK_BYTES, read_u64},
};

const BITS: u64 = 448;
const PROBES: usize = 6;
const START_AT: usize = 56;
const CHECK_AT: usize = 60;
const MIX: u64 = 0xD6E8_FEB8_6659_FD93;

/// Aligned so that a look at a block in memory touches one cache line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(align(64))]
pub(super) struct Block([u8; BLOCK_BYTES]);

impl Block {
    pub(super) fn starting_at(position: u32) -> Self {
        let mut bytes = [0; BLOCK_BYTES];
        bytes[START_AT..CHECK_AT].copy_from_slice(&position.to_le_bytes());
        Self(bytes)
    }

    /// Takes stored bytes, if they are what was stored in this place.
    pub(super) fn from_stored(bytes: [u8; BLOCK_BYTES], seed: u64) -> Option<Self> {
        let block = Self(bytes);
        (block.stored_checksum() == block.checksum(seed)).then_some(block)
    }

    pub(super) fn insert(&mut self, hash: u64) {
        for bit in probes(hash) {
            self.0[bit / 8] |= 1 << (bit % 8);
        }
    }

    pub(super) fn may_hold(&self, hash: u64) -> bool {
        probes(hash).all(|bit| self.0[bit / 8] & (1 << (bit % 8)) != 0)
    }

    pub(super) fn start(&self) -> u64 {
        read_u64(&self.0, START_AT) & u64::from(u32::MAX)
    }

    pub(super) fn sealed(mut self, seed: u64) -> Self {
        let sum = self.checksum(seed);
        self.0[CHECK_AT..].copy_from_slice(&sum.to_le_bytes());
        self
    }

    pub(super) fn bytes(&self) -> &[u8; BLOCK_BYTES] {
        &self.0
    }

    pub(super) fn stored_checksum(&self) -> u32 {
        (read_u64(&self.0, START_AT) >> 32) as u32
    }

    fn checksum(&self, seed: u64) -> u32 {
        checksum(seed, &self.0[..CHECK_AT]) as u32
    }
}

/// The bits of a hash. Hashes of one block share their high bits, so all bits are mixed first.
fn probes(hash: u64) -> impl Iterator<Item = usize> {
    let mut state = (hash ^ (hash >> 32)).wrapping_mul(MIX);
    state ^= state >> 29;
    (0..PROBES).map(move |_| {
        state = state.wrapping_mul(MIX);
        (((state >> 32) * BITS) >> 32) as usize
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key_index::tests::hash_of;

    #[test]
    fn a_full_block_holds_its_keys_and_few_others() {
        const SLICE: u64 = 1 << 44;
        let mut block = Block::starting_at(77);
        let inside = |n: u64| hash_of(n) % SLICE + 5 * SLICE;
        (0..40).for_each(|n| block.insert(inside(n)));
        assert!((0..40).all(|n| block.may_hold(inside(n))));
        assert_eq!(block.start(), 77);
        let wrong = (1000..101_000).filter(|&n| block.may_hold(inside(n))).count();
        assert!(wrong < 1_000, "{wrong} of 100,000 absent keys pass");
    }

    #[test]
    fn a_stored_block_is_refused_with_any_bit_flipped_or_elsewhere() {
        let mut block = Block::starting_at(u32::MAX);
        (0..40).for_each(|n| block.insert(hash_of(n)));
        let stored = *block.sealed(12).bytes();
        assert!(Block::from_stored(stored, 12).is_some_and(|b| b.start() == u64::from(u32::MAX)));
        assert!(Block::from_stored(stored, 13).is_none());
        for bit in 0..BLOCK_BYTES * 8 {
            let mut flipped = stored;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Block::from_stored(flipped, 12).is_none(), "bit {bit}");
        }
    }
}
