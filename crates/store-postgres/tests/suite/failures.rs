//! Lost connections and servers: each command once, and recovery without help.

use crate::{
    ask::{command, is_applied, record, used_and_held, user},
    fixture::Fixture,
};
use novacore_postgres_fixture::{Moment, Proxy, Rule, Server, Side};
use novacore_store::{error::StoreError, ledger::Ledger};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

fn through_a_proxy() -> (Fixture, Proxy) {
    let proxy = Proxy::start(Server::shared().address()).expect("a proxy");
    (Fixture::through(|url| proxy.url_of(&url)), proxy)
}

/// A commit that the server never saw is run again; one whose answer was lost is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_in_doubt_is_applied_once_on_either_side() {
    let (fixture, proxy) = through_a_proxy();
    let user = user(&fixture, 1, "pro").await;
    for (cuts, moment) in [Moment::BeforeServer, Moment::BeforeAnswer].into_iter().enumerate() {
        // The first command makes the account's row, so that the next one's commit writes entries.
        assert!(is_applied(&fixture.store().submit(user, command(record(1))).await));
        proxy.arm(Rule::at_commit(moment));
        let outcome = fixture.store().submit(user, command(record(1))).await;
        assert!(is_applied(&outcome), "{moment:?}: {outcome:?}");
        assert!(proxy.wait_for_cuts(cuts as u64 + 1, PATIENCE));
        let expected = 2 * (cuts as i64 + 1);
        assert_eq!(used_and_held(&fixture, user).await, (expected, 0), "{moment:?}");
    }
}

/// The connection is lost after each so many bytes of a batch, in either direction.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wherever_a_connection_is_lost_a_command_is_applied_once() {
    let (fixture, proxy) = through_a_proxy();
    let user = user(&fixture, 1, "pro").await;
    let mut applied = 0;
    // What a commit is answered with is short, so the server's side is cut more finely.
    for (side, bytes_max, step) in [(Side::Client, 9_000, 331), (Side::Server, 6_000, 61)] {
        for bytes in (0..bytes_max).step_by(step) {
            proxy.arm(Rule::AfterBytes { from: side, bytes });
            let outcome = fixture.store().submit(user, command(record(1))).await;
            assert!(is_applied(&outcome), "after {bytes} bytes of {side:?}: {outcome:?}");
            applied += 1;
            let other = fixture.another_node().account(user).await.expect("an account");
            assert_eq!(other.state.version.0, applied, "after {bytes} bytes of {side:?}");
        }
    }
}

/// While the server is gone commands fail closed; when it is back they are applied again, and
/// nothing that was acknowledged is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_crashes_is_found_again() {
    let server = Server::start();
    let fixture = Fixture::on(&server, |url| url);
    let user = user(&fixture, 1, "pro").await;
    let mut acknowledged = 0;
    for _ in 0..3 {
        for _ in 0..5 {
            assert!(is_applied(&fixture.store().submit(user, command(record(1))).await));
            acknowledged += 1;
        }
        server.stop_immediate();
        let refused = fixture.store().submit(user, command(record(1))).await;
        assert_eq!(refused, Err(StoreError::Unavailable));
        assert_eq!(fixture.store().account(user).await.err(), Some(StoreError::Unavailable));
        let health = fixture.store().health();
        assert!(!health.writable && health.why.is_some(), "{health:?}");
        server.start_again();
    }
    assert!(is_applied(&fixture.store().submit(user, command(record(1))).await));
    assert!(fixture.store().health().writable);
    assert_eq!(used_and_held(&fixture, user).await, (acknowledged + 1, 0));
}

/// Somebody else locks two accounts in the other order: the database ends one of the two
/// transactions, and the batch is applied all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_is_tried_again() {
    let fixture = Fixture::new();
    let users = [user(&fixture, 1, "pro").await, user(&fixture, 2, "pro").await];
    let commands = || users.map(|user| (user, command(record(1)))).to_vec();
    assert!(fixture.store().submit_all(commands()).await.iter().all(is_applied));
    let (client, connection) =
        tokio_postgres::connect(fixture.url(), tokio_postgres::NoTls).await.expect("a connection");
    tokio::spawn(connection);
    let lock = |descending: &str| {
        format!(
            "SELECT 1 FROM account WHERE user_id = (SELECT user_id FROM account \
             ORDER BY bucket {descending}, user_id {descending} LIMIT 1) FOR UPDATE"
        )
    };
    client.batch_execute(&format!("BEGIN; {}", lock("DESC"))).await.expect("a lock");
    let store = fixture.store().clone();
    let all = commands();
    let batch = tokio::spawn(async move { store.submit_all(all).await });
    let waits = "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted";
    let waiting = tokio::time::timeout(PATIENCE, async {
        while Server::shared().psql(fixture.url(), waits).expect("an answer") != "t" {
            tokio::task::yield_now().await;
        }
    });
    waiting.await.expect("the batch waits for the account that is locked");
    // Now each waits for the other. Whoever is ended by the database, the batch goes through.
    drop(client.batch_execute(&lock("ASC")).await);
    drop(client.batch_execute("ROLLBACK").await);
    assert!(batch.await.expect("no panic").iter().all(is_applied));
    for user in users {
        assert_eq!(used_and_held(&fixture, user).await, (2, 0));
    }
}

/// A lock that is not given in time is a 503 and no verdict; nothing waits for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_is_not_given_refuses_until_it_is() {
    let fixture = Fixture::new();
    let user = user(&fixture, 1, "pro").await;
    assert!(is_applied(&fixture.store().submit(user, command(record(1))).await));
    let (client, connection) =
        tokio_postgres::connect(fixture.url(), tokio_postgres::NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client.batch_execute("BEGIN; SELECT 1 FROM account FOR UPDATE").await.expect("a lock");
    let refused = fixture.store().submit(user, command(record(1))).await;
    assert_eq!(refused, Err(StoreError::Unavailable));
    client.batch_execute("ROLLBACK").await.expect("the lock is given back");
    assert!(is_applied(&fixture.store().submit(user, command(record(1))).await));
    assert_eq!(used_and_held(&fixture, user).await, (2, 0));
}

/// Far more readers than connections: they wait for their turn, and beside them batches go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_beyond_the_pool_wait_and_hold_up_no_batch() {
    let fixture = Fixture::new();
    let user = user(&fixture, 1, "pro").await;
    let read = || {
        let store = fixture.store().clone();
        tokio::spawn(async move { store.account(user).await })
    };
    let readers: Vec<_> = (0..200).map(|_| read()).collect();
    for _ in 0..20 {
        assert!(is_applied(&fixture.store().submit(user, command(record(1))).await));
    }
    for reader in readers {
        reader.await.expect("no panic").expect("an account");
    }
}
