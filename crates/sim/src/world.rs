//! One simulated world: clients, an operator, a clock, faults, and the auditor who watches.
//!
//! Invariant: a seed and a bug make the same world every time.

use crate::{
    auditor::{Auditor, Violation},
    bug::{Bug, is_applied},
    clients::Clients,
    fault::{Fault, FaultRates, Survival},
    node::Node,
    rng::Rng,
    rules::{Rulebook, user_at},
};
use novacore_ledger::{Command, Outcome, Profile, Refusal, Verb, standing};
use novacore_store::book::{Item, Ran};
use novacore_vocab::{Timestamp, UserId};
use std::collections::{BTreeMap, VecDeque};

/// Users of a world.
const USERS: usize = 5;
/// Longest batch.
const BATCH_MAX: u64 = 12;
/// 2026-01-25: worlds cross the ends of hours, days, weeks and months.
const START_S: i64 = 1_769_299_200;
/// Longer than any hold lives.
const LONGEST_HOLD_S: i64 = 90_000;
/// Lines of the trace that a failure shows.
const TRACE_LINES: usize = 12;

/// What happened in a world, by kind.
pub type Coverage = BTreeMap<&'static str, u64>;

/// A broken promise, and how to see it again.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed of the world.
    pub seed: u64,
    /// The batch in which it happened.
    pub step: usize,
    /// What was broken.
    pub violation: Violation,
    /// The last batches before it.
    pub trace: Vec<String>,
}

struct World {
    rng: Rng,
    faults: Rng,
    rates: FaultRates,
    now: Timestamp,
    rulebook: Rulebook,
    profiles: Vec<Profile>,
    node: Node,
    auditor: Auditor,
    clients: Clients,
    coverage: Coverage,
    trace: VecDeque<String>,
    bug: Option<Bug>,
}

/// Runs a world for a number of batches.
pub fn run(seed: u64, bug: Option<Bug>, batches: usize) -> Result<Coverage, Box<Failure>> {
    let mut world = World::new(seed, bug);
    for step in 0..=batches {
        let stepped = if step < batches { world.step() } else { world.end() };
        if let Err(violation) = stepped {
            let trace = world.trace.into();
            return Err(Box::new(Failure { seed, step, violation, trace }));
        }
    }
    Ok(world.coverage)
}

