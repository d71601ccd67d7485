//! Questions asked of a world at rest.

use super::World;
use crate::{auditor::Violation, rules::user_at};
use novacore_ledger::{Command, OnExpiry, Outcome, Refusal, Reserve, Verb, decide, standing};
use novacore_vocab::{Amount, ResourceName, UserId};

/// Longer than any hold lives without being extended.
const LONGEST_TTL_MICROS: i64 = 3_601_000_000;
/// Enough clock steps to be past the time of anything committed.
const CATCH_UP_MICROS: i64 = 900_000_000;

impl World {
    /// What readers are shown is what the books leave, and exactly what the next command gets
    /// (I11).
    pub(super) fn ask_what_is_grantable(&mut self) -> Result<(), Violation> {
        let user = self.random_user();
        self.batch(vec![(user, sweep())], None)?;
        let resource = self.rng.pick(&self.rulebook.resources).clone();
        let now = self.now().max(self.auditor.last_at(user));
        let granted = self.auditor.grantable(user, &resource, now);
        let Some(state) = self.node.book.state(user) else { return Ok(()) };
        let shown = standing(state, &self.rulebook.policy, &resource, now).grantable;
        let asked = |more| {
            let command = reserve(&resource, granted.unwrap_or(0) + more)?;
            Some(decide(state, &self.rulebook.policy, &command, None, now).outcome)
        };
        let full = |outcome: &Outcome| matches!(outcome, Outcome::Refused(Refusal::Quota(_)));
        let fits = asked(0).is_none_or(|outcome| !full(&outcome));
        let beyond = |outcome: &Outcome| {
            full(outcome) || matches!(outcome, Outcome::Refused(Refusal::CounterRange(_)))
        };
        let ends = granted.is_none() || asked(1).is_none_or(|outcome| beyond(&outcome));
        if shown != granted.unwrap_or(-1) || !fits || !ends {
            let what = format!("{user} is shown {shown} of {resource}, the books say {granted:?}");
            return Err(Violation { invariant: "I11", what });
        }
        self.count(match granted {
            None => "probe unbounded",
            Some(0) => "probe refused",
            Some(_) => "probe granted",
        });
        Ok(())
    }

    /// An account is the same in memory, from the log alone, and from derived data and the log.
    pub(super) fn agree(&mut self, user: UserId) -> Result<(), Violation> {
        if self.node.agrees(&self.rulebook, user) {
            return Ok(());
        }
        let what = format!("{user} is not the same from the log, from derived data and in memory");
        Err(Violation { invariant: "I1", what })
    }

    /// Without traffic for as long as a hold may live, nothing is held (I8); and all agrees.
    pub(super) fn end(&mut self) -> Result<(), Violation> {
        self.virtual_now += LONGEST_TTL_MICROS + CATCH_UP_MICROS;
        let users = (0..self.users).map(user_at);
        self.batch(users.clone().map(|user| (user, sweep())).collect(), None)?;
        self.auditor.idle()?;
        for user in users {
            self.agree(user)?;
        }
        let frames = self.node.frames();
        self.node.derive(&self.rulebook, frames);
        (0..self.users).try_for_each(|index| self.agree(user_at(index)))
    }
}

fn sweep() -> Command {
    Command { key: None, fingerprint: 0, verb: Verb::Sweep }
}

fn reserve(resource: &ResourceName, raw: i64) -> Option<Command> {
    let amount = Amount::new(raw).ok().filter(|amount| amount.get() > 0)?;
    let amounts = vec![(resource.clone(), amount)];
    let on_expiry = OnExpiry::Release;
    let verb = Verb::Reserve(Reserve { amounts, ttl_s: 60, on_expiry, metadata: None });
    Some(Command { key: None, fingerprint: 0, verb })
}
