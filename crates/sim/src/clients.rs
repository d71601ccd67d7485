//! The simulated callers: what they ask, what they repeat, and what they believe.
//!
//! Each caller has a pace and habits of its own; the users they ask for are few and hot, or many.
//!
//! Invariant: a keyed command without an answer is repeated under its key until it has one.

mod habit;

use crate::{
    rng::{Rng, zipf_weights},
    rules::{index_of, user_at},
};
use habit::Habit;
use novacore_ledger::{Answer, Command, Outcome, Verb};
use novacore_vocab::{IdempotencyKey, ResourceName, UserId, Version};
use std::collections::{BTreeMap, VecDeque};

/// Commands that callers remember and may repeat much later.
const REMEMBERED: usize = 60;
/// Holds and entries of a user that callers remember.
const KNOWN: usize = 12;

/// What callers know of a user.
#[derive(Clone, Debug, Default)]
struct Known {
    holds: VecDeque<Version>,
    /// The last entries that charged something.
    charged: VecDeque<Version>,
    /// What they were last told to be left.
    left: BTreeMap<ResourceName, i64>,
}

/// One caller.
#[derive(Debug)]
struct Caller {
    /// Microseconds between two commands, on average.
    pace: i64,
    next_at: i64,
    habit: Habit,
}

/// All callers.
#[derive(Debug)]
pub(crate) struct Clients {
    resources: Vec<ResourceName>,
    /// How often each user is asked for.
    popularity: Vec<u32>,
    callers: Vec<Caller>,
    known: Vec<Known>,
    sent: VecDeque<(UserId, Command)>,
    /// Commands without an answer: they are repeated first.
    unanswered: VecDeque<(UserId, Command)>,
    keys: u64,
}

impl Clients {
    pub(crate) fn new(resources: Vec<ResourceName>, users: usize, rng: &mut Rng) -> Clients {
        let caller = |rng: &mut Rng| {
            let pace = *rng.pick(&[1_000, 100_000, 2_000_000, 60_000_000, 900_000_000]);
            Caller { pace, next_at: 0, habit: Habit::draw(rng) }
        };
        Clients {
            resources,
            popularity: zipf_weights(users),
            callers: (0..rng.within(3, 16)).map(|_| caller(rng)).collect(),
            known: vec![Known::default(); users],
            sent: VecDeque::new(),
            unanswered: VecDeque::new(),
            keys: 0,
        }
    }

    /// When the next caller has something to ask, in microseconds of virtual time.
    pub(crate) fn next_at(&self) -> i64 {
        self.callers.iter().map(|caller| caller.next_at).min().unwrap_or(0)
    }

    /// What is asked by `virtual_now`, at most `max` commands: what has no answer yet first.
    pub(crate) fn due(
        &mut self,
        virtual_now: i64,
        now: novacore_vocab::Timestamp,
        max: usize,
        rng: &mut Rng,
    ) -> Vec<(UserId, Command)> {
        let again = self.unanswered.len().min(max);
        let mut due: Vec<_> = self.unanswered.drain(..again).collect();
        for index in 0..self.callers.len() {
            if due.len() >= max || self.callers[index].next_at > virtual_now {
                continue;
            }
            let pace = self.callers[index].pace;
            self.callers[index].next_at = virtual_now + rng.within(1, 2 * pace);
            let sent = self.command(index, now, rng);
            // An impatient caller sends it twice.
            if rng.per_mille(15) && due.len() + 1 < max {
                due.push(sent.clone());
            }
            due.push(sent);
        }
        due
    }

    fn command(
        &mut self,
        caller: usize,
        now: novacore_vocab::Timestamp,
        rng: &mut Rng,
    ) -> (UserId, Command) {
        if !self.sent.is_empty() && rng.per_mille(60) {
            return self.stale(rng);
        }
        let user = rng.weighted(&self.popularity);
        let verb = self.callers[caller].habit.verb(&self.resources, &self.known[user], now, rng);
        let key = rng.per_mille(650).then(|| self.key());
        let command = Command { key, fingerprint: rng.below(1 << 40).into(), verb };
        if command.key.is_some() {
            self.sent.push_back((user_at(user), command.clone()));
            if self.sent.len() > REMEMBERED {
                self.sent.pop_front();
            }
        }
        (user_at(user), command)
    }

    /// A command of long ago again: as it was, with another body, or for another user.
    fn stale(&mut self, rng: &mut Rng) -> (UserId, Command) {
        let (user, mut command) = self.sent[rng.index(self.sent.len())].clone();
        match rng.below(6) {
            0 => command.fingerprint ^= 1,
            1 => return (user_at(rng.index(self.known.len())), command),
            _ => {}
        }
        (user, command)
    }

    fn key(&mut self) -> IdempotencyKey {
        self.keys += 1;
        IdempotencyKey::parse(&format!("key-{}", self.keys)).expect("a key")
    }

    /// A caller has its answer.
    pub(crate) fn told(&mut self, user: UserId, command: &Command, outcome: &Outcome) {
        let (Outcome::Applied(answer) | Outcome::Replayed(answer)) = outcome else { return };
        let known = &mut self.known[index_of(user)];
        known.learn(&command.verb, answer);
    }

    /// A command has had no effect, as far as its caller knows.
    pub(crate) fn untold(&mut self, user: UserId, command: &Command) {
        if command.key.is_some() {
            self.unanswered.push_back((user, command.clone()));
        }
    }
}

impl Known {
    fn learn(&mut self, verb: &Verb, answer: &Answer) {
        match verb {
            Verb::Reserve(_) => self.holds.extend(answer.hold),
            Verb::Record(_) | Verb::Settle(_) => self.charged.push_back(answer.version),
            Verb::Extend(_) | Verb::Release(_) | Verb::Sweep => {}
        }
        for list in [&mut self.holds, &mut self.charged] {
            let surplus = list.len().saturating_sub(KNOWN);
            list.drain(..surplus);
        }
        for standing in &answer.standings {
            self.left.insert(standing.resource.clone(), standing.grantable);
        }
    }
}
