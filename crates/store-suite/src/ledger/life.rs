//! The life of entries, holds and keys.

use super::{
    Harness, apply, correct, enforce, keyed, plain, record, refusal, reserve, settle, submit,
    totals, user,
};
use novacore_ledger::{Flags, HoldStatus, Invalid, Outcome, Refusal, Verb};
use novacore_store::{error::StoreError, ledger::EntryQuery};
use novacore_vocab::{HoldId, UserId, Version};
use uuid::Uuid;

/// Operations between a command and its replay.
const MUCH_ELSE: usize = 3_000;

/// What was recorded counts, and what a hold set aside becomes use.
pub async fn a_record_is_there_and_a_hold_is_settled(harness: &mut impl Harness) {
    let ada = user(harness, 1).await;
    apply(harness, ada, record("llm_tokens", 800)).await;
    let hold = apply(harness, ada, reserve("llm_tokens", 200)).await;
    assert_eq!(totals(harness, ada, "llm_tokens").await, (800, 200));
    apply(harness, ada, settle(hold, "llm_tokens", 150)).await;
    assert_eq!(totals(harness, ada, "llm_tokens").await, (950, 0));
    harness.reopen();
    assert_eq!(totals(harness, ada, "llm_tokens").await, (950, 0));
}

/// A refusal names the limit and writes nothing.
pub async fn a_refusal_changes_nothing(harness: &mut impl Harness) {
    let ada = user(harness, 1).await;
    apply(harness, ada, record("llm_tokens", 900)).await;
    let before = harness.ledger().account(ada).await.expect("known");
    for verb in [reserve("llm_tokens", 101), enforce("llm_tokens", 101)] {
        let Refusal::Quota(quota) = refusal(harness, ada, verb).await else {
            panic!("refused for another reason");
        };
        assert_eq!((quota.used, quota.held, quota.cap, quota.remaining), (900, 0, 1_000, 100));
    }
    assert_eq!(harness.ledger().account(ada).await.expect("known"), before);
}

/// A key answers the same for the life of the ledger, and never for another command.
pub async fn a_key_is_replayed_also_after_a_restart_and_much_else(harness: &mut impl Harness) {
    let ada = user(harness, 1).await;
    let bob = user(harness, 2).await;
    let first = submit(harness, ada, keyed("k", 1, record("messages", 5))).await;
    let Outcome::Applied(answer) = first else { panic!("not applied: {first:?}") };
    for round in 0..MUCH_ELSE / 1_000 {
        let commands = (0..1_000).map(|number| {
            let key = format!("other {round} {number}");
            (bob, keyed(&key, 1, record("llm_tokens", 1)))
        });
        for outcome in harness.ledger().submit_all(commands.collect()).await {
            assert!(matches!(outcome, Ok(Outcome::Applied(_))));
        }
    }
    for _ in 0..2 {
        let again = submit(harness, ada, keyed("k", 1, record("messages", 5))).await;
        assert_eq!(again, Outcome::Replayed(answer.clone()));
        let other = submit(harness, ada, keyed("k", 2, record("messages", 6))).await;
        assert_eq!(other, Outcome::Refused(Refusal::KeyReused));
        harness.reopen();
    }
    let of_bob = submit(harness, bob, keyed("k", 2, record("messages", 6))).await;
    assert!(matches!(of_bob, Outcome::Applied(_)), "the scope of a key is the account");
    assert_eq!(totals(harness, ada, "messages").await, (5, 0));
    assert_eq!(totals(harness, bob, "llm_tokens").await, (MUCH_ELSE as i64, 0));
}

