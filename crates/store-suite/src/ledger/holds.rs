//! Holds: made, settled, extended, released, run out.

use super::*;
use novacore_ledger::{EntryKind, Flags, HeldAmount, Hold, HoldAsk, HoldStatus};

async fn find(harness: &impl Harness, user: UserId, version: Version) -> Option<Hold> {
    harness.ledger().hold(HoldId { user, version }).await.expect("an answer")
}

async fn status(harness: &impl Harness, user: UserId, version: Version) -> HoldStatus {
    find(harness, user, version).await.expect("a hold").status
}

async fn open_holds(harness: &impl Harness, user: UserId) -> usize {
    harness.ledger().account(user).await.expect("an account").open_holds
}

/// Headroom is held until the settle charges what was used and gives the rest back.
pub async fn a_hold_sets_aside_and_a_settle_charges(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let answer = apply(harness, user, reserve(&[("llm_tokens", 300)])).await;
    assert_eq!(answer.hold, Some(Version(1)));
    assert_eq!(answer.expires_at, Some(at("2026-11-24T08:10:00Z")));
    assert_eq!(answer.standings, [trial_standing(0, 300)]);
    let held = HeldAmount {
        resource: name("llm_tokens"),
        reserved: 300,
        held: 300,
        charged: 0,
        charged_on_expiry: 0,
    };
    let mut expected = Hold {
        version: Version(1),
        reserved_at: at(START),
        expires_at: at("2026-11-24T08:10:00Z"),
        on_expiry: OnExpiry::Release,
        status: HoldStatus::Open,
        amounts: vec![held],
    };
    assert_eq!(find(harness, user, Version(1)).await, Some(expected.clone()));
    assert_eq!(find(harness, user, Version(2)).await, None);
    assert_eq!(find(harness, user_id(9), Version(1)).await, None);

    let answer = apply(harness, user, settle(Version(1), &[("llm_tokens", 120)])).await;
    assert_eq!(answer.standings, [trial_standing(120, 0)]);
    expected.status = HoldStatus::Settled;
    (expected.amounts[0].held, expected.amounts[0].charged) = (0, 120);
    assert_eq!(find(harness, user, Version(1)).await, Some(expected));
}

/// Of several resources all fit, or nothing is held.
pub async fn a_hold_is_all_or_nothing(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let both = [("llm_tokens", 100), ("messages", 101)];
    let refused = refusal(submit(harness, user, reserve(&both)).await);
    assert!(is_quota(&refused), "{refused:?}");
    assert_eq!(history(harness, user).await, []);
    let version = hold(harness, user, &[("llm_tokens", 100), ("messages", 100)]).await;
    let settled = apply(harness, user, settle(version, &[("messages", 1)])).await;
    assert_eq!(settled.standings.len(), 2);
    assert_eq!(tokens(harness, user).await, (0, 0));
    assert_eq!(totals(harness, user, "messages", Window::Day).await, (1, 0));
}

/// Partial settles move from held to used; the last one gives the rest back.
pub async fn partial_settles_charge_as_they_go(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let version = hold(harness, user, &[("llm_tokens", 300)]).await;
    apply(harness, user, settle_part(version, &[("llm_tokens", 100)])).await;
    assert_eq!(tokens(harness, user).await, (100, 200));
    harness.reopen();
    apply(harness, user, settle_part(version, &[("llm_tokens", 50)])).await;
    assert_eq!(tokens(harness, user).await, (150, 150));
    apply(harness, user, settle(version, &[("llm_tokens", 10)])).await;
    assert_eq!(tokens(harness, user).await, (160, 0));
    let ended = find(harness, user, version).await.expect("the hold");
    assert_eq!((ended.status, ended.amounts[0].charged), (HoldStatus::Settled, 160));
}

