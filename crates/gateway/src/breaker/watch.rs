//! A breaker that many callers share, and what each of their calls finds.
//!
//! Invariant: every call that was let through is brought back to its breaker, however it ends.

use super::{Breaker, BreakerLimits, Health, Outcome, Ticket};
use parking_lot::Mutex;
use std::time::{Duration, Instant};

/// The breaker of one upstream.
#[derive(Debug)]
pub(crate) struct Watch {
    breaker: Mutex<Breaker>,
    begun: Instant,
}

/// A call that was let through.
#[derive(Debug)]
#[must_use = "what it found is to be told"]
pub(crate) struct Attempt<'a> {
    watch: &'a Watch,
    ticket: Option<Ticket>,
}

impl Watch {
    pub(crate) fn new(limits: BreakerLimits) -> Watch {
        Watch { breaker: Mutex::new(Breaker::new(limits)), begun: Instant::now() }
    }

    /// Lets a call through, or says after what time to ask again.
    pub(crate) fn admit(&self) -> Result<Attempt<'_>, Duration> {
        let ticket = self.breaker.lock().admit(self.begun.elapsed())?;
        Ok(Attempt { watch: self, ticket: Some(ticket) })
    }

    /// What calls have shown.
    pub(crate) fn health(&self) -> Health {
        self.breaker.lock().health()
    }
}

impl Attempt<'_> {
    /// The upstream answered. Whether calls are let through now, if that has changed.
    pub(crate) fn answered(mut self) -> Option<bool> {
        self.settle(Outcome::Answered)
    }

    /// The upstream could not be reached, broke off, or took too long. Likewise.
    pub(crate) fn failed(mut self) -> Option<bool> {
        self.settle(Outcome::Failed)
    }

    fn settle(&mut self, outcome: Outcome) -> Option<bool> {
        let ticket = self.ticket.take()?;
        let now = self.watch.begun.elapsed();
        let mut breaker = self.watch.breaker.lock();
        let was_closed = breaker.is_closed();
        breaker.settle(ticket, outcome, now);
        let is_closed = breaker.is_closed();
        (is_closed != was_closed).then_some(is_closed)
    }
}

impl Drop for Attempt<'_> {
    /// A call of which nothing became known never shuts a breaker nor opens it to others.
    fn drop(&mut self) {
        self.settle(Outcome::Unknown);
    }
}
