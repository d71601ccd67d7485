//! What readers see.

use super::*;
use novacore_ledger::{Crossing, EntryKind, LimitName};
use novacore_store::ledger::{
    DayAmount, DayRange, DayUse, ENTRY_PAGE_ROWS_MAX, ResourceUse, UserAmount,
};

/// Whoever is unknown has no account and nothing is written for him.
pub async fn nobody_has_no_account(harness: &mut impl Harness) {
    let ledger = harness.ledger();
    let nobody = user_id(9);
    let not_found = StoreError::NotFound("user");
    let submitted = ledger.submit(nobody, command(record("llm_tokens", 1))).await;
    assert_eq!(submitted, Err(not_found.clone()));
    assert_eq!(ledger.account(nobody).await, Err(not_found.clone()));
    let listed = ledger.entries(&EntryQuery::newest(nobody, 1)).await;
    assert_eq!(listed, Err(not_found));
    let hold = ledger.hold(HoldId { user: nobody, version: Version(1) }).await;
    assert_eq!(hold, Ok(None));
    drop(ledger);
    let user = user(harness, 9, "free_trial").await;
    apply(harness, user, record("llm_tokens", 1)).await;
}

async fn page(harness: &impl Harness, query: EntryQuery) -> Vec<u64> {
    let rows = harness.ledger().entries(&query).await.expect("a page");
    rows.into_iter().map(|entry| entry.version.0).collect()
}

/// Downwards page by page from the newest, upwards from what was seen; without gap or overlap,
/// before a restart and after.
pub async fn entries_are_paged_both_ways(harness: &mut impl Harness) {
    let user = user(harness, 1, "pro").await;
    for number in 1..=7 {
        apply(harness, user, record("llm_tokens", number)).await;
    }
    for _ in 0..2 {
        let newest = EntryQuery::newest(user, 3);
        let below = |version| EntryQuery { before: Some(Version(version)), ..newest.clone() };
        let above = |version| EntryQuery { after: Some(Version(version)), ..newest.clone() };
        assert_eq!(page(harness, newest.clone()).await, [7, 6, 5]);
        assert_eq!(page(harness, below(5)).await, [4, 3, 2]);
        assert_eq!(page(harness, below(2)).await, [1]);
        assert_eq!(page(harness, below(1)).await, [0; 0]);
        assert_eq!(page(harness, above(0)).await, [1, 2, 3]);
        assert_eq!(page(harness, above(5)).await, [6, 7]);
        assert_eq!(page(harness, above(7)).await, [0; 0]);
        let between = EntryQuery { before: Some(Version(6)), ..above(2) };
        assert_eq!(page(harness, between).await, [3, 4, 5]);
        let none = EntryQuery { rows_max: 0, ..newest.clone() };
        assert_eq!(page(harness, none).await, [0; 0]);
        harness.reopen();
    }
    let calls = vec![(user, command(record("messages", 1))); ENTRY_PAGE_ROWS_MAX + 1];
    harness.ledger().submit_all(calls).await;
    let all = page(harness, EntryQuery::newest(user, usize::MAX)).await;
    assert_eq!(all.len(), ENTRY_PAGE_ROWS_MAX);
}

/// Pages are complete and in order where what was stored before a restart meets what came after.
pub async fn pages_are_complete_across_a_restart(harness: &mut impl Harness) {
    let user = user(harness, 1, "pro").await;
    for number in 0..120 {
        let resource = if number % 3 == 0 { "llm_tokens" } else { "messages" };
        apply(harness, user, record(resource, 1)).await;
        if number == 60 {
            harness.reopen();
        }
    }
    let all = history(harness, user).await;
    assert_eq!(all.len(), 120);
    for resource in [None, Some(name("llm_tokens"))] {
        let mut query = EntryQuery { resource, ..EntryQuery::newest(user, 7) };
        let expected: Vec<Entry> =
            all.iter().rev().filter(|entry| query.matches(entry)).cloned().collect();
        let mut pages = Vec::new();
        loop {
            let page = harness.ledger().entries(&query).await.expect("a page");
            let Some(last) = page.last() else { break };
            query.before = Some(last.version);
            pages.extend(page);
        }
        assert_eq!(pages, expected);
    }
}

