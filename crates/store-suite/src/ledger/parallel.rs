//! Many callers at once.

use super::*;

const CALLERS: usize = 200;

/// Submits every command from a task of its own; the outcomes in the commands' order.
pub(super) async fn at_once(
    harness: &impl Harness,
    user: UserId,
    commands: Vec<Command>,
) -> Vec<Outcome> {
    let tasks: Vec<_> = commands
        .into_iter()
        .map(|command| {
            let ledger = harness.ledger();
            tokio::spawn(async move { ledger.submit(user, command).await })
        })
        .collect();
    let mut outcomes = Vec::with_capacity(tasks.len());
    for task in tasks {
        let outcome = task.await.expect("no caller panics");
        outcomes.push(outcome.expect("a judgement"));
    }
    outcomes
}

fn is_applied(outcome: &&Outcome) -> bool {
    matches!(outcome, Outcome::Applied(_))
}

/// Asks 200 times at once for 100 of a cap of 1,000: ten are admitted, every other is refused for
/// quota.
async fn fill(harness: &impl Harness, user: UserId, verb: impl Fn(usize) -> Verb) -> Vec<Outcome> {
    let commands = (0..CALLERS).map(|number| command(verb(number))).collect();
    let outcomes = at_once(harness, user, commands).await;
    assert_eq!(outcomes.iter().filter(is_applied).count(), 10);
    for outcome in &outcomes {
        let admitted = matches!(outcome, Outcome::Applied(_));
        assert!(admitted || matches!(outcome, Outcome::Refused(Refusal::Quota(_))), "{outcome:?}");
    }
    let (used, held) = tokens(harness, user).await;
    assert_eq!(used + held, 1_000);
    outcomes
}

fn one_hold() -> Verb {
    reserve(&[("llm_tokens", 100)])
}

/// By hold.
pub async fn holds_at_once_fill_a_cap_exactly(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    fill(harness, user, |_| one_hold()).await;
    assert_eq!(tokens(harness, user).await, (0, 1_000));
}

/// By record that asks for admission.
pub async fn records_at_once_fill_a_cap_exactly(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    fill(harness, user, |_| enforced("llm_tokens", 100)).await;
    assert_eq!(tokens(harness, user).await, (1_000, 0));
}

/// By both in turn.
pub async fn holds_and_records_at_once_fill_a_cap_exactly(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let mixed = |number: usize| match number % 2 {
        0 => one_hold(),
        _ => enforced("llm_tokens", 100),
    };
    fill(harness, user, mixed).await;
}

/// What is released at once can all be had again.
pub async fn released_holds_leave_all_of_a_cap_usable(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    for _ in 0..2 {
        let outcomes = fill(harness, user, |_| one_hold()).await;
        let releases = outcomes.into_iter().filter_map(|outcome| match outcome {
            Outcome::Applied(answer) => Some(command(Verb::Release(answer.hold?))),
            Outcome::Replayed(_) | Outcome::Refused(_) => None,
        });
        let ended = at_once(harness, user, releases.collect()).await;
        assert_eq!(ended.iter().filter(is_applied).count(), 10);
        assert_eq!(tokens(harness, user).await, (0, 0));
    }
    fill(harness, user, |_| enforced("llm_tokens", 100)).await;
}

/// Versions count up without gap and times never run backwards, however many write, and across
/// restarts.
pub async fn versions_are_gapless_under_load(harness: &mut impl Harness) {
    let user = user(harness, 1, "pro").await;
    for _ in 0..3 {
        let commands = (1..=150).map(|number| command(record("llm_tokens", number))).collect();
        at_once(harness, user, commands).await;
        harness.clock().advance_s(-60);
        harness.reopen();
    }
    let entries = history(harness, user).await;
    assert_eq!(entries.len(), 450);
    let versions = entries.iter().map(|entry| entry.version.0);
    assert!(versions.eq(1..=450));
    assert!(entries.is_sorted_by_key(|entry| entry.recorded_at));
    let sum: i64 = entries.iter().map(|entry| entry.amount).sum();
    assert_eq!(tokens(harness, user).await, (sum, 0));
}

/// In one call a release makes room for a hold that stands before it, or not; never is more held
/// than fits.
pub async fn what_makes_room_goes_first_in_a_call(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let version = hold(harness, user, &[("llm_tokens", 1_000)]).await;
    let calls = vec![
        (user, command(Verb::Release(version))),
        (user, command(reserve(&[("llm_tokens", 1_000)]))),
        (user, command(reserve(&[("llm_tokens", 1)]))),
    ];
    let outcomes = harness.ledger().submit_all(calls).await;
    let applied = |outcome: &Result<Outcome, _>| matches!(outcome, Ok(Outcome::Applied(_)));
    assert_eq!(outcomes.iter().map(applied).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(tokens(harness, user).await, (0, 1_000));
}

/// Results come in the commands' order, each for itself: a refused one and one of nobody spoil no
/// other.
pub async fn a_call_answers_in_the_order_of_its_commands(harness: &mut impl Harness) {
    let one = user(harness, 1, "free_trial").await;
    let two = user(harness, 2, "free_trial").await;
    let calls = vec![
        (one, command(enforced("llm_tokens", 600))),
        (user_id(9), command(record("llm_tokens", 1))),
        (two, command(enforced("llm_tokens", 700))),
        (one, command(enforced("llm_tokens", 401))),
        (one, command(enforced("llm_tokens", 400))),
        (two, command(record("llm_tokens", 0))),
    ];
    let outcomes = harness.ledger().submit_all(calls).await;
    let told: Vec<String> = outcomes
        .into_iter()
        .map(|outcome| match outcome {
            Ok(Outcome::Applied(answer)) => format!("used {}", answer.standings[0].used),
            Ok(Outcome::Replayed(_)) => "replayed".to_owned(),
            Ok(Outcome::Refused(refusal)) => refusal.to_string(),
            Err(error) => error.to_string(),
        })
        .collect();
    let expected = [
        "used 600",
        "user not found",
        "used 700",
        "llm_tokens quota exceeded",
        "used 1000",
        "the amount must not be 0",
    ];
    assert_eq!(told, expected);
    assert_eq!(harness.ledger().submit_all(vec![]).await, []);
}

/// A call may bring so many commands and no more.
pub async fn a_call_of_too_many_commands_writes_nothing(harness: &mut impl Harness) {
    let user = user(harness, 1, "pro").await;
    let calls = |count| vec![(user, command(record("llm_tokens", 1))); count];
    let refused = harness.ledger().submit_all(calls(SUBMIT_COMMANDS_MAX + 1)).await;
    assert_eq!(refused, vec![Err(StoreError::Overloaded); SUBMIT_COMMANDS_MAX + 1]);
    assert_eq!(tokens(harness, user).await, (0, 0));
    let outcomes = harness.ledger().submit_all(calls(SUBMIT_COMMANDS_MAX)).await;
    let applied = |outcome: &Result<_, _>| matches!(outcome, Ok(Outcome::Applied(_)));
    assert!(outcomes.iter().all(applied));
}
