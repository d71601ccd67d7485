//! What readers are told.

use super::{Harness, apply, record, reserve, resource, user};
use novacore_ledger::EntryKind;
use novacore_store::{
    clock::Clock,
    ledger::{DayRange, EntryQuery},
};
use novacore_vocab::Version;

const DAY_S: i64 = 86_400;

/// Pages are complete and in order, also while nothing of them is derived yet.
pub async fn entries_are_paged_and_filtered(harness: &mut impl Harness) {
    let ada = user(harness, 1).await;
    let half = 90;
    for number in 0..2 * half {
        let name = if number % 3 == 0 { "llm_tokens" } else { "messages" };
        apply(harness, ada, record(name, 1)).await;
        harness.clock().advance_s(1);
        if number == half {
            harness.reopen();
        }
    }
    let versions = |entries: Vec<novacore_ledger::Entry>| -> Vec<u64> {
        entries.into_iter().map(|entry| entry.version.0).collect()
    };
    let all = harness.ledger().entries(&EntryQuery::newest(ada, 500)).await.expect("listed");
    let last = all.len() as u64;
    assert_eq!(versions(all.clone()), (1..=last).rev().collect::<Vec<_>>());
    let mut pages = Vec::new();
    let mut query = EntryQuery::newest(ada, 7);
    loop {
        let page = harness.ledger().entries(&query).await.expect("listed");
        let Some(entry) = page.last() else { break };
        query.before = Some(entry.version);
        pages.extend(page);
    }
    assert_eq!(pages, all);
    let mut query = EntryQuery::newest(ada, 500);
    query.resource = Some(resource("llm_tokens"));
    query.kinds = vec![EntryKind::Record];
    query.from = Some(all[100].recorded_at);
    query.until = Some(all[20].recorded_at);
    let want: Vec<_> = all.iter().filter(|entry| query.matches(entry)).cloned().collect();
    assert!(!want.is_empty());
    assert_eq!(harness.ledger().entries(&query).await.expect("listed"), want);
    let mut query = EntryQuery::newest(ada, 5);
    query.after = Some(Version(last - 3));
    let page = harness.ledger().entries(&query).await.expect("listed");
    assert_eq!(versions(page), [last - 2, last - 1, last], "after a version, the oldest first");
}

/// A flow adds up on the day it occurred, a level stays until it changes.
pub async fn days_add_up_for_flows_and_levels(harness: &mut impl Harness) {
    let ada = user(harness, 1).await;
    for day in 0..5_i64 {
        if day != 2 {
            apply(harness, ada, record("llm_tokens", 10 + day)).await;
            apply(harness, ada, record("llm_tokens", 1)).await;
            apply(harness, ada, record("memory_storage", 100)).await;
        }
        if day == 1 {
            harness.reopen();
        }
        harness.clock().advance_s(DAY_S);
    }
    for _ in 0..2 {
        let range = DayRange::last_days(7, harness.clock().now());
        let amounts = async |name: &str| -> Vec<i64> {
            let days = harness.ledger().days(ada, &resource(name), range).await;
            days.expect("listed").into_iter().map(|row| row.amount).collect()
        };
        assert_eq!(amounts("llm_tokens").await, [0, 11, 12, 0, 14, 15, 0]);
        assert_eq!(amounts("memory_storage").await, [0, 100, 200, 200, 300, 400, 400]);
        assert_eq!(amounts("messages").await, [0; 7]);
        harness.reopen();
    }
}

/// The operator sees sums over all users, and who used most.
pub async fn totals_rank_users(harness: &mut impl Harness) {
    let ada = user(harness, 1).await;
    let bob = user(harness, 2).await;
    for (who, number) in [(ada, 5), (bob, 7), (ada, 1)] {
        apply(harness, who, record("messages", number)).await;
    }
    harness.reopen();
    let range = DayRange::last_days(1, harness.clock().now());
    let all = harness.ledger().totals(range, 1).await.expect("summed");
    let messages = all.iter().find(|one| one.resource == resource("messages")).expect("configured");
    assert_eq!((messages.amount, messages.users), (13, 2));
    let top: Vec<_> = messages.top.iter().map(|user| (user.user, user.amount)).collect();
    assert_eq!(top, [(bob, 7)]);
}

/// Whoever listens sees every entry, in order.
pub async fn subscribers_see_entries_in_order(harness: &mut impl Harness) {
    let ada = user(harness, 1).await;
    let mut posted = harness.ledger().subscribe();
    apply(harness, ada, record("messages", 80)).await;
    apply(harness, ada, reserve("messages", 1)).await;
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let next = posted.recv().await.expect("the store lives");
        assert_eq!(next.account.user, ada);
        seen.extend(next.entries.iter().map(|entry| (entry.version.0, entry.kind)));
    }
    let want = [(1, EntryKind::Record), (2, EntryKind::Threshold), (3, EntryKind::Reserve)];
    assert_eq!(seen, want);
}

/// A store that works says so.
pub async fn health_tells_the_truth(harness: &mut impl Harness) {
    let ada = user(harness, 1).await;
    apply(harness, ada, record("messages", 1)).await;
    let health = harness.ledger().health();
    assert!(health.writable && health.why.is_none());
    assert_eq!((health.entries, health.accounts_loaded), (1, 1));
}