/// By resource, by kind, by time, and by all together.
pub async fn entries_are_filtered(harness: &mut impl Harness) {
    let one = user(harness, 1, "pro").await;
    let two = user(harness, 2, "pro").await;
    apply(harness, two, record("llm_tokens", 1)).await;
    let version = hold(harness, one, &[("llm_tokens", 5), ("messages", 1)]).await;
    harness.clock().advance_s(10);
    apply(harness, one, record("llm_tokens", 2)).await;
    harness.clock().advance_s(10);
    apply(harness, one, settle(version, &[("llm_tokens", 5)])).await;
    let newest = EntryQuery::newest(one, 10);
    let tokens = EntryQuery { resource: Some(name("llm_tokens")), ..newest.clone() };
    let kinds = EntryQuery { kinds: vec![EntryKind::Reserve, EntryKind::Record], ..newest.clone() };
    let second = at(START).plus_seconds(10);
    let from = EntryQuery { from: Some(second), ..newest.clone() };
    let until = EntryQuery { until: Some(second), ..newest.clone() };
    let all = EntryQuery { from: Some(second), before: Some(Version(5)), ..tokens.clone() };
    let other = EntryQuery { resource: Some(name("agent_minutes")), ..newest.clone() };
    for _ in 0..2 {
        assert_eq!(page(harness, newest.clone()).await, [5, 4, 3, 2, 1]);
        assert_eq!(page(harness, tokens.clone()).await, [4, 3, 1]);
        assert_eq!(page(harness, kinds.clone()).await, [3, 2, 1]);
        assert_eq!(page(harness, from.clone()).await, [5, 4, 3]);
        assert_eq!(page(harness, until.clone()).await, [2, 1]);
        assert_eq!(page(harness, all.clone()).await, [4, 3]);
        assert_eq!(page(harness, other.clone()).await, [0; 0]);
        harness.reopen();
    }
}

/// Every kind of entry is the same after a restart.
pub async fn entries_read_back_after_a_restart(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let entry = apply(harness, user, record("llm_tokens", 900)).await.version;
    apply(harness, user, correction(entry, "llm_tokens", -800)).await;
    let first = hold(harness, user, &[("llm_tokens", 5), ("messages", 3)]).await;
    let ask = novacore_ledger::HoldAsk { hold: first, ttl_s: 700, amounts: vec![] };
    apply(harness, user, Verb::Extend(ask)).await;
    apply(harness, user, settle(first, &[("llm_tokens", 5)])).await;
    let second = hold(harness, user, &[("llm_tokens", 5)]).await;
    apply(harness, user, Verb::Release(second)).await;
    hold(harness, user, &[("llm_tokens", 6)]).await;
    harness.clock().advance_s(600);
    harness.ledger().account(user).await.expect("an account");
    let before = history(harness, user).await;
    let mut kinds: Vec<EntryKind> = before.iter().map(|entry| entry.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds, EntryKind::ALL);
    harness.reopen();
    assert_eq!(history(harness, user).await, before);
}

async fn days(harness: &impl Harness, user: UserId, resource: &str, range: DayRange) -> Vec<i64> {
    let rows = harness.ledger().days(user, &name(resource), range).await.expect("days");
    let numbered: Vec<DayAmount> = (range.first..=range.last)
        .zip(&rows)
        .map(|(day, row)| DayAmount { day, amount: row.amount })
        .collect();
    assert_eq!(rows, numbered, "one row for every day");
    rows.into_iter().map(|row| row.amount).collect()
}

/// A flow's series counts use on the day it occurred, zeros included.
pub async fn days_of_a_flow_are_days_of_use(harness: &mut impl Harness) {
    let user = user(harness, 1, "pro").await;
    apply(harness, user, record("llm_tokens", 10)).await;
    harness.clock().set(at("2026-11-26T00:00:00Z"));
    apply(harness, user, record("llm_tokens", 20)).await;
    let late =
        Record { occurred_at: Some(at("2026-11-24T23:59:59Z")), ..record_of("llm_tokens", 5) };
    apply(harness, user, Verb::Record(late)).await;
    for _ in 0..2 {
        let now = harness.clock().now();
        let range = DayRange::last_days(4, now);
        assert_eq!(days(harness, user, "llm_tokens", range).await, [0, 15, 0, 20]);
        assert_eq!(days(harness, user, "messages", range).await, [0; 4]);
        let first = DayRange { last: range.first + 1, ..range };
        assert_eq!(days(harness, user, "llm_tokens", first).await, [0, 15]);
        harness.reopen();
    }
}

