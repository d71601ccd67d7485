//! What every store is asked, and by whom: the same for each, so that rows can be compared.

use anyhow::{Context, bail};
use novacore_access::{Role, User};
use novacore_ledger::{
    Answer, Cap, Command, Expect, Limit, OnExpiry, Outcome, Record, Reserve, Settle, Tier, Verb,
};
use novacore_store::{clock::Clock, ledger::Ledger};
use novacore_vocab::{
    Amount, IdempotencyKey, OrgId, ResourceName, Source, TierName, Timestamp, UserId, Window,
};
use std::time::Instant;
use uuid::Uuid;

/// The users' tier.
const TIER: &str = "bench";
/// What every record carries besides.
pub(crate) const METADATA: &str = r#"{"model":"small","request":"0123456789abcdef"}"#;

/// Time that passes as it really does, from a fixed day on.
#[derive(Debug)]
pub(crate) struct RunningClock(pub(crate) Instant);

/// Where it begins: 2026-11-24T08:00:00Z.
pub(crate) const START_S: i64 = 1_795_507_200;

impl Clock for RunningClock {
    fn now(&self) -> Timestamp {
        let micros = START_S * 1_000_000 + self.0.elapsed().as_micros() as i64;
        Timestamp::from_micros(micros)
    }
}

/// The tier of every user: a cap that is judged every time and never reached.
pub(crate) fn tier() -> anyhow::Result<Tier> {
    let cap = Cap::Of(Amount::new(1 << 50)?);
    let limits = [(ResourceName::parse("llm_tokens")?, vec![Limit::hard(cap, Window::Day)])];
    let name = TierName::parse(TIER)?;
    Ok(Tier { name, rank: 1, limits: limits.into_iter().collect() })
}

/// So many users.
pub(crate) fn users(count: usize) -> Vec<UserId> {
    (0..count).map(|index| UserId(Uuid::from_u128(index as u128 + 1))).collect()
}

pub(crate) fn user(id: UserId) -> anyhow::Result<User> {
    Ok(User {
        id,
        org: OrgId(id.0),
        email: None,
        role: Role::Student,
        tier: TierName::parse(TIER)?,
        disabled: false,
        trial_ends_at: None,
        created_at: Timestamp::from_seconds(1),
    })
}

/// A keyed record that is judged against a cap; each number has a key of its own.
pub(crate) fn record(number: u64) -> Command {
    let verb = Verb::Record(Record {
        resource: ResourceName::parse("llm_tokens").expect("a name"),
        amount: Amount::new(1 + (number % 10) as i64).expect("small"),
        source: Source::Api,
        expect: Expect::Admission,
        corrects: None,
        occurred_at: None,
        metadata: Some(METADATA.into()),
    });
    let key = IdempotencyKey::parse(&key_text(number)).expect("a key");
    Command { key: Some(key), fingerprint: 1, verb }
}

pub(crate) fn applied(outcome: Outcome) -> anyhow::Result<Answer> {
    match outcome {
        Outcome::Applied(answer) => Ok(answer),
        other => bail!("not applied: {other:?}"),
    }
}

/// The key of the record with this number.
pub(crate) fn key_text(number: u64) -> String {
    format!("{number:016x}")
}

/// A hold and its settlement, one after the other.
pub(crate) async fn hold_and_settle(store: &dyn Ledger, user: UserId) -> anyhow::Result<()> {
    let amounts = vec![(ResourceName::parse("llm_tokens")?, Amount::new(9)?)];
    let reserve = Reserve {
        amounts: amounts.clone(),
        ttl_s: 60,
        on_expiry: OnExpiry::Release,
        metadata: None,
    };
    let answer = applied(store.submit(user, plain(Verb::Reserve(reserve))).await?)?;
    let hold = answer.hold.context("a hold")?;
    let settle = Settle { hold, amounts, last: true, metadata: None };
    applied(store.submit(user, plain(Verb::Settle(settle))).await?)?;
    Ok(())
}

fn plain(verb: Verb) -> Command {
    Command { key: None, fingerprint: 0, verb }
}
