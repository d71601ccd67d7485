//! Idempotency keys.

use super::*;

fn replayed(outcome: Outcome) -> Answer {
    match outcome {
        Outcome::Replayed(answer) => answer,
        other => panic!("not replayed: {other:?}"),
    }
}

/// A repeated command gets its first answer, whatever happened since, also after a restart; it has
/// one effect.
pub async fn a_key_replays_its_first_answer(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let making = keyed("make", 1, reserve(&[("llm_tokens", 300), ("messages", 1)]));
    let made = applied(run(harness, user, making.clone()).await);
    let version = made.hold.expect("a hold");
    let settling = keyed("settle ünï", 2, settle(version, &[("llm_tokens", 100)]));
    let settled = applied(run(harness, user, settling.clone()).await);
    for _ in 0..3 {
        assert_eq!(replayed(run(harness, user, making.clone()).await), made);
        assert_eq!(replayed(run(harness, user, settling.clone()).await), settled);
        assert_eq!(tokens(harness, user).await, (100, 0));
        harness.clock().advance_s(86_400);
        apply(harness, user, record("llm_tokens", 100)).await;
        harness.reopen();
    }
}

/// A key with another body is refused, and what it stands for stays.
pub async fn a_key_stands_for_one_command(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let first = keyed("k", 1, record("llm_tokens", 5));
    let answer = applied(run(harness, user, first.clone()).await);
    for _ in 0..2 {
        let other = keyed("k", 2, record("llm_tokens", 6));
        assert_eq!(refusal(run(harness, user, other).await), Refusal::KeyReused);
        assert_eq!(replayed(run(harness, user, first.clone()).await), answer);
        harness.reopen();
    }
    assert_eq!(tokens(harness, user).await, (5, 0));
}

/// A refused command is judged afresh when it is repeated.
pub async fn a_refused_command_leaves_its_key_free(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let version = hold(harness, user, &[("llm_tokens", 1_000)]).await;
    let asking = keyed("k", 1, reserve(&[("llm_tokens", 500)]));
    let refused = refusal(run(harness, user, asking.clone()).await);
    assert!(is_quota(&refused), "{refused:?}");
    apply(harness, user, Verb::Release(version)).await;
    applied(run(harness, user, asking).await);
}

/// The same key several times in one call: one effect, one answer; another body is refused.
pub async fn a_key_twice_in_one_call_applies_once(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let same = keyed("k", 1, enforced("llm_tokens", 100));
    let other = keyed("k", 2, enforced("llm_tokens", 100));
    let calls = [same.clone(), same.clone(), other, same].map(|command| (user, command));
    let outcomes = harness.ledger().submit_all(calls.into()).await;
    let outcomes: Vec<Outcome> =
        outcomes.into_iter().map(|outcome| outcome.expect("a judgement")).collect();
    let first = applied(outcomes[0].clone());
    assert_eq!(outcomes[1], Outcome::Replayed(first.clone()));
    assert_eq!(outcomes[2], Outcome::Refused(Refusal::KeyReused));
    assert_eq!(outcomes[3], Outcome::Replayed(first));
    assert_eq!(tokens(harness, user).await, (100, 0));
}

/// The same command from many callers at once is applied once.
pub async fn a_key_sent_at_once_by_many_applies_once(harness: &mut impl Harness) {
    let user = user(harness, 1, "basic").await;
    let calls = vec![keyed("k", 1, reserve(&[("llm_tokens", 100)])); 64];
    let outcomes = parallel::at_once(harness, user, calls).await;
    let first = outcomes.iter().find_map(|outcome| match outcome {
        Outcome::Applied(answer) => Some(answer.clone()),
        Outcome::Replayed(_) | Outcome::Refused(_) => None,
    });
    let first = first.expect("one is applied");
    let is_replay = |outcome: &&Outcome| **outcome == Outcome::Replayed(first.clone());
    assert_eq!(outcomes.iter().filter(is_replay).count(), 63);
    assert_eq!(tokens(harness, user).await, (0, 100));
}

/// Two accounts may use one key.
pub async fn a_key_is_scoped_to_its_account(harness: &mut impl Harness) {
    let one = user(harness, 1, "free_trial").await;
    let two = user(harness, 2, "free_trial").await;
    for number in 0..2 {
        for (user, used) in [(one, 5), (two, 7)] {
            let outcome = run(harness, user, keyed("k", 1, record("llm_tokens", used))).await;
            let fresh = matches!(outcome, Outcome::Applied(_));
            assert_eq!(fresh, number == 0);
            assert_eq!(tokens(harness, user).await, (used, 0));
        }
        harness.reopen();
    }
}

/// A key is known after so many other commands that no store has it in memory any more.
pub async fn a_key_replays_after_many_other_commands(harness: &mut impl Harness) {
    keys_replay_after(harness, 40).await;
}

/// As [`a_key_replays_after_many_other_commands`], with `calls` times 500 others between: for
/// longer than a test may take.
pub async fn keys_replay_after(harness: &mut impl Harness, calls: usize) {
    let user = user(harness, 1, "pro").await;
    let early = keyed("early", 1, record("llm_tokens", 5));
    let answer = applied(run(harness, user, early.clone()).await);
    for call in 0..calls {
        let calls = (0..500).map(|number| {
            let key = format!("other {call} {number}");
            (user, keyed(&key, 1, record("llm_tokens", 1)))
        });
        let outcomes = harness.ledger().submit_all(calls.collect()).await;
        let fresh = |outcome: &Result<_, _>| matches!(outcome, Ok(Outcome::Applied(_)));
        assert!(outcomes.iter().all(fresh));
    }
    for _ in 0..2 {
        assert_eq!(replayed(run(harness, user, early.clone()).await), answer);
        for (call, number) in [(0, 0), (calls / 2, 321), (calls - 1, 499)] {
            let key = format!("other {call} {number}");
            replayed(run(harness, user, keyed(&key, 1, record("llm_tokens", 1))).await);
        }
        harness.reopen();
    }
    let total = totals(harness, user, "llm_tokens", Window::Day).await;
    assert_eq!(total, (500 * calls as i64 + 5, 0));
}
