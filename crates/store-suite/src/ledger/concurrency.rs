//! Many callers at once, and changes of what they may.

use super::{
    Harness, amount, apply, audit, enforce, plain, record, refusal, reserve, resource, tier,
    totals, user,
};
use futures::future::join_all;
use novacore_access::AuditAction;
use novacore_ledger::{Cap, Limit, Outcome, Override, Refusal, Verb};
use novacore_store::directory::UserChange;
use novacore_vocab::{UserId, Version, Window};

/// Callers at once.
const CALLERS: usize = 200;

/// However 200 callers ask for 100 of a cap of 1,000, exactly ten get it, and all of it is usable afterwards.
pub async fn of_200_asks_exactly_as_many_as_fit_are_admitted(harness: &mut impl Harness) {
    let ways: [fn(usize) -> Verb; 3] = [
        |_| reserve("llm_tokens", 100),
        |_| enforce("llm_tokens", 100),
        |caller| match caller % 2 {
            0 => reserve("llm_tokens", 100),
            _ => enforce("llm_tokens", 100),
        },
    ];
    for (number, way) in ways.into_iter().enumerate() {
        let ada = user(harness, 10 + number as u128).await;
        let (admitted, holds) = storm(harness, ada, way).await;
        assert_eq!(admitted, 10, "way {number}");
        let (used, held) = totals(harness, ada, "llm_tokens").await;
        assert_eq!((used + held, held), (1_000, 100 * holds.len() as i64));
        for hold in holds {
            apply(harness, ada, Verb::Release(hold)).await;
        }
        let (used, _) = totals(harness, ada, "llm_tokens").await;
        if used < 1_000 {
            apply(harness, ada, enforce("llm_tokens", 1_000 - used)).await;
        }
        assert_eq!(totals(harness, ada, "llm_tokens").await, (1_000, 0));
    }
}

/// How many asks are admitted, and the holds among them.
async fn storm(
    harness: &impl Harness,
    user: UserId,
    way: fn(usize) -> Verb,
) -> (usize, Vec<Version>) {
    let asks = (0..CALLERS).map(|caller| harness.ledger().submit(user, plain(way(caller))));
    let (mut admitted, mut holds) = (0, Vec::new());
    for outcome in join_all(asks).await {
        match outcome.expect("the store answers") {
            Outcome::Applied(answer) => {
                admitted += 1;
                holds.extend(answer.hold);
            }
            Outcome::Refused(Refusal::Quota(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    (admitted, holds)
}

/// What an operator changes is in force for the next command.
pub async fn a_tier_or_override_is_in_force_at_once(harness: &mut impl Harness) {
    let ada = user(harness, 1).await;
    apply(harness, ada, record("llm_tokens", 900)).await;
    assert!(matches!(refusal(harness, ada, reserve("llm_tokens", 500)).await, Refusal::Quota(_)));
    let change = UserChange::Tier { from: tier("free_trial"), to: tier("basic") };
    let written = audit(AuditAction::SetTier, "user:ada");
    harness.directory().change_user(ada, &change, &written).await.expect("changed");
    apply(harness, ada, reserve("llm_tokens", 40_000)).await;
    let value = Override {
        resource: resource("llm_tokens"),
        limit: None,
        cap: Some(Cap::Of(amount(40_900))),
        mode: None,
        warn_at: None,
        expires_at: None,
        reason: "suite".into(),
        author: "suite".into(),
        version: 0,
    };
    let written = audit(AuditAction::PutOverride, "user:ada");
    harness.ledger().put_override(ada, value, &written).await.expect("set");
    assert!(matches!(refusal(harness, ada, reserve("llm_tokens", 1)).await, Refusal::Quota(_)));
    harness.reopen();
    assert!(matches!(refusal(harness, ada, reserve("llm_tokens", 1)).await, Refusal::Quota(_)));
    let (name, written) = (resource("llm_tokens"), audit(AuditAction::RemoveOverride, "user:ada"));
    harness.ledger().remove_override(ada, &name, None, &written).await.expect("removed");
    apply(harness, ada, reserve("llm_tokens", 1)).await;
    assert!(harness.ledger().remove_override(ada, &name, None, &written).await.is_err());
}

/// A limit that changes gets a larger version, one that does not keeps its own.
pub async fn a_changed_limit_has_a_new_version(harness: &mut impl Harness) {
    let versions = |policy: &novacore_ledger::Policy| {
        let tier = policy.tier(&tier("basic")).expect("built in");
        let of = |name: &str| tier.limits[&resource(name)][0].version;
        (of("llm_tokens"), of("messages"))
    };
    let policy = harness.ledger().policy();
    let before = versions(&policy);
    let mut changed = policy.tier(&tier("basic")).expect("built in").clone();
    let limit = Limit::hard(Cap::Of(amount(7)), Window::Day);
    changed.limits.insert(resource("llm_tokens"), vec![limit]);
    let written = audit(AuditAction::PutTier, "tier:basic");
    let policy = harness.ledger().put_tier(changed, &written).await.expect("stored");
    let after = versions(&policy);
    assert!(after.0 > before.0, "{before:?} {after:?}");
    assert_eq!(after.1, before.1);
    harness.reopen();
    assert_eq!(versions(&harness.ledger().policy()), after, "an operator's tier stays");
}
