//! Whether calls are let through to an upstream, be it a service or a provider of models.
//!
//! Invariant: after so many failures without an answer between them none is let through, for a
//! while; then one, the probe, and further ones only once it was answered.
//! Invariant: what a call finds counts only for the state in which it was let through, so one that
//! was begun long before does not shut or open it anew.
//! Not here: the clock (`watch`); time is what has passed since some beginning.

mod watch;

pub(crate) use watch::{Attempt, Watch};

use std::time::Duration;

/// When it opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BreakerLimits {
    /// Failures in a row.
    pub(crate) failures_max: u32,
    /// How long nothing is let through then.
    pub(crate) pause: Duration,
}

/// The state of one upstream.
#[derive(Debug)]
pub(crate) struct Breaker {
    limits: BreakerLimits,
    state: State,
    /// Grows with every change between the states.
    round: u64,
    last: Health,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Everything passes.
    Closed { failures: u32 },
    /// Nothing passes.
    Open { until: Duration },
    /// The probe is on its way.
    HalfOpen,
}

/// A call that was let through. To be brought back, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    round: u64,
    is_probe: bool,
}

/// How a call ended, as far as the upstream had to do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It answered, whatever it said.
    Answered,
    /// It could not be reached, broke off, or took too long.
    Failed,
    /// The client ended the call before anything was known.
    Unknown,
}

/// What calls have shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// Nothing yet.
    Unknown,
    /// The last one was answered.
    Up,
    /// The last one failed.
    Down,
}

impl Health {
    /// The word for it where upstreams are shown.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Health::Unknown => "unknown",
            Health::Up => "up",
            Health::Down => "down",
        }
    }
}

impl Breaker {
    pub(crate) fn new(limits: BreakerLimits) -> Breaker {
        Breaker { limits, state: State::Closed { failures: 0 }, round: 0, last: Health::Unknown }
    }

    /// Lets a call through, or says after what time to ask again.
    pub(crate) fn admit(&mut self, now: Duration) -> Result<Ticket, Duration> {
        match self.state {
            State::Closed { .. } => Ok(Ticket { round: self.round, is_probe: false }),
            State::Open { until } if now < until => Err(until - now),
            State::Open { .. } => {
                self.enter(State::HalfOpen);
                Ok(Ticket { round: self.round, is_probe: true })
            }
            State::HalfOpen => Err(self.limits.pause),
        }
    }

    /// A call that was let through has ended.
    pub(crate) fn settle(&mut self, ticket: Ticket, outcome: Outcome, now: Duration) {
        if ticket.round != self.round {
            return;
        }
        match outcome {
            Outcome::Answered => {
                self.last = Health::Up;
                if ticket.is_probe {
                    self.enter(State::Closed { failures: 0 });
                } else {
                    self.state = State::Closed { failures: 0 };
                }
            }
            Outcome::Failed => {
                self.last = Health::Down;
                self.failed(now);
            }
            // The next call is the probe then.
            Outcome::Unknown if ticket.is_probe => self.enter(State::Open { until: now }),
            Outcome::Unknown => {}
        }
    }

