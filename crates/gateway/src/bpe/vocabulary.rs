//! The tokens of a tokenizer by their bytes.
//!
//! Invariant: of the tokens' bytes there is one copy, in the binary.

/// No token.
const FREE: u32 = u32::MAX;
/// Bits of a slot that are a token's rank; the others are of its hash, so that a slot of another
/// token is mostly passed over without a look at its bytes.
const RANK_BITS: u32 = 18;
const RANK: u32 = (1 << RANK_BITS) - 1;

/// Tokens and their ranks.
#[derive(Debug)]
pub(super) struct Vocabulary {
    /// Each token's length and bytes, by rank.
    bytes: &'static [u8],
    /// Where each token's length stands.
    starts: Box<[u32]>,
    /// A hash table with open addressing, at most half full.
    slots: Box<[u32]>,
    longest: usize,
}

impl Vocabulary {
    /// Reads what the build script wrote.
    pub(super) fn new(bytes: &'static [u8]) -> Vocabulary {
        let (mut starts, mut at, mut longest) = (Vec::new(), 0, 0);
        while let Some(length) = bytes.get(at) {
            starts.push(at as u32);
            at += 1 + usize::from(*length);
            longest = longest.max(usize::from(*length));
        }
        assert!(starts.len() < RANK as usize, "a rank fits its bits");
        let slots = vec![FREE; (2 * starts.len()).next_power_of_two()].into();
        let mut all = Vocabulary { bytes, starts: starts.into(), slots, longest };
        for rank in 0..all.starts.len() as u32 {
            let hash = hash(all.token(rank));
            let mut slot = all.slot(hash);
            while all.slots[slot] != FREE {
                slot = (slot + 1) & (all.slots.len() - 1);
            }
            all.slots[slot] = tag(hash) | rank;
        }
        all
    }

    /// The rank of a token; none if these bytes are none.
    pub(super) fn rank(&self, token: &[u8]) -> Option<u32> {
        if token.len() > self.longest {
            return None;
        }
        let hash = hash(token);
        let (tag, mut slot) = (tag(hash), self.slot(hash));
        loop {
            let found = self.slots[slot];
            if found == FREE {
                return None;
            }
            if found & !RANK == tag && self.token(found & RANK) == token {
                return Some(found & RANK);
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }

    fn token(&self, rank: u32) -> &[u8] {
        let at = self.starts[rank as usize] as usize;
        &self.bytes[at + 1..][..usize::from(self.bytes[at])]
    }

    fn slot(&self, hash: u64) -> usize {
        (hash >> 32) as usize & (self.slots.len() - 1)
    }
}

/// Bits that are not those that choose the slot.
fn tag(hash: u64) -> u32 {
    (hash as u32) & !RANK
}

/// Mixes eight bytes at a time. Nobody chooses the tokens, so that it need not be secret.
fn hash(token: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut hash = token.len() as u64;
    for part in token.chunks(8) {
        let mut word = [0; 8];
        word[..part.len()].copy_from_slice(part);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(FACTOR);
        hash ^= hash >> 29;
    }
    hash.wrapping_mul(FACTOR)
}