/// A level's series shows what was there at each day's end, also on days without entries and before
/// the range.
pub async fn days_of_a_level_are_levels_at_their_end(harness: &mut impl Harness) {
    let user = user(harness, 1, "pro").await;
    apply(harness, user, record("memory_storage", 100)).await;
    apply(harness, user, record("memory_storage", -40)).await;
    harness.clock().set(at("2026-11-26T12:00:00Z"));
    apply(harness, user, record("memory_storage", 7)).await;
    harness.clock().set(at("2026-11-27T12:00:00Z"));
    for _ in 0..2 {
        let range = DayRange::last_days(5, harness.clock().now());
        assert_eq!(days(harness, user, "memory_storage", range).await, [0, 60, 60, 67, 67]);
        let last = DayRange { first: range.last, ..range };
        assert_eq!(days(harness, user, "memory_storage", last).await, [67]);
        harness.reopen();
    }
}

/// All users together, per resource, with those who used most.
pub async fn totals_add_up_over_users(harness: &mut impl Harness) {
    let mut users = Vec::new();
    for (number, used) in [(1, 10), (2, 30), (3, 20)] {
        let user = user(harness, number, "pro").await;
        apply(harness, user, record("llm_tokens", used)).await;
        apply(harness, user, record("memory_storage", used * 2)).await;
        users.push(user);
    }
    harness.clock().set(at("2026-11-26T12:00:00Z"));
    apply(harness, users[0], record("llm_tokens", 1)).await;
    apply(harness, users[1], record("memory_storage", -60)).await;
    let row = |user: usize, amount| UserAmount { user: users[user], amount };
    for _ in 0..2 {
        let now = harness.clock().now();
        let all = harness.ledger().totals(DayRange::last_days(3, now), 2).await.expect("totals");
        assert_eq!((all.counted_at, all.active_users), (now, 3));
        let of = |resource: &str| {
            let found = all.resources.iter().find(|total| total.resource == name(resource));
            found.expect("every resource that was used").clone()
        };
        let tokens = ResourceUse {
            resource: name("llm_tokens"),
            amount: 61,
            users: 3,
            top: vec![row(1, 30), row(2, 20)],
        };
        assert_eq!(of("llm_tokens"), tokens);
        let storage = of("memory_storage");
        let held = (storage.amount, storage.users, &storage.top);
        assert_eq!(held, (60, 2, &vec![row(2, 40), row(0, 20)]));
        let today = harness.ledger().totals(DayRange::last_days(1, now), 2).await.expect("totals");
        let tokens = today.resources.iter().find(|total| total.resource == name("llm_tokens"));
        let tokens = tokens.expect("tokens were used today");
        // One has used tokens, another has moved what he stores.
        assert_eq!(today.active_users, 2);
        assert_eq!((tokens.amount, tokens.users, &tokens.top), (1, 1, &vec![row(0, 1)]));
        harness.reopen();
    }
}

/// A day of all users is the sum of the users' days, and says how many they are: of a flow those
/// who have used some, of a level those who hold some at the day's end.
pub async fn series_are_the_sums_of_the_users_days(harness: &mut impl Harness) {
    let mut users = Vec::new();
    for number in 1..=3 {
        users.push(user(harness, number, "pro").await);
    }
    apply(harness, users[0], record("memory_storage", 100)).await;
    apply(harness, users[0], record("llm_tokens", 7)).await;
    for (day, user, resource, amount) in [
        ("2026-11-26T12:00:00Z", 1, "llm_tokens", 30),
        ("2026-11-26T12:00:00Z", 1, "llm_tokens", 5),
        ("2026-11-26T12:00:00Z", 0, "llm_tokens", 1),
        ("2026-11-26T12:00:00Z", 2, "memory_storage", 40),
        ("2026-11-28T12:00:00Z", 0, "memory_storage", -100),
        ("2026-11-28T12:00:00Z", 1, "memory_storage", 3),
        ("2026-11-28T12:00:00Z", 2, "memory_storage", 2),
        ("2026-11-28T12:00:00Z", 2, "llm_tokens", 2),
    ] {
        harness.clock().set(at(day));
        apply(harness, users[user], record(resource, amount)).await;
    }
    let range = DayRange::last_days(4, at("2026-11-29T12:00:00Z"));
    harness.clock().set(at("2026-11-29T12:00:00Z"));
    for _ in 0..2 {
        for (resource, expected) in [
            ("llm_tokens", [(36, 2), (0, 0), (2, 1), (0, 0)]),
            ("memory_storage", [(140, 2), (140, 2), (45, 2), (45, 2)]),
            ("messages", [(0, 0); 4]),
        ] {
            let ledger = harness.ledger();
            let series = ledger.series(&name(resource), range).await.expect("a series");
            let expected = (range.first..).zip(expected);
            let expected = expected.map(|(day, (amount, users))| DayUse { day, amount, users });
            assert_eq!(series.days, expected.collect::<Vec<_>>(), "{resource}");
            let mut sums = vec![0; 4];
            for user in &users {
                let days = ledger.days(*user, &name(resource), range).await.expect("days");
                sums.iter_mut().zip(days).for_each(|(sum, day)| *sum += day.amount);
            }
            assert_eq!(series.days.iter().map(|day| day.amount).collect::<Vec<_>>(), sums);
        }
        harness.reopen();
    }
}

