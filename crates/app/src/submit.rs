//! The way of a command to the ledger and of its outcome back; counts decisions and notes refusals.
//!
//! Invariant: every outcome of a command passes through `judged`.

use crate::{cx::Cx, error::AppError, metrics::DecisionOutcome, refusals};
use novacore_ledger::{Answer, Command, Outcome, Refusal, Verb};
use novacore_store::error::StoreError;
use novacore_vocab::{EntryId, IdempotencyKey, ResourceName, UserId};

/// What an applied command answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// Whose account.
    pub user: UserId,
    /// The answer, the first one if it is a replay.
    pub answer: Answer,
    /// Whether it was done before under the same key.
    pub replayed: bool,
}

impl Done {
    /// The first entry that was written.
    pub fn entry(&self) -> EntryId {
        EntryId::of(self.user, self.answer.version, self.answer.recorded_at)
    }
}

/// A command under an optional key; without one nobody will ask for the fingerprint.
pub(crate) fn command(
    key: Option<IdempotencyKey>,
    fingerprint: impl FnOnce() -> u128,
    verb: Verb,
) -> Command {
    let fingerprint = if key.is_some() { fingerprint() } else { 0 };
    Command { key, fingerprint, verb }
}

/// Submits one command.
pub(crate) async fn submit(cx: &Cx, user: UserId, command: Command) -> Result<Done, AppError> {
    let resources = resources(&command.verb);
    let outcome = cx.ledger.submit(user, command).await;
    judged(cx, user, &resources, outcome)
}

/// Submits many, each for itself; outcomes in order.
pub(crate) async fn submit_all(
    cx: &Cx,
    commands: Vec<(UserId, Command)>,
) -> Vec<Result<Done, AppError>> {
    let asked: Vec<_> =
        commands.iter().map(|(user, command)| (*user, resources(&command.verb))).collect();
    let outcomes = cx.ledger.submit_all(commands).await;
    let pairs = asked.into_iter().zip(outcomes);
    pairs.map(|((user, resources), outcome)| judged(cx, user, &resources, outcome)).collect()
}

pub(crate) fn judged(
    cx: &Cx,
    user: UserId,
    resources: &[ResourceName],
    outcome: Result<Outcome, StoreError>,
) -> Result<Done, AppError> {
    let word = match &outcome {
        Ok(Outcome::Applied(_)) => DecisionOutcome::Admitted,
        Ok(Outcome::Replayed(_)) => DecisionOutcome::Replayed,
        Ok(Outcome::Refused(Refusal::Quota(_))) => DecisionOutcome::RefusedByQuota,
        Ok(Outcome::Refused(_)) => DecisionOutcome::Refused,
        Err(_) => DecisionOutcome::Failed,
    };
    count(cx, word, resources);
    if let Ok(Outcome::Refused(Refusal::Quota(quota))) = &outcome {
        refusals::note(cx, user, quota);
    }
    match outcome? {
        Outcome::Applied(answer) => Ok(Done { user, answer, replayed: false }),
        Outcome::Replayed(answer) => Ok(Done { user, answer, replayed: true }),
        Outcome::Refused(refusal) => Err(refusal.into()),
    }
}

/// Counts a decision about each resource. A command that was not judged by limits may name
/// anything: only what is configured gets a count.
fn count(cx: &Cx, word: DecisionOutcome, resources: &[ResourceName]) {
    match word {
        DecisionOutcome::Admitted | DecisionOutcome::Replayed | DecisionOutcome::RefusedByQuota => {
            cx.metrics.decided(word, resources);
        }
        DecisionOutcome::Refused | DecisionOutcome::Failed => {
            let policy = cx.ledger.policy();
            let known = resources.iter().filter(|name| policy.resource(name).is_some());
            cx.metrics.decided(word, known);
        }
    }
}

/// The resources that a command asks about.
pub(crate) fn resources(verb: &Verb) -> Vec<ResourceName> {
    let names =
        |amounts: &[(ResourceName, _)]| amounts.iter().map(|(name, _)| name.clone()).collect();
    match verb {
        Verb::Record(record) => vec![record.resource.clone()],
        Verb::Reserve(reserve) => names(&reserve.amounts),
        Verb::Settle(settle) => names(&settle.amounts),
        Verb::Extend(ask) => names(&ask.amounts),
        Verb::Release(_) | Verb::Sweep => Vec::new(),
    }
}
