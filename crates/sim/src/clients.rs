//! The simulated callers: what they ask, what they repeat, and what they believe.

use crate::{
    rng::{Rng, zipf_weights},
    rules::{amount, name, user_at},
};
use novacore_ledger::{Command, Expect, HoldAsk, OnExpiry, Outcome, Record, Reserve, Settle, Verb};
use novacore_store::book::Item;
use novacore_vocab::{Amount, IdempotencyKey, ResourceName, Source, Timestamp, UserId, Version};
use std::collections::VecDeque;

/// Commands that a client remembers and may repeat.
const REMEMBERED: usize = 40;

/// All callers.
#[derive(Debug)]
pub(crate) struct Clients {
    resources: Vec<ResourceName>,
    /// How often each user is asked for: a few are hot.
    popularity: Vec<u32>,
    holds: Vec<Vec<Version>>,
    /// The last entries that charged something, per user.
    charged: Vec<Vec<Version>>,
    sent: VecDeque<(UserId, Command)>,
    /// Commands without an answer: they are repeated first.
    unanswered: VecDeque<(UserId, Command)>,
    keys: u64,
}

impl Clients {
    pub(crate) fn new(resources: Vec<ResourceName>, users: usize) -> Clients {
        Clients {
            resources,
            popularity: zipf_weights(users),
            holds: vec![Vec::new(); users],
            charged: vec![Vec::new(); users],
            sent: VecDeque::new(),
            unanswered: VecDeque::new(),
            keys: 0,
        }
    }

    /// A command was done.
    pub(crate) fn told(&mut self, user: UserId, command: &Command, outcome: &Outcome) {
        let Outcome::Applied(answer) = outcome else { return };
        let index = crate::rules::index_of(user);
        match command.verb {
            Verb::Reserve(_) => self.holds[index].extend(answer.hold),
            Verb::Record(_) | Verb::Settle(_) => self.charged[index].push(answer.version),
            Verb::Extend(_) | Verb::Release(_) | Verb::Sweep => {}
        }
        for list in [&mut self.holds[index], &mut self.charged[index]] {
            let surplus = list.len().saturating_sub(12);
            list.drain(..surplus);
        }
    }

    /// The process went away before these were answered.
    pub(crate) fn unanswered(&mut self, items: &[Item]) {
        let keyed = items.iter().filter(|item| item.command.key.is_some());
        self.unanswered.extend(keyed.map(|item| (item.user, item.command.clone())));
    }

    /// The next command.
    pub(crate) fn next(&mut self, rng: &mut Rng, now: Timestamp) -> (UserId, Command) {
        if let Some(again) = self.unanswered.pop_front() {
            return again;
        }
        if !self.sent.is_empty() && rng.per_mille(120) {
            let (user, mut command) = self.sent[rng.index(self.sent.len())].clone();
            if rng.per_mille(200) {
                command.fingerprint += 1;
            }
            return (user, command);
        }
        let index = rng.weighted(&self.popularity);
        let verb = self.verb(index, rng, now);
        let key = rng.per_mille(600).then(|| self.key());
        let command = Command { key, fingerprint: rng.below(1 << 40).into(), verb };
        if command.key.is_some() {
            self.sent.push_back((user_at(index), command.clone()));
            if self.sent.len() > REMEMBERED {
                self.sent.pop_front();
            }
        }
        (user_at(index), command)
    }

    fn key(&mut self) -> IdempotencyKey {
        self.keys += 1;
        IdempotencyKey::parse(&format!("key-{}", self.keys)).expect("a key")
    }

    fn verb(&mut self, index: usize, rng: &mut Rng, now: Timestamp) -> Verb {
        let hold = match self.holds[index].len() {
            0 => Version(rng.below(4)),
            count => self.holds[index][rng.index(count)],
        };
        match rng.weighted(&[30, 25, 25, 8, 8, 4]) {
            0 => Verb::Record(self.record(index, rng, now)),
            1 => Verb::Reserve(Reserve {
                amounts: self.amounts(rng, 1, 80),
                ttl_s: *rng.pick(&[1, 60, 600, 3_600, 3_600, 0, 3_601]),
                on_expiry: *rng.pick(&[OnExpiry::Release, OnExpiry::Charge]),
                metadata: None,
            }),
            2 => Verb::Settle(Settle {
                hold,
                amounts: self.amounts(rng, 0, 60),
                last: rng.per_mille(700),
                metadata: None,
            }),
            3 => {
                let amounts =
                    if rng.per_mille(500) { Vec::new() } else { self.amounts(rng, 1, 40) };
                Verb::Extend(HoldAsk { hold, ttl_s: rng.within(1, 3_600), amounts })
            }
            4 => Verb::Release(hold),
            _ => Verb::Sweep,
        }
    }

    fn record(&mut self, index: usize, rng: &mut Rng, now: Timestamp) -> Record {
        let corrects = match self.charged[index].len() {
            count if count > 0 && rng.per_mille(200) => Some(self.charged[index][rng.index(count)]),
            _ => None,
        };
        let back = corrects.is_some() || rng.per_mille(100);
        let raw = if back { -rng.within(0, 30) } else { rng.within(0, 60) };
        let huge = rng.per_mille(3);
        Record {
            resource: self.resource(rng),
            amount: amount(if huge { novacore_vocab::AMOUNT_ABS_MAX } else { raw }),
            source: *rng.pick(&Source::ALL),
            expect: *rng.pick(&[Expect::Fact, Expect::Admission, Expect::Admission]),
            corrects,
            occurred_at: rng.per_mille(100).then(|| now.plus_seconds(-rng.within(0, 200_000))),
            metadata: None,
        }
    }

    fn amounts(&mut self, rng: &mut Rng, least: i64, most: i64) -> Vec<(ResourceName, Amount)> {
        let count = [1, 1, 1, 2, 3][rng.index(5)];
        (0..count).map(|_| (self.resource(rng), amount(rng.within(least, most)))).collect()
    }

    fn resource(&mut self, rng: &mut Rng) -> ResourceName {
        if rng.per_mille(10) { name("unknown") } else { rng.pick(&self.resources).clone() }
    }
}
