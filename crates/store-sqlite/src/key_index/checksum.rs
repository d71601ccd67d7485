//! A 64-bit checksum of a few bytes per cycle, for pages, filter blocks and headers.
//!
//! Invariant: every step is a bijection of its lane, so damage confined to one 8-byte word, a
//! flipped bit among them, always changes the result; wider damage goes unseen once in 2^64.
//! Not here: protection against an attacker. Who can write these files can write the ledger.

const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
const LANES: usize = 4;
const WORD: usize = 8;

/// Checksum of `bytes`; the seed says where they belong, so a misplaced piece does not pass.
pub(super) fn checksum(seed: u64, bytes: &[u8]) -> u64 {
    let mut lanes = [0; LANES];
    for (number, lane) in (0u64..).zip(&mut lanes) {
        *lane = fold(seed, number);
    }
    let (rows, rest) = bytes.as_chunks::<{ LANES * WORD }>();
    for row in rows {
        let (words, _) = row.as_chunks::<WORD>();
        for (lane, word) in lanes.iter_mut().zip(words) {
            *lane = fold(*lane, u64::from_le_bytes(*word));
        }
    }
    let mut sum = fold(seed, bytes.len() as u64);
    for word in rest.chunks(WORD) {
        let mut padded = [0; WORD];
        padded[..word.len()].copy_from_slice(word);
        sum = fold(sum, u64::from_le_bytes(padded));
    }
    finish(lanes.into_iter().fold(sum, fold))
}

/// Adds `value` to a running sum, order mattering; a bijection of either for a fixed other.
pub(super) fn fold(sum: u64, value: u64) -> u64 {
    (sum ^ value).wrapping_mul(MULTIPLIER).rotate_left(29)
}

fn finish(sum: u64) -> u64 {
    let sum = (sum ^ (sum >> 32)).wrapping_mul(MULTIPLIER);
    sum ^ (sum >> 29)
}

#[cfg(test)]
mod tests {
    use super::checksum;

    #[test]
    fn every_flipped_bit_seed_and_length_shows() {
        let bytes: Vec<u8> = (0..91u8).collect();
        let sum = checksum(7, &bytes);
        assert_ne!(sum, checksum(8, &bytes));
        assert_ne!(sum, checksum(7, &bytes[..90]));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(sum, checksum(7, &flipped), "bit {bit}");
        }
    }

    #[test]
    fn a_trailing_zero_is_part_of_the_sum() {
        assert_ne!(checksum(1, &[]), checksum(1, &[0]));
        assert_ne!(checksum(1, &[5; 32]), checksum(1, &[&[5; 32][..], &[0]].concat()));
    }
}
