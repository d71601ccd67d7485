//! One simulated world: callers, an operator, a clock, faults, and the auditor who watches.
//!
//! Time is virtual: it jumps to the next caller. The writer's clock is virtual time plus an offset
//! that is stepped, also backwards.
//!
//! Invariant: a seed, a bug and a number of commands make the same world every time.

mod batch;
mod probe;

use crate::{
    auditor::{Auditor, Violation},
    bug::Bug,
    clients::Clients,
    coverage::Coverage,
    fault::FaultRates,
    node::Node,
    rng::Rng,
    rules::{Rulebook, user_at},
};
use novacore_ledger::Profile;
use novacore_vocab::{Timestamp, UserId, Window};
use std::{
    any::Any,
    collections::VecDeque,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// 2026-01-25: worlds cross the ends of hours, days, weeks and months.
const START_MICROS: i64 = 1_769_299_200_000_000;
/// Lines of the trace that a failure shows.
const TRACE_LINES: usize = 24;
/// The step at which the canary sings.
const CANARY_STEP: usize = 20;

/// What a world came to.
#[derive(Clone, Debug)]
pub struct Report {
    /// Commands judged.
    pub commands: u64,
    /// What was reached.
    pub coverage: Coverage,
}

/// A broken promise, and how to see it again.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed of the world.
    pub seed: u64,
    /// The batch in which it happened.
    pub step: usize,
    /// What was broken.
    pub violation: Violation,
    /// What happened just before.
    pub trace: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { invariant, what } = &self.violation;
        writeln!(f, "seed {}, step {}: {invariant} is broken: {what}", self.seed, self.step)?;
        self.trace.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

/// Runs a world until `commands` were judged, and then to its end.
pub fn run(seed: u64, bug: Option<Bug>, commands: u64) -> Result<Report, Box<Failure>> {
    let mut world = World::new(seed, bug);
    let Err(violation) = world.run_caught(commands) else {
        return Ok(Report { commands: world.commands, coverage: world.coverage });
    };
    // The same again, this time with a trace.
    let mut again = World { trace: Some(VecDeque::new()), ..World::new(seed, bug) };
    let repeated = again.run_caught(commands);
    assert_eq!(repeated, Err(violation.clone()), "seed {seed} is not the same world twice");
    let trace = again.trace.unwrap_or_default().into();
    Err(Box::new(Failure { seed, step: world.step, violation, trace }))
}

struct World {
    rng: Rng,
    faults: Rng,
    rates: FaultRates,
    virtual_now: i64,
    clock_offset: i64,
    batch_max: usize,
    users: usize,
    rulebook: Rulebook,
    profiles: Vec<Profile>,
    node: Node,
    auditor: Auditor,
    clients: Clients,
    coverage: Coverage,
    trace: Option<VecDeque<String>>,
    bug: Option<Bug>,
    step: usize,
    commands: u64,
}

impl World {
    fn new(seed: u64, bug: Option<Bug>) -> World {
        let mut rng = Rng::new(seed);
        let mut faults = rng.fork();
        let rulebook = Rulebook::new();
        let profile = rulebook.fresh_profile();
        let users = *rng.pick(&[1, 3, 8, 20]);
        World {
            rates: FaultRates::draw(&mut faults),
            faults,
            virtual_now: START_MICROS,
            clock_offset: 0,
            batch_max: *rng.pick(&[1, 4, 16, 40]),
            users,
            node: Node::new(&rulebook, users, bug),
            auditor: Auditor::new(&rulebook.policy, &profile, users),
            clients: Clients::new(rulebook.resources.clone(), users, &mut rng),
            profiles: vec![profile; users],
            rulebook,
            rng,
            coverage: Coverage::default(),
            trace: None,
            bug,
            step: 0,
            commands: 0,
        }
    }

    /// Runs; an assertion of the store that fails is a broken promise like any other.
    fn run_caught(&mut self, commands: u64) -> Result<(), Violation> {
        catch_unwind(AssertUnwindSafe(|| self.run(commands))).unwrap_or_else(|payload| {
            Err(Violation { invariant: "panic", what: text_of(&payload) })
        })
    }

    fn run(&mut self, commands: u64) -> Result<(), Violation> {
        while self.commands < commands {
            self.step += 1;
            self.pass_time();
            self.operate();
            let max = 1 + self.rng.index(self.batch_max);
            let due = self.clients.due(self.virtual_now, self.now(), max, &mut self.rng);
            let fault = self.rates.next(&mut self.faults);
            self.batch(due, fault)?;
            self.between_batches()?;
            if self.bug == Some(Bug::Canary) && self.step == CANARY_STEP {
                self.auditor.told(usize::MAX)?;
            }
        }
        self.end()
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.virtual_now + self.clock_offset)
    }

    fn count(&mut self, what: &'static str) {
        self.coverage.count(what);
        self.note(|| what.into());
    }

    fn note(&mut self, line: impl FnOnce() -> String) {
        let now = self.now();
        if let Some(trace) = &mut self.trace {
            if trace.len() == TRACE_LINES {
                trace.pop_front();
            }
            trace.push_back(format!("{now} {}", line()));
        }
    }

    fn random_user(&mut self) -> UserId {
        user_at(self.rng.index(self.users))
    }

    fn pass_time(&mut self) {
        self.virtual_now = self.clients.next_at().max(self.virtual_now + 1);
        if !self.rng.per_mille(60) {
            return;
        }
        let step = match self.rng.below(8) {
            0 | 1 => {
                self.count("clock back");
                -self.rng.within(1, 300_000_000)
            }
            2 | 3 => {
                self.count("clock forward");
                let longest = *self.rng.pick(&[1_000_000, 3_600_000_000, 100_000_000_000]);
                self.rng.within(1, longest)
            }
            4 | 5 => {
                self.count("clock to_window_end");
                let window = *self.rng.pick(&Window::ALL[..4]);
                let end = window.span_at(self.now()).end.micros();
                end - self.now().micros() + self.rng.within(-2_000_000, 2_000_000)
            }
            _ => {
                // Exactly when a hold runs out, or as close as it gets, where a settle races it.
                self.count("clock to_hold_end");
                let user = self.random_user();
                let due = self.auditor.next_due(user).unwrap_or(self.now());
                due.micros() - self.now().micros() + self.rng.within(-1, 1)
            }
        };
        self.clock_offset += step.max(-300_000_000);
    }

    fn operate(&mut self) {
        if !self.rng.per_mille(30) {
            return;
        }
        let (index, now) = (self.rng.index(self.users), self.now());
        let profile = &mut self.profiles[index];
        match self.rng.below(4) {
            0 => {
                self.rulebook.change_tier(profile, &mut self.rng);
                self.count("operator tier");
            }
            1 | 2 => {
                self.rulebook.change_override(profile, now, &mut self.rng);
                self.count("operator override");
            }
            _ => {
                self.rulebook.change_limit(&mut self.rng);
                self.node.book.set_policy(self.rulebook.policy.clone());
                self.auditor.set_policy(&self.rulebook.policy);
                self.count("operator limit");
            }
        }
        self.auditor.set_profile(user_at(index), &self.profiles[index]);
        if let Some(state) = self.node.book.state_mut(user_at(index)) {
            state.profile = self.profiles[index].clone();
        }
    }

    /// What goes on beside the writer: derived data, eviction, readers, and a power cut at rest.
    fn between_batches(&mut self) -> Result<(), Violation> {
        if self.rng.per_mille(150) {
            let lag = self.rng.index(6);
            let until = self.node.frames().saturating_sub(lag);
            self.node.derive(&self.rulebook, until);
            self.count("derived");
        }
        if self.rng.per_mille(100) {
            let user = self.random_user();
            self.node.evict(user);
            self.count("evicted");
        }
        if self.rng.per_mille(100) {
            self.ask_what_is_grantable()?;
        }
        if self.faults.per_mille(self.rates.crash / 4) {
            self.count("fault crash_idle");
            self.crash(&[], crate::fault::Survival::Lost)?;
        }
        Ok(())
    }
}

fn text_of(payload: &Box<dyn Any + Send>) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default()
}
