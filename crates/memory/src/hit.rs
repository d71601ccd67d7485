//! A memory that a search found, and how good a find it is.
//!
//! Invariant: hits are totally ordered: by score, then the newer, then the lower id. So equal
//! searches have equal answers, whatever order the rows came in.
//!
//! Recency decides between equal scores, as two copies of one text have them, and nothing else. A
//! weight for it would rank an unrelated memory of today above the one from last month that answers
//! the question; those who want recent ones filter by `created_from`.

use novacore_vocab::{MemoryId, Timestamp};
use std::cmp::Ordering;

/// A finite number that says how well something fits; more is better.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score(f64);

impl Score {
    /// Neither good nor bad.
    pub const ZERO: Score = Score(0.0);

    /// A score, unless `raw` is infinite or no number.
    pub fn new(raw: f64) -> Option<Score> {
        // Adding zero turns -0.0 into 0.0, so that equal scores are equal in every order.
        raw.is_finite().then_some(Score(raw + 0.0))
    }

    /// A cosine, from which rounding beyond -1 and 1 is taken.
    pub(crate) fn of_cosine(raw: f32) -> Option<Score> {
        Score::new(f64::from(raw)).map(|score| Score(score.0.clamp(-1.0, 1.0)))
    }

    /// The plain number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl Eq for Score {}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Score) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Score {
    fn cmp(&self, other: &Score) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// A memory that was found. The better of two hits is the lesser, so sorting puts the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// How well it fits.
    pub score: Score,
    /// When it was stored.
    pub created_at: Timestamp,
    /// Which memory.
    pub id: MemoryId,
}

impl PartialOrd for Hit {
    fn partial_cmp(&self, other: &Hit) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Hit {
    fn cmp(&self, other: &Hit) -> Ordering {
        let better = other.score.cmp(&self.score);
        better.then(other.created_at.cmp(&self.created_at)).then(self.id.cmp(&other.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(score: f64, second: i64, number: u128) -> Hit {
        let id = format!("{number:032x}").parse().expect("a UUID");
        let score = Score::new(score).expect("a finite score");
        Hit { score, created_at: Timestamp::from_seconds(second), id }
    }

    #[test]
    fn what_is_no_number_is_no_score() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Score::new(bad), None);
        }
        assert_eq!(Score::of_cosine(f32::NAN), None);
        assert_eq!(Score::of_cosine(1.000_001).map(Score::get), Some(1.0));
        assert_eq!(Score::of_cosine(-1.000_001).map(Score::get), Some(-1.0));
        assert_eq!(Score::new(-0.0).cmp(&Score::new(0.0)), Ordering::Equal);
    }

    #[test]
    fn hits_go_by_score_then_the_newer_then_the_lower_id() {
        let sorted = [
            hit(0.9, 1, 9),
            hit(0.5, 8, 1),
            hit(0.5, 7, 2),
            hit(0.5, 7, 3),
            hit(0.0, 9, 0),
            hit(-0.5, 9, 0),
        ];
        let mut hits = sorted;
        hits.reverse();
        hits.sort();
        assert_eq!(hits, sorted);
    }
}