/// Real use is never dropped: the excess is charged and flagged, and so is what was not held.
pub async fn a_settle_may_exceed_its_hold(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let version = hold(harness, user, &[("llm_tokens", 900)]).await;
    let used = [("llm_tokens", 1_100), ("messages", 2)];
    let answer = apply(harness, user, settle(version, &used)).await;
    assert!(answer.flags.has(Flags::EXCESS.with(Flags::UNHELD).with(Flags::FINAL)));
    assert_eq!(tokens(harness, user).await, (1_100, 0));
    assert_eq!(totals(harness, user, "messages", Window::Day).await, (2, 0));
}

/// A released hold leaves nothing behind in the counters.
pub async fn a_release_gives_all_back(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let version = hold(harness, user, &[("llm_tokens", 1_000), ("messages", 7)]).await;
    assert_eq!(open_holds(harness, user).await, 1);
    apply(harness, user, Verb::Release(version)).await;
    assert_eq!(open_holds(harness, user).await, 0);
    assert_eq!(tokens(harness, user).await, (0, 0));
    assert_eq!(status(harness, user, version).await, HoldStatus::Released);
    hold(harness, user, &[("llm_tokens", 1_000)]).await;
}

/// After settle or release every further end is refused with how the hold ended, also after a
/// restart.
pub async fn an_ended_hold_cannot_end_again(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let settled = hold(harness, user, &[("llm_tokens", 10)]).await;
    apply(harness, user, settle(settled, &[])).await;
    let released = hold(harness, user, &[("llm_tokens", 10)]).await;
    apply(harness, user, Verb::Release(released)).await;
    for _ in 0..2 {
        for (version, how) in [(settled, HoldStatus::Settled), (released, HoldStatus::Released)] {
            let extend = HoldAsk { hold: version, ttl_s: 60, amounts: vec![] };
            for verb in [settle(version, &[]), Verb::Release(version), Verb::Extend(extend)] {
                let refused = refusal(submit(harness, user, verb).await);
                assert_eq!(refused, Refusal::HoldEnded(how));
            }
        }
        let unknown = refusal(submit(harness, user, Verb::Release(Version(99))).await);
        assert_eq!(unknown, Refusal::HoldUnknown);
        harness.reopen();
    }
}

/// An extension gives time and headroom, if it fits.
pub async fn a_hold_is_extended(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let version = hold(harness, user, &[("llm_tokens", 300)]).await;
    harness.clock().advance_s(500);
    let ask =
        |number| HoldAsk { hold: version, ttl_s: 600, amounts: amounts(&[("llm_tokens", number)]) };
    let refused = refusal(submit(harness, user, Verb::Extend(ask(701))).await);
    assert!(is_quota(&refused), "{refused:?}");
    let answer = apply(harness, user, Verb::Extend(ask(700))).await;
    assert_eq!(answer.expires_at, Some(at("2026-11-24T08:18:20Z")));
    harness.clock().advance_s(599);
    assert_eq!(tokens(harness, user).await, (0, 1_000));
    harness.reopen();
    assert_eq!(status(harness, user, version).await, HoldStatus::Open);
    harness.clock().advance_s(1);
    assert_eq!(tokens(harness, user).await, (0, 0));
}

/// A hold that ran out holds nothing for whoever looks next: a reader, a command, a look at the
/// hold.
pub async fn a_hold_that_ran_out_is_swept_by_whoever_looks(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let first = hold(harness, user, &[("llm_tokens", 1_000)]).await;
    harness.clock().advance_s(600);
    assert_eq!(tokens(harness, user).await, (0, 0));
    let second = hold(harness, user, &[("llm_tokens", 1_000)]).await;
    harness.clock().advance_s(600);
    let third = hold(harness, user, &[("llm_tokens", 1_000)]).await;
    harness.clock().advance_s(600);
    assert_eq!(status(harness, user, third).await, HoldStatus::Expired);
    for version in [first, second] {
        assert_eq!(status(harness, user, version).await, HoldStatus::Expired);
    }
    let kinds: Vec<EntryKind> =
        history(harness, user).await.iter().map(|entry| entry.kind).collect();
    use EntryKind::{Expire, Reserve};
    assert_eq!(kinds, [Reserve, Expire, Reserve, Expire, Reserve, Expire]);
}

