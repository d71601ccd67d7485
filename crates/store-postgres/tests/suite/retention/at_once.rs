//! Nodes that write while a month goes, and nodes that both want it gone.

use super::{Story, applied, correct, detach, psql, settle};
use crate::ask::{command, record, reserve, user};
use novacore_ledger::{Invalid, Outcome, Refusal};
use novacore_store::ledger::Ledger;
use novacore_store_postgres::DetachError;
use novacore_store_suite::ledger::Harness;
use novacore_vocab::{UserId, Version};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

const ACCOUNTS: u128 = 8;
const OLD_EACH: usize = 30;

/// An account with entries that can be corrected and holds that have expired, all of them of a
/// month that is about to go.
struct Old {
    user: UserId,
    recorded: Vec<Version>,
    expired: Vec<Version>,
}

async fn old(story: &Story) -> Vec<Old> {
    let fixture = &story.fixture;
    let mut all = Vec::new();
    for number in 1..=ACCOUNTS {
        let user = user(fixture, 500 + number, "pro").await;
        let (mut recorded, mut expired) = (Vec::new(), Vec::new());
        for _ in 0..OLD_EACH {
            recorded.push(applied(fixture, user, record(5)).await);
            expired.push(applied(fixture, user, reserve(3, 60)).await);
        }
        all.push(Old { user, recorded, expired });
    }
    all
}

/// Corrects, settles late and records, through both nodes, until the months are gone; how many
/// commands were applied and how many found what they name gone.
async fn write(old: Old, nodes: [Arc<dyn Ledger>; 2], ends: Arc<AtomicBool>) -> (u64, u64) {
    let (mut applied, mut gone) = (0, 0);
    let mut work = old.recorded.iter().zip(&old.expired).cycle();
    for round in 0.. {
        if round >= OLD_EACH && ends.load(Ordering::SeqCst) {
            break;
        }
        let (recorded, expired) = work.next().expect("it goes round");
        let verbs = [correct(*recorded, -1), settle(*expired, 2), record(1)];
        for (verb, node) in verbs.into_iter().zip([&nodes[round % 2], &nodes[1], &nodes[0]]) {
            match node.submit(old.user, command(verb)).await {
                Ok(Outcome::Applied(_)) => applied += 1,
                Ok(Outcome::Refused(
                    Refusal::HoldUnknown | Refusal::Invalid(Invalid::CorrectsUnknown),
                )) => gone += 1,
                // What an earlier round has done to the end.
                Ok(Outcome::Refused(
                    Refusal::HoldEnded(_) | Refusal::Invalid(Invalid::CorrectsTooMuch { .. }),
                )) => {}
                other => panic!("{other:?}"),
            }
        }
    }
    (applied, gone)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_month_goes_while_two_nodes_write_into_it() {
    let story = Story::tell().await;
    let fixture = &story.fixture;
    fixture.clock().set(super::at("2028-05-01T00:00:00Z"));
    let accounts = old(&story).await;
    fixture.clock().advance_s(3_600);
    for old in &accounts {
        // Expires what has run out.
        fixture.store().account(old.user).await.expect("an account");
    }
    fixture.clock().set(super::at("2029-10-01T00:00:00Z"));
    let before = story.verified().await;
    let nodes: [Arc<dyn Ledger>; 2] = [fixture.ledger(), fixture.another_node()];
    let ends = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = accounts
        .into_iter()
        .map(|old| tokio::spawn(write(old, nodes.clone(), ends.clone())))
        .collect();
    let mut gone = Vec::new();
    let mut tries = 0;
    while psql(fixture, "SELECT count(*) FROM detached_month WHERE month = 202805") == "0" {
        tries += 1;
        assert!(tries < 2_000, "it never goes");
        match detach(fixture, "2028-06").await {
            Ok(months) => gone.extend(months),
            Err(DetachError::Changed(_) | DetachError::InUse) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
    ends.store(true, Ordering::SeqCst);
    let (mut applied, mut refused) = (0, 0);
    for writer in writers {
        let (did, found_gone) = writer.await.expect("no writer fails");
        applied += did;
        refused += found_gone;
    }
    assert!(applied > 0 && refused > 0, "{applied} applied, {refused} refused");
    let after = story.verified().await;
    assert_eq!(after.0 + after.1, before.0 + before.1 + applied, "after {tries} tries");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_nodes_that_detach_at_once_detach_each_month_once() {
    let story = Story::tell().await;
    let (entries, _) = story.verified().await;
    let (one, other) =
        tokio::join!(detach(&story.fixture, "2027-01"), detach(&story.fixture, "2027-01"));
    assert!(one.is_ok() || other.is_ok(), "{one:?} {other:?}");
    for outcome in [&one, &other] {
        let busy = matches!(outcome, Err(DetachError::Busy | DetachError::InUse));
        assert!(busy || outcome.is_ok(), "{outcome:?}");
    }
    let rest = detach(&story.fixture, "2027-01").await.expect("the rest goes");
    assert!(rest.len() <= 3);
    assert_eq!(
        story.psql("SELECT string_agg(month::text, ' ' ORDER BY month) FROM detached_month"),
        "202610 202611 202612"
    );
    let (kept, detached) = story.verified().await;
    assert_eq!(kept + detached, entries);
}
