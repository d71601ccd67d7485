//! Users and commands for tests.

use crate::fixture::Fixture;
use novacore_access::{Actor, AuditAction, AuditEntry, Reason, Role, User};
use novacore_ledger::{Command, Expect, OnExpiry, Outcome, Record, Reserve, Verb};
use novacore_store::{clock::Clock, error::StoreError, ledger::Ledger};
use novacore_store_suite::ledger::Harness;
use novacore_vocab::{
    Amount, IdempotencyKey, OrgId, ResourceName, Source, TierName, Timestamp, UserId, Window,
};
use std::sync::Arc;
use uuid::Uuid;

pub(crate) fn tokens() -> ResourceName {
    ResourceName::parse("llm_tokens").expect("a resource's name")
}

/// Stores user `number` in a tier.
pub(crate) async fn user(fixture: &Fixture, number: u128, tier: &str) -> UserId {
    let id = UserId(Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0000 | number));
    let user = User {
        id,
        org: OrgId(id.0),
        email: None,
        role: Role::Student,
        tier: TierName::parse(tier).expect("a tier's name"),
        disabled: false,
        trial_ends_at: None,
        created_at: fixture.clock().now(),
    };
    fixture.directory().ensure_user(&user).await.expect("a new user");
    id
}

pub(crate) fn command(verb: Verb) -> Command {
    Command { key: None, fingerprint: 1, verb }
}

pub(crate) fn keyed(key: &str, verb: Verb) -> Command {
    let key = Some(IdempotencyKey::parse(key).expect("a key"));
    Command { key, fingerprint: 1, verb }
}

pub(crate) fn amount(number: i64) -> Amount {
    Amount::new(number).expect("an amount")
}

/// A fact about tokens.
pub(crate) fn record(number: i64) -> Verb {
    Verb::Record(Record {
        resource: tokens(),
        amount: amount(number),
        source: Source::Api,
        expect: Expect::Fact,
        corrects: None,
        occurred_at: None,
        metadata: None,
    })
}

/// A hold of tokens.
pub(crate) fn reserve(number: i64, ttl_s: i64) -> Verb {
    Verb::Reserve(Reserve {
        amounts: vec![(tokens(), amount(number))],
        ttl_s,
        on_expiry: OnExpiry::Release,
        metadata: None,
    })
}

/// Today's tokens, used and held.
pub(crate) async fn used_and_held(fixture: &Fixture, user: UserId) -> (i64, i64) {
    let view = fixture.store().account(user).await.expect("an account");
    view.state.totals(&tokens(), Window::Day, fixture.clock().now())
}

/// Submits every command at once, from a task of its own, to the nodes in turn.
pub(crate) async fn at_once(
    nodes: &[Arc<dyn Ledger>],
    commands: impl IntoIterator<Item = (UserId, Command)>,
) -> Vec<Result<Outcome, StoreError>> {
    let nodes = nodes.iter().cycle().cloned();
    let tasks: Vec<_> = nodes
        .zip(commands)
        .map(|(node, (user, command))| {
            tokio::spawn(async move { node.submit(user, command).await })
        })
        .collect();
    let mut outcomes = Vec::with_capacity(tasks.len());
    for task in tasks {
        outcomes.push(task.await.expect("no caller panics"));
    }
    outcomes
}

pub(crate) fn is_applied(outcome: &Result<Outcome, StoreError>) -> bool {
    matches!(outcome, Ok(Outcome::Applied(_)))
}

pub(crate) fn audit(action: AuditAction) -> AuditEntry {
    AuditEntry {
        actor: Actor::Console,
        action,
        target: "a test".to_owned(),
        before: None,
        after: None,
        reason: Reason::parse("a test").expect("a reason"),
        at: Timestamp::from_seconds(1),
    }
}
