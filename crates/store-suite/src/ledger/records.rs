//! Records, levels, corrections.

use super::*;
use novacore_ledger::{EntryKind, Flags, Invalid};
use novacore_store::ledger::DayRange;

const GIB: i64 = 1 << 30;

/// A record is never refused for quota; beyond the cap it is flagged.
pub async fn a_record_is_a_fact_and_counts(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let answer = apply(harness, user, record("llm_tokens", 700)).await;
    let expected = Answer {
        version: Version(1),
        recorded_at: at(START),
        hold: None,
        expires_at: None,
        flags: Flags::NONE,
        standings: vec![trial_standing(700, 0)],
    };
    assert_eq!(answer, expected);
    let answer = apply(harness, user, record("llm_tokens", 700)).await;
    assert_eq!(answer.flags, Flags::OVERAGE);
    assert_eq!(answer.standings, [trial_standing(1_400, 0)]);
    assert_eq!(tokens(harness, user).await, (1_400, 0));
}

/// A record that asks for admission is refused as a whole, says why, and writes nothing.
pub async fn an_enforced_record_is_refused_like_a_hold(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let answer = apply(harness, user, enforced("llm_tokens", 800)).await;
    assert_eq!(answer.flags, Flags::ENFORCED);
    let before = history(harness, user).await;
    let Refusal::Quota(quota) = refusal(submit(harness, user, enforced("llm_tokens", 300)).await)
    else {
        panic!("not refused for quota");
    };
    assert_eq!((quota.used, quota.held, quota.cap), (800, 0, 1_000));
    assert_eq!((quota.requested, quota.remaining), (300, 200));
    assert_eq!(quota.resets_at, Some(at("2026-11-25T00:00:00Z")));
    assert_eq!(quota.upgrade_to, Some(tier("basic")));
    assert_eq!(history(harness, user).await, before);
    apply(harness, user, enforced("llm_tokens", 200)).await;
    assert_eq!(tokens(harness, user).await, (1_000, 0));
}

/// Commands that make no sense are told so, and nothing is written.
pub async fn what_is_invalid_is_refused_and_leaves_no_trace(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let long = "x".repeat(novacore_ledger::METADATA_BYTES_MAX + 1);
    let with_metadata =
        Record { metadata: Some(long.as_str().into()), ..record_of("llm_tokens", 1) };
    for (verb, expected) in [
        (record("llm_tokens", 0), Invalid::AmountZero),
        (record("gpu_seconds", 1), Invalid::ResourceUnknown(name("gpu_seconds"))),
        (record("llm_tokens", -1), Invalid::CorrectsMissing),
        (correction(Version(9), "llm_tokens", -1), Invalid::CorrectsUnknown),
        (Verb::Record(with_metadata), Invalid::MetadataTooLarge),
        (reserve(&[]), Invalid::NoAmounts),
        (reserve_for(0, OnExpiry::Release, &[("llm_tokens", 1)]), Invalid::Ttl),
    ] {
        let refused = refusal(submit(harness, user, verb).await);
        assert_eq!(refused, Refusal::Invalid(expected));
    }
    let most = record("messages", novacore_vocab::AMOUNT_ABS_MAX);
    apply(harness, user, most.clone()).await;
    let written = history(harness, user).await;
    let refused = refusal(submit(harness, user, most).await);
    assert_eq!(refused, Refusal::CounterRange(name("messages")));
    assert_eq!(history(harness, user).await, written);
}

