//! The best of many hits, in memory that does not depend on how many there are.
//!
//! Invariant: what is kept is what sorting all and taking the first would keep, in that order.

use crate::hit::Hit;
use std::collections::BinaryHeap;

/// Room that is made at once; more grows as it is needed.
const ROOM_AT_ONCE: usize = 1_024;

/// Keeps the best hits of those pushed.
#[derive(Clone, Debug)]
pub struct TopK {
    limit: usize,
    /// The worst of those kept on top, since a worse hit is the greater.
    kept: BinaryHeap<Hit>,
}

impl TopK {
    /// Keeps at most `limit`.
    pub fn new(limit: usize) -> TopK {
        TopK { limit, kept: BinaryHeap::with_capacity(limit.min(ROOM_AT_ONCE)) }
    }

    /// Offers a hit. A memory that is offered twice may be kept twice.
    pub fn push(&mut self, hit: Hit) {
        if self.kept.len() < self.limit {
            self.kept.push(hit);
        } else if let Some(mut worst) = self.kept.peek_mut()
            && hit < *worst
        {
            *worst = hit;
        }
    }

    /// The worst of those kept once as many are kept as may be: what is worse need not be offered.
    pub fn bar(&self) -> Option<&Hit> {
        if self.kept.len() < self.limit { None } else { self.kept.peek() }
    }

    /// The best, best first.
    pub fn into_best_first(self) -> Vec<Hit> {
        self.kept.into_sorted_vec()
    }
}

impl Extend<Hit> for TopK {
    fn extend<I: IntoIterator<Item = Hit>>(&mut self, hits: I) {
        hits.into_iter().for_each(|hit| self.push(hit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hit::Score;
    use novacore_vocab::Timestamp;

    fn hit(score: f64) -> Hit {
        let id = "00000000-0000-7000-8000-000000000001".parse().expect("a UUID");
        let score = Score::new(score).expect("a finite score");
        Hit { score, created_at: Timestamp::from_seconds(0), id }
    }

    #[test]
    fn the_bar_is_the_worst_that_is_kept() {
        let mut top = TopK::new(2);
        assert_eq!(top.bar(), None);
        top.push(hit(0.5));
        assert_eq!(top.bar(), None);
        top.extend([hit(0.7), hit(0.6)]);
        assert_eq!(top.bar(), Some(&hit(0.6)));
        assert_eq!(top.into_best_first(), [hit(0.7), hit(0.6)]);
    }

    #[test]
    fn nothing_is_kept_where_nothing_is_wanted() {
        let mut top = TopK::new(0);
        top.push(hit(1.0));
        assert_eq!(top.into_best_first(), []);
    }
}
