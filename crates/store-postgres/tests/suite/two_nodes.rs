//! Two nodes on one database: one exact ledger.

use crate::{
    ask::{
        at_once, audit, command, is_applied, keyed, record, reserve, tokens, used_and_held, user,
    },
    fixture::{Fixture, options},
};
use novacore_access::AuditAction;
use novacore_ledger::{Cap, LimitName, Outcome, Override, Refusal};
use novacore_postgres_fixture::{Proxy, Server};
use novacore_store::ledger::{EntryQuery, Ledger};
use novacore_store_postgres::{Options, PostgresStore};
use novacore_store_suite::ledger::Harness;
use novacore_vocab::{Amount, TierName, Version};
use std::{sync::Arc, time::Duration};
use tokio::sync::broadcast::error::RecvError;

const PATIENCE: Duration = Duration::from_secs(60);

fn nodes(fixture: &Fixture) -> [Arc<dyn Ledger>; 2] {
    [fixture.ledger(), fixture.another_node()]
}

/// Both nodes lock the account's row at the same time, over and over. A node that judged by what
/// was there before it waited would admit too much.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_fill_one_cap_exactly() {
    let fixture = Fixture::new();
    let user = user(&fixture, 1, "free_trial").await;
    let nodes = nodes(&fixture);
    let mut admitted = 0;
    for round in 0..20 {
        let commands = (0..20).map(|_| (user, command(reserve(5, 600))));
        let outcomes = at_once(&nodes, commands).await;
        for outcome in &outcomes {
            let refused = matches!(outcome, Ok(Outcome::Refused(Refusal::Quota(_))));
            assert!(refused || is_applied(outcome), "round {round}: {outcome:?}");
        }
        admitted += outcomes.iter().filter(|outcome| is_applied(outcome)).count();
    }
    assert_eq!(admitted, 200);
    assert_eq!(used_and_held(&fixture, user).await, (0, 1_000));
    let query = EntryQuery { after: Some(Version(0)), ..EntryQuery::newest(user, 500) };
    let versions = fixture.store().entries(&query).await.expect("entries");
    let versions: Vec<u64> = versions.iter().map(|entry| entry.version.0).collect();
    // 200 holds and no threshold: nothing was used.
    assert_eq!(versions, (1..=200).collect::<Vec<_>>());
}

/// A key that both nodes see at once has one effect, and both give its answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_sent_to_both_nodes_applies_once() {
    let fixture = Fixture::new();
    let user = user(&fixture, 1, "pro").await;
    let nodes = nodes(&fixture);
    for round in 0..30 {
        let one = keyed(&format!("key {round}"), record(7));
        let outcomes = at_once(&nodes, [(user, one.clone()), (user, one)]).await;
        let applied = outcomes.iter().filter(|outcome| is_applied(outcome)).count();
        assert_eq!(applied, 1, "round {round}: {outcomes:?}");
        let answers: Vec<_> = outcomes
            .into_iter()
            .map(|outcome| match outcome {
                Ok(Outcome::Applied(answer) | Outcome::Replayed(answer)) => answer,
                other => panic!("round {round}: {other:?}"),
            })
            .collect();
        assert_eq!(answers[0], answers[1]);
    }
    assert_eq!(used_and_held(&fixture, user).await, (210, 0));
}

/// Many accounts in every batch of both nodes: locks in one order do not deadlock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_over_many_accounts_do_not_stand_in_each_others_way() {
    let fixture = Fixture::new();
    let mut users = Vec::new();
    for number in 1..=20 {
        users.push(user(&fixture, number, "pro").await);
    }
    let nodes = nodes(&fixture);
    let commands = users.iter().cycle().take(600).map(|user| (*user, command(record(1))));
    let outcomes = at_once(&nodes, commands).await;
    assert!(outcomes.iter().all(is_applied));
    for user in users {
        assert_eq!(used_and_held(&fixture, user).await, (30, 0));
    }
}

