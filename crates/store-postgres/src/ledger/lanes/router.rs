//! Which lane an account's commands go to.
//!
//! A batch is a transaction and costs the same whether it is small or large, so a lane is used only
//! once those before it have enough to do: few callers make few, large batches, many callers keep
//! several connections busy. Nothing is timed or averaged; the commands in flight decide.
//!
//! What takes long has a lane of its own behind the others, so that nobody waits for it but the
//! account whose it is.
//!
//! Invariant: the commands of an account that are in flight at the same time are in one lane,
//! however many lanes are in use.
//! Invariant: what was assigned is given back once, also if it could not be queued.

use novacore_vocab::UserId;
use parking_lot::Mutex;
use std::collections::HashMap;

/// Commands in flight with which a lane has enough to do. Half of them wait while the others are
/// committed, so this is about twice the size of its batches.
pub(super) const ENOUGH_COMMANDS: usize = 64;

/// What is in one lane while any of it is in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Together {
    /// An account.
    Account(UserId),
    /// A bucket: on shards a batch has one, and lanes that shared one would halve its batches.
    Bucket(i32),
}

/// Assigns commands to lanes.
#[derive(Debug)]
pub(super) struct Router {
    flight: Mutex<Flight>,
}

/// What is queued or run.
#[derive(Debug)]
struct Flight {
    /// Commands per lane; the last is for what takes long.
    lanes: Vec<usize>,
    stays: HashMap<Together, Stay>,
}

/// Where an account or a bucket with commands in flight is.
#[derive(Debug)]
struct Stay {
    lane: usize,
    commands: usize,
}

impl Router {
    /// For `count` lanes, at least one, and the one behind them.
    pub(super) fn new(count: usize) -> Router {
        let flight = Flight { lanes: vec![0; count.max(1) + 1], stays: HashMap::new() };
        Router { flight: Mutex::new(flight) }
    }

    /// How many lanes there are.
    pub(super) fn lanes(&self) -> usize {
        self.flight.lock().lanes.len()
    }

    /// The lane of each command by what it is together with, and whether it takes long; all in one
    /// moment.
    pub(super) fn assign(&self, commands: impl Iterator<Item = (Together, bool)>) -> Vec<usize> {
        let mut flight = self.flight.lock();
        commands.map(|(together, is_long)| flight.assign(together, is_long)).collect()
    }

    /// Commands of a lane have been run, or were not queued after all.
    pub(super) fn finish(&self, lane: usize, commands: &[Together]) {
        let mut flight = self.flight.lock();
        for together in commands {
            flight.finish(lane, *together);
        }
    }
}

impl Flight {
    fn assign(&mut self, together: Together, is_long: bool) -> usize {
        let free = if is_long { self.lanes.len() - 1 } else { self.next_free() };
        let stay = self.stays.entry(together).or_insert(Stay { lane: free, commands: 0 });
        stay.commands += 1;
        self.lanes[stay.lane] += 1;
        stay.lane
    }

    /// The first lane that has not enough to do, else the one that has least.
    fn next_free(&self) -> usize {
        let lanes = self.lanes[..self.lanes.len() - 1].iter().enumerate();
        let first = lanes.clone().find(|(_, commands)| **commands < ENOUGH_COMMANDS);
        let least = || lanes.min_by_key(|(_, commands)| **commands);
        first.or_else(least).map_or(0, |(lane, _)| lane)
    }

    fn finish(&mut self, lane: usize, together: Together) {
        let stay = self.stays.get_mut(&together).expect("what finishes was assigned");
        assert_eq!(stay.lane, lane, "an account stays in its lane while it is in flight");
        stay.commands -= 1;
        self.lanes[lane] -= 1;
        if stay.commands == 0 {
            self.stays.remove(&together);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn user(number: u64) -> Together {
        Together::Account(UserId(Uuid::from_u128(u128::from(number))))
    }

    fn assign(router: &Router, users: std::ops::Range<u64>) -> Vec<usize> {
        router.assign(users.map(|number| (user(number), false)))
    }

    #[test]
    fn few_callers_share_a_lane_and_many_keep_all_busy() {
        let router = Router::new(3);
        let enough = ENOUGH_COMMANDS as u64;
        assert_eq!(assign(&router, 0..enough), vec![0; ENOUGH_COMMANDS]);
        assert_eq!(assign(&router, enough..2 * enough), vec![1; ENOUGH_COMMANDS]);
        assert_eq!(assign(&router, 2 * enough..3 * enough), vec![2; ENOUGH_COMMANDS]);
        assert_eq!(assign(&router, 1_000..1_006), [0, 1, 2, 0, 1, 2]);
        // When the rush is over, the first is enough again.
        router.finish(0, &(0..enough).map(user).collect::<Vec<_>>());
        assert_eq!(assign(&router, 2_000..2_003), [0, 0, 0]);
    }

    #[test]
    fn an_account_stays_in_its_lane_until_nothing_of_it_is_in_flight() {
        let router = Router::new(2);
        let enough = ENOUGH_COMMANDS as u64;
        assign(&router, 0..enough);
        assert_eq!(router.assign([(user(1_000), false); 3].into_iter()), [1, 1, 1]);
        router.finish(0, &(0..enough).map(user).collect::<Vec<_>>());
        // The first lane is free, and nevertheless:
        assert_eq!(assign(&router, 1_000..1_002), [1, 0]);
        router.finish(1, &[user(1_000); 4]);
        assert_eq!(assign(&router, 1_000..1_001), [0]);
    }

    #[test]
    fn what_takes_long_is_in_a_lane_of_its_own_with_all_of_its_account() {
        let router = Router::new(1);
        assert_eq!(router.lanes(), 2);
        let long = |number| router.assign([(user(number), true)].into_iter());
        assert_eq!((long(1), assign(&router, 1..3)), (vec![1], vec![1, 0]));
        // What came before it is in its way.
        assert_eq!(long(2), [0]);
        router.finish(1, &[user(1); 2]);
        assert_eq!(assign(&router, 1..2), [0]);
        // However much there is to do, nothing else comes into that lane.
        assert!(assign(&router, 3..1_000).iter().all(|lane| *lane == 0));
    }

    /// Whatever comes and goes, each account is in one lane, and in the end nothing is in flight.
    #[test]
    fn whatever_comes_and_goes_an_account_is_in_one_lane() {
        for seed in 1..=50_u64 {
            let router = Router::new(1 + seed as usize % 5);
            let mut random = seed;
            let mut in_flight: Vec<(usize, Together)> = Vec::new();
            for _ in 0..2_000 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(seed);
                let (number, rising) = ((random >> 33) % 300, (random >> 60) < 9);
                let is_long = (random >> 50).is_multiple_of(7);
                if rising || in_flight.is_empty() {
                    let lane = router.assign([(user(number), is_long)].into_iter())[0];
                    let others = in_flight.iter().filter(|(_, other)| *other == user(number));
                    assert!(others.into_iter().all(|(other, _)| *other == lane), "seed {seed}");
                    in_flight.push((lane, user(number)));
                } else {
                    let (lane, user) = in_flight.swap_remove(number as usize % in_flight.len());
                    router.finish(lane, &[user]);
                }
            }
            for (lane, user) in in_flight {
                router.finish(lane, &[user]);
            }
            let flight = router.flight.lock();
            assert!(flight.stays.is_empty() && flight.lanes.iter().all(|lane| *lane == 0));
        }
    }
}