    /// Whether calls are let through without more ado.
    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed { .. })
    }

    pub(crate) fn health(&self) -> Health {
        self.last
    }

    fn failed(&mut self, now: Duration) {
        let failures = match self.state {
            State::Closed { failures } => failures + 1,
            State::HalfOpen | State::Open { .. } => self.limits.failures_max,
        };
        if failures >= self.limits.failures_max {
            self.enter(State::Open { until: now + self.limits.pause });
        } else {
            self.state = State::Closed { failures };
        }
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.round += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const LIMITS: BreakerLimits = BreakerLimits { failures_max: 3, pause: Duration::from_secs(10) };

    /// Each line: second, what happens to which call, and what is seen then.
    fn check(story: &str) {
        let mut breaker = Breaker::new(LIMITS);
        let mut tickets = BTreeMap::new();
        for line in story.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [second, verb, call, "->", want] = words[..] else { panic!("{line}") };
            let now = Duration::from_secs(second.parse().unwrap());
            let outcome = match verb {
                "asks" => {
                    let seen = match breaker.admit(now) {
                        Ok(ticket) => {
                            tickets.insert(call, ticket);
                            if ticket.is_probe { "probe".to_owned() } else { "pass".to_owned() }
                        }
                        Err(wait) => format!("wait:{}", wait.as_secs()),
                    };
                    assert_eq!(seen, want, "{line}");
                    continue;
                }
                "answered" => Outcome::Answered,
                "failed" => Outcome::Failed,
                "gone" => Outcome::Unknown,
                other => panic!("{other}"),
            };
            breaker.settle(tickets[call], outcome, now);
            let seen = match breaker.state {
                State::Closed { failures } => format!("closed:{failures}"),
                State::Open { .. } => "open".to_owned(),
                State::HalfOpen => "half-open".to_owned(),
            };
            assert_eq!(seen, want, "{line}");
        }
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_closes_after_an_answered_probe() {
        check(
            "0  asks     a -> pass
             0  failed   a -> closed:1
             1  asks     b -> pass
             1  answered b -> closed:0
             2  asks     c -> pass
             2  failed   c -> closed:1
             3  asks     d -> pass
             3  failed   d -> closed:2
             4  asks     e -> pass
             4  gone     e -> closed:2
             5  asks     f -> pass
             5  failed   f -> open
             6  asks     g -> wait:9
             15 asks     h -> probe
             15 asks     i -> wait:10
             16 answered h -> closed:0
             17 asks     j -> pass",
        );
    }

    #[test]
    fn a_probe_that_fails_opens_it_anew_and_one_that_is_given_up_makes_way() {
        check(
            "0  asks     a -> pass
             0  failed   a -> closed:1
             0  asks     b -> pass
             0  failed   b -> closed:2
             0  asks     c -> pass
             0  failed   c -> open
             10 asks     d -> probe
             12 failed   d -> open
             21 asks     e -> wait:1
             22 asks     f -> probe
             23 gone     f -> open
             23 asks     g -> probe
             23 answered g -> closed:0",
        );
    }

    #[test]
    fn calls_of_an_earlier_state_change_nothing() {
        check(
            "0  asks     a -> pass
             0  asks     b -> pass
             0  asks     c -> pass
             0  asks     d -> pass
             0  asks     e -> pass
             1  failed   a -> closed:1
             1  failed   b -> closed:2
             1  failed   c -> open
             2  answered d -> open
             5  failed   e -> open
             10 asks     f -> wait:1
             11 asks     g -> probe
             11 failed   e -> half-open
             12 answered g -> closed:0
             12 failed   d -> closed:0",
        );
    }

    proptest! {
        /// Never two probes at once; while it is open nothing passes; an answered probe frees all.
        #[test]
        fn at_most_one_probe_is_on_its_way(
            steps in prop::collection::vec((0_u8..6, 0_usize..8, 0_u64..8), 1..200)
        ) {
            let mut breaker = Breaker::new(LIMITS);
            let mut now = Duration::ZERO;
            let mut out: Vec<Ticket> = Vec::new();
            for (step, which, wait) in steps {
                now += Duration::from_secs(wait);
                if step < 3 || out.is_empty() {
                    let was = breaker.state;
                    match (breaker.admit(now), was) {
                        (Ok(ticket), State::Closed { .. }) => {
                            prop_assert!(!ticket.is_probe);
                            out.push(ticket);
                        }
                        (Ok(ticket), State::Open { until }) => {
                            prop_assert!(ticket.is_probe && now >= until);
                            out.push(ticket);
                        }
                        (Ok(_), State::HalfOpen) => prop_assert!(false, "a second probe"),
                        (Err(wait), _) => prop_assert!(!wait.is_zero() && wait <= LIMITS.pause),
                    }
                    continue;
                }
                let ticket = out.swap_remove(which % out.len());
                let outcomes = [Outcome::Answered, Outcome::Failed, Outcome::Unknown];
                let outcome = outcomes[usize::from(step) - 3];
                let live = ticket.round == breaker.round;
                breaker.settle(ticket, outcome, now);
                if live && outcome == Outcome::Answered {
                    prop_assert!(breaker.is_closed());
                }
                let probes = out.iter().filter(|t| t.is_probe && t.round == breaker.round);
                prop_assert_eq!(probes.count(), usize::from(breaker.state == State::HalfOpen));
            }
        }
    }
}
