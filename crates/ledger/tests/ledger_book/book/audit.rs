//! What must hold after every line, recomputed from the entries.

use super::{Book, script::Line};
use novacore_ledger::{
    AccountState, Command, Entry, Expect, HoldStatus, Outcome, Record, Refusal, Verb, decide,
    standing,
};
use novacore_vocab::{Amount, ResourceName, Source, Version};
use std::collections::HashMap;

impl Book {
    pub(super) fn audit(&self, line: &Line) {
        self.audit_counters(line);
        self.audit_holds(line);
        if self.state.next_due().is_none_or(|due| self.now() < due) {
            let resources =
                self.resources.iter().filter(|spec| self.state.meters.contains_key(&spec.name));
            resources.for_each(|spec| self.audit_grantable(line, &spec.name));
        }
    }

    /// I1, I2: every counter that is kept is the sum of its entries.
    fn audit_counters(&self, line: &Line) {
        for (resource, meter) in &self.state.meters {
            for kept in &meter.windows {
                let span = kept.window.span_at(kept.start);
                let inside =
                    |entry: &&Entry| entry.resource == *resource && span.contains(entry.counted_at);
                let mut sums = (0, 0);
                for entry in self.entries.iter().filter(inside) {
                    sums = (sums.0 + entry.amount, sums.1 + entry.held);
                }
                let counter = (kept.counter.used, kept.counter.held);
                line.same(
                    &format!("{resource} {}", kept.window),
                    &format!("{counter:?}"),
                    &format!("{sums:?}"),
                );
            }
        }
    }

    /// I5: a hold holds the sum of its entries, and nothing once it has ended.
    fn audit_holds(&self, line: &Line) {
        let mut sums: HashMap<(Version, &ResourceName), i64> = HashMap::new();
        for entry in &self.entries {
            if let Some(hold) = entry.hold {
                *sums.entry((hold, &entry.resource)).or_default() += entry.held;
            }
        }
        for (version, hold) in &self.state.holds {
            for held in &hold.amounts {
                let sum = sums[&(*version, &held.resource)];
                line.same("the hold holds", &held.held.to_string(), &sum.to_string());
                if hold.status != HoldStatus::Open && sum != 0 {
                    line.fail("an ended hold still holds something");
                }
            }
        }
    }

    /// I11: what is shown as grantable is admitted, and one more is not.
    fn audit_grantable(&self, line: &Line, resource: &ResourceName) {
        let most = standing(&self.state, &self.policy, resource, self.now()).grantable;
        if most > 0 && !matches!(self.ask(resource, most), Outcome::Applied(_)) {
            line.fail(&format!("{most} of {resource} are grantable but refused"));
        }
        let refused = |outcome| {
            matches!(outcome, Outcome::Refused(Refusal::Quota(_) | Refusal::CounterRange(_)))
        };
        if (0..novacore_vocab::AMOUNT_ABS_MAX).contains(&most)
            && !refused(self.ask(resource, most + 1))
        {
            line.fail(&format!("more than {most} of {resource} are granted"));
        }
    }

    fn ask(&self, resource: &ResourceName, raw: i64) -> Outcome {
        let record = Record {
            resource: resource.clone(),
            amount: Amount::new(raw).unwrap(),
            source: Source::Api,
            expect: Expect::Admission,
            corrects: None,
            occurred_at: None,
            metadata: None,
        };
        let command = Command { key: None, fingerprint: 0, verb: Verb::Record(record) };
        let state: &AccountState = &self.state;
        decide(state, &self.policy, &command, None, self.now()).outcome
    }
}
