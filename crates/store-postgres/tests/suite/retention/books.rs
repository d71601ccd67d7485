//! What is left of an account whose first months are gone: the same account.

use super::{LATER, Story, applied, at, correct, detach, month, settle};
use crate::{
    ask::{command, keyed, record, tokens},
    fixture::options,
};
use novacore_ledger::{Invalid, Outcome, Refusal};
use novacore_store::ledger::{DayAmount, DayRange, EntryQuery, Ledger};
use novacore_store_postgres::{Options, PostgresStore, Retain, detachable, export};
use novacore_store_suite::ledger::Harness;
use novacore_vocab::{ResourceName, Version};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// Every row of a ledger, whatever table it lies in.
fn digest(tables: &[&str]) -> String {
    let rows: Vec<String> = tables.iter().map(|table| format!("TABLE {table}")).collect();
    format!(
        "SELECT count(*), md5(string_agg(row::text, ' ' ORDER BY bucket, user_id, version)) \
         FROM ({}) AS row",
        rows.join(" UNION ALL ")
    )
}

async fn days(story: &Story) -> Vec<Vec<DayAmount>> {
    let range =
        DayRange { first: at("2026-11-20T00:00:00Z").day_number(), last: at(LATER).day_number() };
    let level = ResourceName::parse("memory_storage").expect("a resource's name");
    let store = story.fixture.store();
    let mut series = Vec::new();
    for resource in [tokens(), level] {
        series.push(store.days(story.user, &resource, range).await.expect("days"));
    }
    series
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn months_leave_and_nothing_else_changes() {
    let story = Story::tell().await;
    let (entries, _) = story.verified().await;
    let all = story.psql(&digest(&["usage_ledger"]));
    let (view, series) = (story.fixture.store().account(story.user).await, days(&story).await);

    let gone = detach(&story.fixture, "2026-12").await.expect("they go");
    let months: Vec<String> = gone.iter().map(|gone| gone.month.to_string()).collect();
    assert_eq!(months, ["2026-10", "2026-11"]);
    assert_eq!(story.verified().await, (entries - gone[1].entries, gone[1].entries));
    // What was recorded in December counts in November, and is there.
    assert_ne!(story.psql("SELECT count(*) FROM usage_ledger_other"), "0");
    applied(&story.fixture, story.user, record(3)).await;
    let more = detach(&story.fixture, "2027-01").await.expect("they go");
    assert_eq!(story.verified().await.1, gone[1].entries + more[0].entries);
    assert_eq!(detach(&story.fixture, "2027-01").await, Ok(vec![]));

    story.psql("DELETE FROM usage_ledger WHERE timestamp >= '2028-01-01' AND amount = 3");
    let tables =
        ["usage_ledger", "usage_ledger_202610", "usage_ledger_202611", "usage_ledger_202612"];
    assert_eq!(story.psql(&digest(&tables)), all);
    for (table, from, until) in [
        ("usage_ledger_202611", "2026-11-01", "2026-12-01"),
        ("usage_ledger_202612", "2026-12-01", "2027-01-01"),
    ] {
        let others = format!(
            "SELECT count(*) FROM {table} WHERE timestamp < '{from}' OR timestamp >= '{until}'"
        );
        assert_eq!(story.psql(&others), "0", "{table} holds what was recorded in its month");
    }
    let (before, after) = (view.unwrap(), story.fixture.store().account(story.user).await.unwrap());
    assert_eq!(after.state.version, Version(before.state.version.0 + 1));
    let mut now = days(&story).await;
    now[0].last_mut().unwrap().amount -= 3;
    assert_eq!(now, series);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_gone_is_refused_like_what_never_was_and_keys_still_answer() {
    let story = Story::tell().await;
    let store = story.fixture.store();
    let first = store.submit(story.user, keyed("a key", record(300))).await.expect("an answer");
    detach(&story.fixture, "2027-01").await.expect("they go");
    let again = store.submit(story.user, keyed("a key", record(300))).await;
    assert!(matches!(first, Outcome::Replayed(_)));
    assert_eq!(again, Ok(first));
    let corrected = store.submit(story.user, command(correct(story.recorded, -1))).await;
    let unknown = Refusal::Invalid(Invalid::CorrectsUnknown);
    assert_eq!(corrected, Ok(Outcome::Refused(unknown)));
    let settled = store.submit(story.user, command(settle(story.expired, 1))).await;
    assert_eq!(settled, Ok(Outcome::Refused(Refusal::HoldUnknown)));

    let mut pages = Vec::new();
    let mut query = EntryQuery::newest(story.user, 2);
    loop {
        let page = store.entries(&query).await.expect("a page");
        let Some(last) = page.last() else { break };
        query.before = Some(last.version);
        pages.extend(page.iter().map(|entry| entry.version.0));
    }
    let opened = story
        .psql("SELECT version FROM opening WHERE user_id = '01980000-0000-7000-8000-00000000004d'");
    let opened: u64 = opened.parse().expect("an opening");
    let last = store.account(story.user).await.expect("an account").state.version.0;
    assert_eq!(pages, (opened + 1..=last).rev().collect::<Vec<_>>());

    let mut written = 0;
    let exported = export(story.fixture.url(), |_, _| {
        written += 1;
        Ok(())
    });
    let exported = exported.await.expect("an export");
    assert_eq!(exported.entries, written);
    let months: Vec<String> = exported.detached.iter().map(|one| one.month.to_string()).collect();
    assert_eq!(months, ["2026-10", "2026-11", "2026-12"]);
    story.verified().await;
}

/// No node was there in time to make the partitions of later months: their entries lie in the
/// default partition, and leave it month by month.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn months_without_a_partition_leave_as_well() {
    let story = Story::tell().await;
    for day in ["2028-06-01T00:00:00Z", "2028-06-30T00:00:00Z", "2028-07-01T00:00:00Z"] {
        story.fixture.clock().set(at(day));
        applied(&story.fixture, story.user, record(1)).await;
    }
    story.fixture.clock().set(at("2029-10-01T00:00:00Z"));
    let (entries, _) = story.verified().await;
    let by = options(story.fixture.url(), story.fixture.hand_clock());
    let shown = detachable(&by, month("2028-07")).await.expect("months");
    let gone = detach(&story.fixture, "2028-07").await.expect("they go");
    let kept = |month: &str| gone.iter().find(|gone| gone.month.to_string() == month).cloned();
    assert_eq!(kept("2028-06").expect("June is gone").entries, 2);
    let shown: Vec<_> = shown.iter().map(|old| (old.month, old.entries)).collect();
    assert_eq!(shown, gone.iter().map(|gone| (gone.month, gone.entries)).collect::<Vec<_>>());
    let later = "SELECT count(*) FROM usage_ledger WHERE timestamp >= '2028-07-01'";
    let later: u64 = story.psql(later).parse().expect("a number");
    assert_eq!(story.verified().await, (later, entries - later));
    assert_eq!(gone.iter().map(|gone| gone.entries).sum::<u64>(), entries - later);
    assert_eq!(detachable(&by, month("2028-07")).await, Ok(vec![]));
}

/// A node does it by itself, and only as far as it is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_detaches_what_it_does_not_retain() {
    let story = Story::tell().await;
    let retaining = Options {
        retain: Some(Retain::months(16).expect("enough")),
        tick: Duration::from_millis(1),
        ..options(story.fixture.url(), story.fixture.hand_clock())
    };
    let node = PostgresStore::open(retaining).await.expect("it opens");
    let gone = tokio::time::timeout(PATIENCE, async {
        while story.psql("SELECT max(month) FROM detached_month") != "202611" {
            tokio::task::yield_now().await;
        }
    });
    gone.await.expect("it does it in time");
    node.close().await;
    assert_eq!(story.psql("SELECT count(*) FROM detached_month"), "2");
    story.verified().await;
}
