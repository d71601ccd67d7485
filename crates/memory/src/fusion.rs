//! Two rankings made one: by meaning and by words.
//!
//! Reciprocal rank fusion: a hit at rank r of a ranking gets weight / (60 + r), and what it gets
//! from both is added. Scores of the two are not comparable, ranks are. Meaning has weight 1, words
//! 0.3: with equal weights what was measured got worse, since words alone find much that is beside
//! the point.
//!
//! Invariant: the outcome depends on which hits there are, not on the order in which they are
//! given.

use crate::hit::{Hit, Score};
use novacore_vocab::MemoryId;
use std::collections::BTreeMap;

/// How little the first ranks differ from the next.
pub const FUSION_K: f64 = 60.0;
/// What a rank by words weighs, a rank by meaning being 1.
pub const TEXT_WEIGHT: f64 = 0.3;

/// A memory found by meaning, by words, or by both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fused {
    /// With the fused score, which orders but is no cosine.
    pub hit: Hit,
    /// The cosine to the query, if found by meaning.
    pub cosine: Option<Score>,
    /// The score of its words, if found by them.
    pub text: Option<Score>,
}

/// The best `limit` of both rankings.
///
/// What is below the end of one ranking gets nothing from it, so both should be longer than
/// `limit`: [`crate::shortlist_rows`] of it.
pub fn fuse(by_meaning: &[Hit], by_words: &[Hit], limit: usize) -> Vec<Fused> {
    let mut found = BTreeMap::<MemoryId, Fused>::new();
    for (rank, hit) in ranked(by_meaning) {
        let fused = found.entry(hit.id).or_insert_with(|| Fused::unranked(hit));
        // Of a memory that is there twice, the better rank counts.
        if fused.cosine.is_none() {
            fused.cosine = Some(hit.score);
            fused.gain(1.0, rank);
        }
    }
    for (rank, hit) in ranked(by_words) {
        let fused = found.entry(hit.id).or_insert_with(|| Fused::unranked(hit));
        if fused.text.is_none() {
            fused.text = Some(hit.score);
            fused.gain(TEXT_WEIGHT, rank);
        }
    }
    let mut fused: Vec<Fused> = found.into_values().collect();
    fused.sort_by_key(|fused| fused.hit);
    fused.truncate(limit);
    fused
}

/// The hits with their ranks from 1, best first.
fn ranked(hits: &[Hit]) -> impl Iterator<Item = (u32, Hit)> {
    let mut hits = hits.to_vec();
    hits.sort();
    (1..).zip(hits)
}

impl Fused {
    fn unranked(hit: Hit) -> Fused {
        Fused { hit: Hit { score: Score::ZERO, ..hit }, cosine: None, text: None }
    }

    fn gain(&mut self, weight: f64, rank: u32) {
        let gain = weight / (FUSION_K + f64::from(rank));
        self.hit.score = Score::new(self.hit.score.get() + gain).expect("two numbers below one");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use novacore_vocab::Timestamp;

    fn hit(number: u128, score: f64) -> Hit {
        let id = format!("{number:032x}").parse().expect("a UUID");
        let score = Score::new(score).expect("a finite score");
        Hit { score, created_at: Timestamp::from_seconds(0), id }
    }

    fn check(by_meaning: &[(u128, f64)], by_words: &[(u128, f64)], want: &[(u128, f64)]) {
        let hits = |rows: &[(u128, f64)]| -> Vec<Hit> {
            rows.iter().map(|(number, score)| hit(*number, *score)).collect()
        };
        let fused = fuse(&hits(by_meaning), &hits(by_words), 10);
        let got: Vec<Hit> = fused.iter().map(|fused| fused.hit).collect();
        assert_eq!(got, hits(want));
    }

    #[test]
    fn ranks_are_added_with_their_weights() {
        check(&[], &[], &[]);
        check(&[(1, 0.9), (2, 0.8)], &[], &[(1, 1.0 / 61.0), (2, 1.0 / 62.0)]);
        check(&[], &[(1, 7.0), (2, 8.0)], &[(2, 0.3 / 61.0), (1, 0.3 / 62.0)]);
        check(
            &[(1, 0.9), (2, 0.8), (3, 0.7)],
            &[(3, 5.0), (4, 4.0)],
            &[(3, 1.0 / 63.0 + 0.3 / 61.0), (1, 1.0 / 61.0), (2, 1.0 / 62.0), (4, 0.3 / 62.0)],
        );
    }

    #[test]
    fn meaning_alone_beats_words_alone() {
        check(&[(1, 0.1)], &[(2, 99.0)], &[(1, 1.0 / 61.0), (2, 0.3 / 61.0)]);
    }

    #[test]
    fn a_hit_keeps_the_scores_it_came_with() {
        let fused = fuse(&[hit(1, 0.5)], &[hit(1, 7.0), hit(2, 6.0)], 10);
        let scores = |fused: &Fused| (fused.cosine.map(Score::get), fused.text.map(Score::get));
        assert_eq!(
            fused.iter().map(scores).collect::<Vec<_>>(),
            [(Some(0.5), Some(7.0)), (None, Some(6.0)),]
        );
    }

    #[test]
    fn of_a_memory_that_is_there_twice_the_better_rank_counts() {
        check(&[(1, 0.1), (1, 0.9)], &[(1, 7.0), (1, 8.0)], &[(1, 1.0 / 61.0 + 0.3 / 61.0)]);
    }

    #[test]
    fn no_more_than_the_limit_are_given() {
        assert_eq!(fuse(&[hit(1, 0.5), hit(2, 0.4)], &[hit(3, 1.0)], 2).len(), 2);
    }
}