/// A hold that charges on expiry turns into use.
pub async fn a_charging_hold_charges_when_it_runs_out(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let verb = reserve_for(60, OnExpiry::Charge, &[("llm_tokens", 400)]);
    let version = apply(harness, user, verb).await.hold.expect("a hold");
    apply(harness, user, settle_part(version, &[("llm_tokens", 100)])).await;
    harness.clock().advance_s(60);
    assert_eq!(tokens(harness, user).await, (400, 0));
    let ended = find(harness, user, version).await.expect("the hold");
    assert_eq!(ended.status, HoldStatus::Expired);
    assert_eq!((ended.amounts[0].charged, ended.amounts[0].charged_on_expiry), (400, 300));
}

/// After expiry one settle is accepted, flagged late, and charges the difference; also after a
/// restart.
pub async fn a_late_settle_is_accepted_once(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let verb = reserve_for(60, OnExpiry::Charge, &[("llm_tokens", 400)]);
    let charged = apply(harness, user, verb).await.hold.expect("a hold");
    let given_back = hold(harness, user, &[("llm_tokens", 300)]).await;
    harness.clock().advance_s(600);
    assert_eq!(tokens(harness, user).await, (400, 0));
    harness.reopen();
    let answer = apply(harness, user, settle(charged, &[("llm_tokens", 150)])).await;
    assert!(answer.flags.has(Flags::LATE.with(Flags::FINAL)));
    assert_eq!(tokens(harness, user).await, (150, 0));
    apply(harness, user, settle(given_back, &[("llm_tokens", 20)])).await;
    assert_eq!(tokens(harness, user).await, (170, 0));
    for version in [charged, given_back] {
        assert_eq!(status(harness, user, version).await, HoldStatus::SettledLate);
        let refused = refusal(submit(harness, user, settle(version, &[])).await);
        assert_eq!(refused, Refusal::HoldEnded(HoldStatus::SettledLate));
    }
}

/// A hold made before midnight charges the day before, however late it is settled.
pub async fn a_hold_counts_in_the_window_of_its_reserve(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    harness.clock().set(at("2026-11-24T23:59:00Z"));
    let version = hold(harness, user, &[("llm_tokens", 800)]).await;
    harness.clock().set(at("2026-11-25T00:01:00Z"));
    assert_eq!(tokens(harness, user).await, (0, 0));
    apply(harness, user, enforced("llm_tokens", 1_000)).await;
    harness.reopen();
    apply(harness, user, settle(version, &[("llm_tokens", 500)])).await;
    assert_eq!(tokens(harness, user).await, (1_000, 0));
    let view = harness.ledger().account(user).await.expect("an account");
    let yesterday = view.state.totals(&name("llm_tokens"), Window::Day, at(START));
    assert_eq!(yesterday, (500, 0));
}

/// An open hold holds after a restart, and is settled then.
pub async fn holds_survive_a_restart(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let version = hold(harness, user, &[("llm_tokens", 600)]).await;
    harness.reopen();
    assert_eq!(open_holds(harness, user).await, 1);
    assert_eq!(tokens(harness, user).await, (0, 600));
    let refused = refusal(submit(harness, user, enforced("llm_tokens", 401)).await);
    assert!(is_quota(&refused), "{refused:?}");
    apply(harness, user, settle(version, &[("llm_tokens", 600)])).await;
    assert_eq!(tokens(harness, user).await, (600, 0));
}

/// A hold that ran out while the store was stopped holds nothing afterwards.
pub async fn a_hold_that_runs_out_while_stopped_is_swept(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let version = hold(harness, user, &[("llm_tokens", 1_000)]).await;
    harness.clock().advance_s(3_600);
    harness.reopen();
    apply(harness, user, enforced("llm_tokens", 1_000)).await;
    assert_eq!(status(harness, user, version).await, HoldStatus::Expired);
    assert_eq!(open_holds(harness, user).await, 0);
}
