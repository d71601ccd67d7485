//! How many commands were admitted and refused by this node.

use crate::{cx::Cx, metrics::DecisionOutcome};
use novacore_access::{Administer, Permit};
use novacore_vocab::{ResourceName, Timestamp};

/// What was decided about a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceDecisions {
    /// The resource.
    pub resource: ResourceName,
    /// Done.
    pub admitted: u64,
    /// Done before under the same key.
    pub replayed: u64,
    /// Refused by a limit.
    pub refused_quota: u64,
    /// Refused for another reason.
    pub refused_other: u64,
    /// The store could not answer.
    pub failed: u64,
}

/// What this node has decided, and since when.
pub fn decisions(cx: &Cx, _permit: Permit<Administer>) -> (Timestamp, Vec<ResourceDecisions>) {
    let policy = cx.ledger.policy();
    let of = |resource: &ResourceName| {
        let count = |outcome| cx.metrics.decisions(outcome, resource);
        ResourceDecisions {
            resource: resource.clone(),
            admitted: count(DecisionOutcome::Admitted),
            replayed: count(DecisionOutcome::Replayed),
            refused_quota: count(DecisionOutcome::RefusedByQuota),
            refused_other: count(DecisionOutcome::Refused),
            failed: count(DecisionOutcome::Failed),
        }
    };
    let all = policy.resources().map(|spec| of(&spec.name)).collect();
    (cx.refusals.begun_at(), all)
}