/// What was given is what is read, to the microsecond and the byte.
pub async fn an_entry_reads_back_whole(harness: &mut impl Harness) {
    let user = user(harness, 1, "pro").await;
    harness.clock().set(at("2026-11-24T08:00:00.123457Z"));
    let given = Record {
        occurred_at: Some(at("2026-11-23T23:59:59.999999Z")),
        metadata: Some(r#"{"model":"ünï „x“","n":1}"#.into()),
        source: Source::Memory,
        ..record_of("memory_storage", 42)
    };
    apply(harness, user, Verb::Record(given.clone())).await;
    let expected = Entry {
        version: Version(1),
        kind: EntryKind::Record,
        resource: given.resource,
        source: Source::Memory,
        amount: 42,
        held: 0,
        recorded_at: at("2026-11-24T08:00:00.123457Z"),
        counted_at: at("2026-11-24T08:00:00.123457Z"),
        occurred_at: at("2026-11-23T23:59:59.999999Z"),
        hold: None,
        corrects: None,
        expires_at: None,
        flags: Flags::LATE,
        crossing: None,
        metadata: given.metadata,
    };
    assert_eq!(history(harness, user).await, std::slice::from_ref(&expected));
    harness.reopen();
    assert_eq!(history(harness, user).await, [expected]);
}

/// Each source takes back what it put there and no more, whatever the others did, also after a
/// restart.
pub async fn a_level_goes_up_and_down_and_never_below_zero(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let by =
        |source, number| Verb::Record(Record { source, ..record_of("memory_storage", number) });
    apply(harness, user, by(Source::Api, 500)).await;
    apply(harness, user, by(Source::Memory, 300)).await;
    apply(harness, user, by(Source::Api, -200)).await;
    for _ in 0..2 {
        let refused = refusal(submit(harness, user, by(Source::Api, -301)).await);
        let expected = Refusal::LevelBelowZero {
            resource: name("memory_storage"),
            part_of: Source::Api,
            part: 300,
        };
        assert_eq!(refused, expected);
        assert_eq!(totals(harness, user, "memory_storage", Window::Lifetime).await, (600, 0));
        harness.reopen();
    }
    apply(harness, user, by(Source::Api, -300)).await;
    apply(harness, user, by(Source::Memory, -300)).await;
    assert_eq!(totals(harness, user, "memory_storage", Window::Lifetime).await, (0, 0));
}

/// Large levels are exact: one byte more than a gibibyte is refused, and ten fit the next tier.
pub async fn a_gibibyte_fits_to_the_byte(harness: &mut impl Harness) {
    for (number, tier, cap) in [(1, "free_trial", GIB), (2, "basic", 10 * GIB)] {
        let user = user(harness, number, tier).await;
        apply(harness, user, enforced("memory_storage", cap - 1)).await;
        apply(harness, user, reserve(&[("memory_storage", 1)])).await;
        let refused = refusal(submit(harness, user, enforced("memory_storage", 1)).await);
        assert!(is_quota(&refused), "{refused:?}");
        let lifetime = totals(harness, user, "memory_storage", Window::Lifetime).await;
        assert_eq!(lifetime, (cap - 1, 1));
        apply(harness, user, record("memory_storage", 1 - cap)).await;
        apply(harness, user, enforced("memory_storage", cap - 1)).await;
    }
}

/// Corrections give back in the entry's window, at most what it charged.
pub async fn corrections_add_up_to_the_entry_at_most(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let entry = apply(harness, user, record("llm_tokens", 100)).await.version;
    apply(harness, user, correction(entry, "llm_tokens", -60)).await;
    let refused = refusal(submit(harness, user, correction(entry, "llm_tokens", -41)).await);
    assert_eq!(refused, Refusal::Invalid(Invalid::CorrectsTooMuch { left: 40 }));
    let correcting = apply(harness, user, correction(entry, "llm_tokens", -40)).await.version;
    for (of, resource) in [(correcting, "llm_tokens"), (entry, "messages")] {
        let refused = refusal(submit(harness, user, correction(of, resource, -1)).await);
        assert_eq!(refused, Refusal::Invalid(Invalid::CorrectsUnknown), "{of} {resource}");
    }
    assert_eq!(tokens(harness, user).await, (0, 0));
}

/// What was corrected is known after a restart, and long after; it still counts in the entry's day.
pub async fn corrections_are_remembered_after_a_restart(harness: &mut impl Harness) {
    let user = user(harness, 1, "basic").await;
    let entry = apply(harness, user, record("llm_tokens", 100)).await.version;
    apply(harness, user, correction(entry, "llm_tokens", -60)).await;
    for _ in 0..300 {
        apply(harness, user, record("messages", 1)).await;
    }
    harness.reopen();
    let refused = refusal(submit(harness, user, correction(entry, "llm_tokens", -41)).await);
    assert_eq!(refused, Refusal::Invalid(Invalid::CorrectsTooMuch { left: 40 }));
    harness.clock().set(at("2026-11-25T08:00:00Z"));
    apply(harness, user, record("llm_tokens", 7)).await;
    apply(harness, user, correction(entry, "llm_tokens", -30)).await;
    assert_eq!(tokens(harness, user).await, (7, 0));
    let range = DayRange::last_days(2, harness.clock().now());
    let days = harness.ledger().days(user, &name("llm_tokens"), range).await.expect("two days");
    assert_eq!(days.iter().map(|day| day.amount).collect::<Vec<_>>(), [10, 7]);
    harness.reopen();
    let refused = refusal(submit(harness, user, correction(entry, "llm_tokens", -11)).await);
    assert_eq!(refused, Refusal::Invalid(Invalid::CorrectsTooMuch { left: 10 }));
}

/// Use of an earlier day counts against today's limit, and is reported on its day.
pub async fn late_use_counts_now_and_is_reported_then(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let late =
        Record { occurred_at: Some(at("2026-11-22T12:00:00Z")), ..record_of("llm_tokens", 50) };
    let answer = apply(harness, user, Verb::Record(late)).await;
    assert_eq!(answer.flags, Flags::LATE);
    assert_eq!(tokens(harness, user).await, (50, 0));
    for _ in 0..2 {
        let range = DayRange::last_days(4, harness.clock().now());
        let days = harness.ledger().days(user, &name("llm_tokens"), range).await;
        let days = days.expect("four days");
        assert_eq!(days.iter().map(|day| day.amount).collect::<Vec<_>>(), [0, 50, 0, 0]);
        harness.reopen();
    }
}