impl World {
    fn new(seed: u64, bug: Option<Bug>) -> World {
        let mut rng = Rng::new(seed);
        let mut faults = rng.fork();
        let rulebook = Rulebook::new();
        let profile = rulebook.fresh_profile();
        World {
            rates: FaultRates::draw(&mut faults),
            faults,
            now: Timestamp::from_seconds(START_S),
            node: Node::new(&rulebook, bug),
            auditor: Auditor::new(&rulebook.policy, &profile, USERS),
            clients: Clients::new(rulebook.resources.clone(), USERS),
            profiles: vec![profile; USERS],
            rulebook,
            rng,
            coverage: Coverage::new(),
            trace: VecDeque::new(),
            bug,
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.coverage.entry(what).or_default() += 1;
    }

    fn step(&mut self) -> Result<(), Violation> {
        self.pass_time();
        self.operate();
        let size = 1 + self.rng.below(BATCH_MAX);
        let commands = (0..size).map(|_| self.clients.next(&mut self.rng, self.now)).collect();
        let fault = self.rates.next(&mut self.faults);
        self.batch(commands, fault)?;
        if self.rng.per_mille(200) {
            self.ask_what_is_grantable()?;
        }
        Ok(())
    }

    fn pass_time(&mut self) {
        let micros = match self.rng.below(40) {
            0 => -self.rng.within(1, 300_000_000),
            1 => self.rng.within(1, 86_400_000_000),
            2 => self.rng.within(1, 40 * 86_400_000_000),
            3..=6 => self.rng.within(1, 3_600_000_000),
            7..=9 => 0,
            _ => self.rng.within(1, 60_000_000),
        };
        self.now = Timestamp::from_micros(self.now.micros() + micros);
        // Now and then exactly when a hold runs out, where a settle races it.
        if self.rng.per_mille(50) {
            let user = user_at(self.rng.index(USERS));
            self.now = self.auditor.next_due(user).unwrap_or(self.now).max(self.now);
        }
    }

    fn operate(&mut self) {
        let index = self.rng.index(USERS);
        match self.rng.below(60) {
            0 => self.rulebook.change_tier(&mut self.profiles[index], &mut self.rng),
            1 | 2 => {
                let profile = &mut self.profiles[index];
                self.rulebook.change_override(profile, self.now, &mut self.rng);
            }
            3 => {
                self.rulebook.change_limit(&mut self.rng);
                self.node.book.set_policy(self.rulebook.policy.clone());
                self.auditor.set_policy(&self.rulebook.policy);
                return self.count("policy change");
            }
            _ => return,
        }
        self.auditor.set_profile(user_at(index), &self.profiles[index]);
        if let Some(state) = self.node.book.state_mut(user_at(index)) {
            state.profile = self.profiles[index].clone();
        }
        self.count("profile change");
    }

    fn batch(
        &mut self,
        commands: Vec<(UserId, Command)>,
        fault: Option<Fault>,
    ) -> Result<(), Violation> {
        let items = self.node.items(&self.rulebook, &self.profiles, commands);
        let mut ran = self.node.book.run(&items, self.now);
        self.node.take_keys_out(&mut ran);
        self.note(&items, &ran, fault);
        let needed = self.auditor.judged(&items, &ran, self.now)?;
        if !ran.postings.is_empty() {
            match fault {
                Some(Fault::DiskFull) => return self.refuse_full(&items),
                Some(Fault::CrashBeforeWrite) => return self.crash(&items, Survival::Lost),
                Some(Fault::CrashBeforeSync(survival) | Fault::SyncFails(survival)) => {
                    self.node.write(&ran);
                    if self.bug == Some(Bug::AnsweredBeforeSync) {
                        self.auditor.told(needed)?;
                    }
                    return self.crash(&items, survival);
                }
                Some(Fault::KillBeforeSync) => {
                    self.node.write(&ran);
                    return self.restart(&items);
                }
                Some(Fault::SyncSlow(micros)) => {
                    self.now = Timestamp::from_micros(self.now.micros() + micros);
                }
                Some(Fault::CrashAfterSync) | None => {}
            }
            self.node.write(&ran);
            self.node.disk.sync();
        }
        self.node.book.accept();
        self.auditor.read(self.node.disk.synced())?;
        if fault == Some(Fault::CrashAfterSync) {
            return self.crash(&items, Survival::Whole);
        }
        self.auditor.told(needed)?;
        self.tell(&items, &ran);
        for item in &items {
            if let Some(state) = self.node.book.state(item.user) {
                self.auditor.compare(item.user, state)?;
            }
        }
        Ok(())
    }

    fn note(&mut self, items: &[Item], ran: &Ran, fault: Option<Fault>) {
        for (item, outcome) in items.iter().zip(&ran.outcomes) {
            self.count(verb_word(&item.command.verb));
            self.count(outcome_word(outcome));
            if self.trace.len() == TRACE_LINES {
                self.trace.pop_front();
            }
            let (now, user) = (self.now, item.user);
            self.trace.push_back(format!("{now} {user} {:?} -> {outcome:?}", item.command));
        }
        if let Some(fault) = fault {
            self.count(fault_word(fault));
            self.trace.push_back(format!("{fault:?}"));
        }
    }

    fn tell(&mut self, items: &[Item], ran: &Ran) {
        for (item, outcome) in items.iter().zip(&ran.outcomes) {
            if is_applied(outcome) {
                self.clients.told(item.user, &item.command, outcome);
            }
        }
    }

    /// The write was refused for want of space: the batch is taken back, the accounts loaded again.
    fn refuse_full(&mut self, items: &[Item]) -> Result<(), Violation> {
        self.auditor.withdrawn();
        for user in self.node.book.revert() {
            self.node.load(&self.rulebook, &self.profiles[crate::rules::index_of(user)], user);
        }
        self.clients.unanswered(items);
        Ok(())
    }

    fn crash(&mut self, items: &[Item], survival: Survival) -> Result<(), Violation> {
        self.node.disk.power_loss(survival);
        self.restart(items)
    }

    fn restart(&mut self, items: &[Item]) -> Result<(), Violation> {
        self.clients.unanswered(items);
        let readable = self.node.restart(&self.rulebook);
        self.auditor.restarted(readable);
        self.auditor.read(self.node.disk.synced())
    }

    /// What readers are shown is what the auditor would grant (I11).
    fn ask_what_is_grantable(&mut self) -> Result<(), Violation> {
        let user = user_at(self.rng.index(USERS));
        self.batch(vec![(user, sweep())], None)?;
        let resource = self.rng.pick(&self.rulebook.resources).clone();
        let now = self.now.max(self.auditor.last_at(user));
        let Some(state) = self.node.book.state(user) else { return Ok(()) };
        let shown = standing(state, &self.rulebook.policy, &resource, now).grantable;
        let granted = self.auditor.grantable(user, &resource, now).unwrap_or(-1);
        if shown != granted {
            let what = format!("{user} is shown {shown} of {resource}, {granted} would be granted");
            return Err(Violation { invariant: "I11", what });
        }
        Ok(())
    }

    /// Without traffic for longer than any hold lives, nothing is held (I8).
    fn end(&mut self) -> Result<(), Violation> {
        self.now = self.now.plus_seconds(LONGEST_HOLD_S);
        self.batch((0..USERS).map(|index| (user_at(index), sweep())).collect(), None)?;
        self.auditor.idle()
    }
}

fn sweep() -> Command {
    Command { key: None, fingerprint: 0, verb: Verb::Sweep }
}

fn verb_word(verb: &Verb) -> &'static str {
    match verb {
        Verb::Record(_) => "record",
        Verb::Reserve(_) => "reserve",
        Verb::Settle(_) => "settle",
        Verb::Extend(_) => "extend",
        Verb::Release(_) => "release",
        Verb::Sweep => "sweep",
    }
}

fn outcome_word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Applied(_) => "applied",
        Outcome::Replayed(_) => "replayed",
        Outcome::Refused(Refusal::KeyReused) => "key reused",
        Outcome::Refused(Refusal::Invalid(_)) => "invalid",
        Outcome::Refused(Refusal::HoldUnknown) => "hold unknown",
        Outcome::Refused(Refusal::HoldEnded(_)) => "hold ended",
        Outcome::Refused(Refusal::Quota(_)) => "quota",
        Outcome::Refused(Refusal::TooManyHolds) => "too many holds",
        Outcome::Refused(Refusal::CounterRange(_)) => "counter range",
        Outcome::Refused(Refusal::LevelBelowZero { .. }) => "level below zero",
    }
}

fn fault_word(fault: Fault) -> &'static str {
    match fault {
        Fault::CrashBeforeWrite => "crash before write",
        Fault::CrashBeforeSync(_) => "crash before sync",
        Fault::KillBeforeSync => "kill before sync",
        Fault::SyncFails(_) => "sync fails",
        Fault::SyncSlow(_) => "slow sync",
        Fault::CrashAfterSync => "crash after sync",
        Fault::DiskFull => "disk full",
    }
}