/// A listener hears of every entry, in the order of versions, with what readers see.
pub async fn a_listener_hears_of_entries_in_order(harness: &mut impl Harness) {
    let user = user(harness, 1, "pro").await;
    apply(harness, user, record("llm_tokens", 1)).await;
    let mut heard = harness.ledger().subscribe(user);
    let commands = (0..50).map(|_| command(record("llm_tokens", 1))).collect();
    parallel::at_once(harness, user, commands).await;
    hold(harness, user, &[("llm_tokens", 5), ("messages", 1)]).await;
    submit(harness, user, record("llm_tokens", 0)).await;
    let written = history(harness, user).await;
    let mut told = Vec::new();
    while told.len() < 52 {
        let posted = heard.recv().await.expect("no gap");
        assert_eq!(posted.account.user, user);
        told.extend(posted.entries.iter().cloned());
    }
    assert_eq!(told, written[1..]);
    assert!(heard.try_recv().is_err(), "a refusal is no entry");
}

fn crossing(percent: u8, used: i64, limit_version: u64) -> Crossing {
    Crossing {
        limit: LimitName::parse("day").expect("a name"),
        limit_version,
        window: Window::Day,
        percent,
        cap: 1_000,
        used,
        rearm_below: None,
    }
}

/// A threshold is told once per window, also after a restart, and again in the next window.
pub async fn thresholds_fire_once_per_window(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let limits = harness.ledger().policy();
    let limits = &limits.tier(&tier("free_trial")).expect("the tier").limits[&name("llm_tokens")];
    let version = limits[0].version;
    for used in [799, 1, 100, 100, 100] {
        apply(harness, user, record("llm_tokens", used)).await;
        harness.reopen();
    }
    harness.clock().advance_s(86_400);
    apply(harness, user, record("llm_tokens", 1_500)).await;
    let crossings: Vec<Crossing> =
        history(harness, user).await.into_iter().filter_map(|entry| entry.crossing).collect();
    let expected = [
        crossing(80, 800, version),
        crossing(100, 1_000, version),
        crossing(80, 1_500, version),
        crossing(100, 1_500, version),
    ];
    assert_eq!(crossings, expected);
}

/// What was used and held in every window is the same after a restart.
pub async fn counters_survive_a_restart(harness: &mut impl Harness) {
    let user = user(harness, 1, "basic").await;
    for day in 0..4 {
        apply(harness, user, record("llm_tokens", 100 + day)).await;
        apply(harness, user, record("memory_storage", 1 << 20)).await;
        apply(harness, user, reserve_for(3_600, OnExpiry::Charge, &[("messages", 3)])).await;
        harness.clock().advance_s(86_400);
    }
    let sums = async |harness: &mut _| {
        let mut sums = Vec::new();
        for resource in ["llm_tokens", "memory_storage", "messages"] {
            for window in Window::ALL {
                sums.push(totals(harness, user, resource, window).await);
            }
        }
        sums
    };
    let before = sums(harness).await;
    assert!(before.contains(&(406, 0)) && before.contains(&(4 << 20, 0)), "{before:?}");
    harness.reopen();
    assert_eq!(sums(harness).await, before);
}

/// A store that works says so, and counts its entries: all of them, or those since it was opened.
pub async fn health_counts_entries(harness: &mut impl Harness) {
    let user = user(harness, 1, "pro").await;
    for _ in 0..2 {
        let before = harness.ledger().health().entries;
        apply(harness, user, record("llm_tokens", 1)).await;
        let health = harness.ledger().health();
        let entries = history(harness, user).await.len() as u64;
        assert!(before == 0 || before == entries - 1, "{before} of {entries}");
        assert!(health.writable && health.why.is_none(), "{health:?}");
        assert_eq!((health.entries, health.queue_depth), (before + 1, 0));
        assert_eq!(health.accounts_loaded, 1);
        harness.reopen();
    }
}
