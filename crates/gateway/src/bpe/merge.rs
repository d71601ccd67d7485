//! Merges the bytes of one piece.

use super::vocabulary::Vocabulary;
use std::{cmp::Reverse, collections::BinaryHeap};

/// A part that was merged into the one before it.
const GONE: u32 = 0;

/// Merges pieces, one after the other; keeps its memory.
#[derive(Debug, Default)]
pub(super) struct Merger {
    /// Of each part, by where it begins: where the next one begins. [`GONE`] where none begins.
    next: Vec<u32>,
    /// Of each part: where the one before it begins.
    before: Vec<u32>,
    /// Pairs that may be merged: rank, beginning, end. A pair of which a part has changed since
    /// is passed over.
    pairs: BinaryHeap<Reverse<(u32, u32, u32)>>,
}

impl Merger {
    /// How many tokens a piece has.
    pub(super) fn count(&mut self, piece: &[u8], vocabulary: &Vocabulary) -> u64 {
        let length = piece.len() as u32;
        self.next.clear();
        self.next.extend(1..=length);
        self.before.clear();
        self.before.extend((0..length).map(|at| at.saturating_sub(1)));
        self.pairs.clear();
        for begin in 0..length.saturating_sub(1) {
            self.offer(piece, vocabulary, begin, begin + 2);
        }
        let mut parts = u64::from(length);
        while let Some(Reverse((_, begin, end))) = self.pairs.pop() {
            let middle = self.next[begin as usize];
            // Of two parts that end at the same place, the middle is the same.
            if middle == GONE || middle >= length || self.next[middle as usize] != end {
                continue;
            }
            parts -= 1;
            self.next[begin as usize] = end;
            self.next[middle as usize] = GONE;
            if end < length {
                self.before[end as usize] = begin;
                self.offer(piece, vocabulary, begin, self.next[end as usize]);
            }
            if begin > 0 {
                self.offer(piece, vocabulary, self.before[begin as usize], end);
            }
        }
        parts
    }

    /// Takes a pair in if it is a token.
    fn offer(&mut self, piece: &[u8], vocabulary: &Vocabulary, begin: u32, end: u32) {
        if let Some(rank) = vocabulary.rank(&piece[begin as usize..end as usize]) {
            self.pairs.push(Reverse((rank, begin, end)));
        }
    }
}