/// What an operator changes on one node binds the next command on the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_on_one_node_binds_the_other_at_once() {
    let fixture = Fixture::new();
    let user = user(&fixture, 1, "free_trial").await;
    let [one, other] = nodes(&fixture);
    let mut changed = one.policy().tier(&TierName::parse("free_trial").unwrap()).unwrap().clone();
    for cap in [10, 20, 30] {
        let limit = &mut changed.limits.get_mut(&tokens()).unwrap()[0];
        limit.cap = Cap::Of(Amount::new(cap).unwrap());
        one.put_tier(changed.clone(), &audit(AuditAction::PutTier)).await.unwrap();
        assert!(is_applied(&other.submit(user, command(reserve(10, 600))).await));
        let refused = other.submit(user, command(reserve(1, 600))).await;
        assert!(matches!(refused, Ok(Outcome::Refused(Refusal::Quota(_)))), "{refused:?}");
    }
    let over = Override {
        resource: tokens(),
        limit: Some(LimitName::parse("day").unwrap()),
        cap: Some(Cap::Of(Amount::new(31).unwrap())),
        mode: None,
        warn_at: None,
        expires_at: None,
        reason: "a test".into(),
        author: "a test".into(),
        version: 0,
    };
    one.put_override(user, over, &audit(AuditAction::PutOverride)).await.unwrap();
    assert!(is_applied(&other.submit(user, command(reserve(1, 600))).await));
}

/// Entries of one node reach the listeners of the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_hears_of_the_other_nodes_entries() {
    let fixture = Fixture::new();
    let user = user(&fixture, 1, "pro").await;
    let [one, other] = nodes(&fixture);
    let mut heard = other.subscribe(user);
    for amount in 1..=20 {
        assert!(is_applied(&one.submit(user, command(record(amount))).await));
    }
    // In how many pieces is up to the node: what follows shortly after is told together.
    let mut amounts = Vec::new();
    while amounts.len() < 20 {
        let posted = tokio::time::timeout(PATIENCE, heard.recv()).await;
        let posted = posted.expect("it is heard in time").expect("the store is there");
        assert_eq!(posted.account.user, user);
        amounts.extend(posted.entries.iter().map(|entry| entry.amount));
    }
    assert_eq!(amounts, (1..=20).collect::<Vec<i64>>(), "each once, in their order");
}

/// A node that could not hear for a while ends its subscriptions, so that nobody waits for what he
/// has missed; whoever subscribes again hears.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_that_may_have_missed_something_is_told_so() {
    let proxy = Proxy::start(Server::shared().address()).expect("a proxy");
    let fixture = Fixture::through(|url| proxy.url_of(&url));
    let user = user(&fixture, 1, "pro").await;
    let [one, other] = nodes(&fixture);
    let mut heard = one.subscribe(user);
    proxy.refuse();
    proxy.cut_all();
    assert!(is_applied(&other.submit(user, command(record(1))).await));
    proxy.accept();
    let ended = tokio::time::timeout(PATIENCE, heard.recv()).await.expect("it ends in time");
    assert!(matches!(ended, Err(RecvError::Closed)), "{ended:?}");
    let mut heard = one.subscribe(user);
    assert!(is_applied(&other.submit(user, command(record(2))).await));
    let posted = tokio::time::timeout(PATIENCE, heard.recv()).await.expect("it is heard in time");
    assert_eq!(posted.expect("the store is there").entries[0].amount, 2);
}

/// A node dies, or might as well, after each of its commits and before the notification: those who
/// listen elsewhere hear all the same, and so does who began to listen just before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_hears_of_entries_that_nobody_told() {
    let fixture = Fixture::new();
    let user = user(&fixture, 1, "pro").await;
    let url = fixture.url();
    // In place of PostgreSQL's own function for the node that looks here first.
    let mute = "CREATE FUNCTION public.pg_notify(text, text) RETURNS void LANGUAGE sql AS ''";
    Server::shared().psql(url, mute).expect("a function");
    let muted = format!("{url}?options=-c%20search_path%3Dpublic,pg_catalog");
    let one = options(&muted, fixture.hand_clock());
    let one = PostgresStore::open(one).await.expect("it opens");
    let looking = Options { tick: Duration::from_millis(5), ..options(url, fixture.hand_clock()) };
    let other = PostgresStore::open(looking).await.expect("it opens");
    assert!(is_applied(&one.submit(user, command(record(1))).await));
    let mut heard = other.subscribe(user);
    for amount in 2..=20 {
        assert!(is_applied(&one.submit(user, command(record(amount))).await));
        loop {
            let posted = tokio::time::timeout(PATIENCE, heard.recv()).await;
            let posted = posted.expect("it is heard in time").expect("the store is there");
            assert_eq!(posted.account.user, user);
            // What was there before may be told again.
            if posted.entries.last().is_some_and(|entry| entry.amount == amount) {
                break;
            }
        }
    }
}