/// Twice in one call is still once; results keep the order of the commands.
pub async fn one_key_twice_in_a_batch_has_one_effect(harness: &mut impl Harness) {
    let ada = user(harness, 1).await;
    let command = keyed("k", 1, record("messages", 5));
    let other = plain(record("messages", 1));
    let commands = vec![(ada, command.clone()), (ada, other), (ada, command)];
    let outcomes = harness.ledger().submit_all(commands).await;
    let words: Vec<_> = outcomes
        .iter()
        .map(|outcome| match outcome {
            Ok(Outcome::Applied(answer)) => ("applied", answer.version.0),
            Ok(Outcome::Replayed(answer)) => ("replayed", answer.version.0),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(words, [("applied", 1), ("applied", 2), ("replayed", 1)]);
    assert_eq!(totals(harness, ada, "messages").await, (6, 0));
}

/// A hold ends once; one that ran out is still settled, once.
pub async fn a_hold_ends_once_and_is_settled_late_once(harness: &mut impl Harness) {
    let ada = user(harness, 1).await;
    let settled = apply(harness, ada, reserve("llm_tokens", 100)).await;
    apply(harness, ada, settle(settled, "llm_tokens", 40)).await;
    let expired = apply(harness, ada, reserve("llm_tokens", 500)).await;
    let released = apply(harness, ada, reserve("llm_tokens", 300)).await;
    apply(harness, ada, Verb::Release(released)).await;
    harness.clock().advance_s(61);
    assert_eq!(totals(harness, ada, "llm_tokens").await, (40, 0), "a read sweeps");
    harness.reopen();
    for (hold, status) in [(settled, HoldStatus::Settled), (released, HoldStatus::Released)] {
        let refused = refusal(harness, ada, settle(hold, "llm_tokens", 1)).await;
        assert_eq!(refused, Refusal::HoldEnded(status));
    }
    let late = submit(harness, ada, plain(settle(expired, "llm_tokens", 60))).await;
    let Outcome::Applied(answer) = late else { panic!("not applied: {late:?}") };
    assert!(answer.flags.has(Flags::LATE));
    assert_eq!(totals(harness, ada, "llm_tokens").await, (100, 0));
    harness.reopen();
    let refused = refusal(harness, ada, settle(expired, "llm_tokens", 60)).await;
    assert_eq!(refused, Refusal::HoldEnded(HoldStatus::SettledLate));
    let id = HoldId { user: ada, version: expired };
    let hold = harness.ledger().hold(id).await.expect("answered").expect("known");
    assert_eq!((hold.status, hold.amounts[0].charged), (HoldStatus::SettledLate, 60));
    assert_eq!(refusal(harness, ada, Verb::Release(Version(999))).await, Refusal::HoldUnknown);
}

/// All corrections of an entry together take back at most the entry.
pub async fn a_correction_is_bounded_also_after_a_restart(harness: &mut impl Harness) {
    let ada = user(harness, 1).await;
    let entry = apply(harness, ada, record("llm_tokens", 700)).await;
    apply(harness, ada, correct("llm_tokens", -300, entry)).await;
    for _ in 0..2 {
        let refused = refusal(harness, ada, correct("llm_tokens", -401, entry)).await;
        assert_eq!(refused, Refusal::Invalid(Invalid::CorrectsTooMuch { left: 400 }));
        harness.reopen();
    }
    apply(harness, ada, correct("llm_tokens", -400, entry)).await;
    assert_eq!(totals(harness, ada, "llm_tokens").await, (0, 0));
    let refused = refusal(harness, ada, correct("llm_tokens", -1, Version(2))).await;
    assert_eq!(refused, Refusal::Invalid(Invalid::CorrectsUnknown));
}

/// A level goes down to zero and no further, gibibytes included.
pub async fn a_level_gives_back_what_it_holds(harness: &mut impl Harness) {
    const GIB: i64 = 1 << 30;
    let ada = user(harness, 1).await;
    apply(harness, ada, enforce("memory_storage", GIB)).await;
    let over = refusal(harness, ada, enforce("memory_storage", 1)).await;
    assert!(matches!(over, Refusal::Quota(_)));
    apply(harness, ada, record("memory_storage", -GIB)).await;
    let below = refusal(harness, ada, record("memory_storage", -1)).await;
    assert!(matches!(below, Refusal::LevelBelowZero { part: 0, .. }), "{below:?}");
    assert_eq!(totals(harness, ada, "memory_storage").await, (0, 0));
}

/// Commands and reads about nobody fail, and make nobody.
pub async fn an_unknown_user_is_not_found(harness: &mut impl Harness) {
    let nobody = UserId(Uuid::from_u128(404));
    let ledger = harness.ledger();
    let submitted = ledger.submit(nobody, plain(record("messages", 1))).await;
    assert_eq!(submitted, Err(StoreError::NotFound("user")));
    assert_eq!(ledger.account(nobody).await, Err(StoreError::NotFound("user")));
    let id = HoldId { user: nobody, version: Version(1) };
    assert_eq!(ledger.hold(id).await, Ok(None));
    let listed = ledger.entries(&EntryQuery::newest(nobody, 1)).await;
    assert_eq!(listed, Err(StoreError::NotFound("user")));
}
