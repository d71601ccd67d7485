//! Memories over lost connections: rows and entry are there once, together.

use crate::{
    ask::user,
    fixture::Fixture,
    remember::{applied, books, insert, is_applied, longer, memory, remove, replace, store},
};
use novacore_memory::Term;
use novacore_postgres_fixture::{Moment, Proxy, Rule, Server, Side};
use novacore_store::{
    ledger::{EntryQuery, Ledger},
    memories::{Memories, MemoryWrite},
};
use novacore_vocab::UserId;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

fn through_a_proxy() -> (Fixture, Proxy) {
    let proxy = Proxy::start(Server::shared().address()).expect("a proxy");
    (Fixture::through(|url| proxy.url_of(&url)), proxy)
}

/// Rows, entries, and the number of changes, as the database has them.
async fn kept(fixture: &Fixture, user: UserId) -> (usize, usize, u64) {
    let (rows, head) = books(fixture.store(), user).await;
    let entries = fixture.store().entries(&EntryQuery::newest(user, 500)).await.expect("entries");
    (rows.len(), entries.len(), head.change_no)
}

/// Cuts the commit of a change, which is applied nevertheless.
async fn cut(fixture: &Fixture, proxy: &Proxy, at: (UserId, Moment), write: MemoryWrite) {
    let (user, moment) = at;
    proxy.arm(Rule::at_commit(moment));
    let outcome = fixture.store().change_memories(user, write).await;
    assert!(is_applied(&outcome), "{moment:?}: {outcome:?}");
}

/// A commit that the server never saw is run again; one whose answer was lost is not. Run again, a
/// change would be stale; and one that costs nothing has no entry by which to be known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_whose_commit_is_in_doubt_is_applied_once() {
    let (fixture, proxy) = through_a_proxy();
    let user = user(&fixture, 1, "pro").await;
    applied(fixture.store(), user, store(vec![insert(&memory(&fixture, 1, Term::Itm))])).await;
    assert_eq!(kept(&fixture, user).await, (1, 1, 1));
    for (round, moment) in [Moment::BeforeServer, Moment::BeforeAnswer].into_iter().enumerate() {
        let (at, first) = ((user, moment), 10 * (round as u128 + 1));
        let charged = memory(&fixture, first, Term::Ltm);
        cut(&fixture, &proxy, at, store(vec![insert(&charged)])).await;
        assert_eq!(kept(&fixture, user).await, (2, 2 + 3 * round, 2 + 4 * round as u64));
        let free = memory(&fixture, first + 1, Term::Stm);
        cut(&fixture, &proxy, at, store(vec![insert(&free)])).await;
        assert_eq!(kept(&fixture, user).await, (3, 2 + 3 * round, 3 + 4 * round as u64));
        let (changed, other) = (longer(&charged, "more"), longer(&free, "more"));
        let both = store(vec![replace(&charged, changed.clone()), replace(&free, other.clone())]);
        cut(&fixture, &proxy, at, both).await;
        assert_eq!(kept(&fixture, user).await, (3, 3 + 3 * round, 5 + 4 * round as u64));
        let ids = [changed.id, other.id];
        let found = fixture.store().find_memories(user, &ids).await;
        assert_eq!(found, Ok(vec![changed.clone(), other.clone()]));
        cut(&fixture, &proxy, at, store(vec![remove(&changed), remove(&other)])).await;
        assert_eq!(kept(&fixture, user).await, (1, 4 + 3 * round, 5 + 4 * round as u64));
        assert!(proxy.wait_for_cuts(4 * (round as u64 + 1), PATIENCE));
    }
}

/// The connection is lost after each so many bytes of a batch, in either direction: rows and entry
/// come together, and once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wherever_a_connection_is_lost_a_memory_is_stored_once() {
    let (fixture, proxy) = through_a_proxy();
    let user = user(&fixture, 1, "pro").await;
    let mut stored = 0;
    for (side, bytes_max, step) in [(Side::Client, 14_000, 769), (Side::Server, 9_000, 211)] {
        for bytes in (0..bytes_max).step_by(step) {
            stored += 1;
            let term = if stored % 2 == 0 { Term::Stm } else { Term::Ltm };
            proxy.arm(Rule::AfterBytes { from: side, bytes });
            let write = store(vec![insert(&memory(&fixture, stored, term))]);
            let outcome = fixture.store().change_memories(user, write).await;
            assert!(is_applied(&outcome), "after {bytes} bytes of {side:?}: {outcome:?}");
            let (rows, entries, change_no) = kept(&fixture, user).await;
            let number = stored as usize;
            assert_eq!((rows, entries), (number, number.div_ceil(2)), "after {bytes} of {side:?}");
            assert_eq!(change_no, stored as u64);
        }
    }
}

/// Applied together or not at all: a change that the database refuses leaves no entry either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_cannot_be_written_has_no_entry() {
    let fixture = Fixture::new();
    let user = user(&fixture, 1, "pro").await;
    applied(fixture.store(), user, store(vec![insert(&memory(&fixture, 1, Term::Ltm))])).await;
    let psql = |sql: &str| Server::shared().psql(fixture.url(), sql).expect("a statement");
    psql("ALTER TABLE memory ADD CHECK (id <> '01990000-0000-7000-8000-000000000002')");
    let write = store(vec![insert(&memory(&fixture, 2, Term::Ltm))]);
    let outcome = fixture.store().change_memories(user, write.clone()).await;
    assert!(outcome.is_err(), "{outcome:?}");
    assert_eq!(kept(&fixture, user).await, (1, 1, 1));
    psql("ALTER TABLE memory DROP CONSTRAINT memory_id_check");
    applied(fixture.store(), user, write).await;
    assert_eq!(kept(&fixture, user).await, (2, 2, 2));
}

/// A change of many rows has a lane of its own: others go on while it waits or works.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_a_change_of_many_rows() {
    let fixture = Fixture::new();
    let (one, other) = (user(&fixture, 1, "pro").await, user(&fixture, 2, "pro").await);
    let psql = |sql: &str| Server::shared().psql(fixture.url(), sql).expect("a statement");
    // An account has a row from its first command on.
    applied(fixture.store(), one, store(vec![insert(&memory(&fixture, 2_000, Term::Ltm))])).await;
    let (holder, connection) =
        tokio_postgres::connect(fixture.url(), tokio_postgres::NoTls).await.expect("a session");
    tokio::spawn(connection);
    let lock = format!("BEGIN; SELECT FROM account WHERE user_id = '{}' FOR UPDATE", one.0);
    holder.batch_execute(&lock).await.expect("the account");
    let rows: Vec<_> = (1..=1_001).map(|number| memory(&fixture, number, Term::Ltm)).collect();
    let (store_of_many, write) =
        (fixture.store().clone(), store(rows.iter().map(insert).collect()));
    let many = tokio::spawn(async move { store_of_many.change_memories(one, write).await });
    const WAITING: &str = "SELECT count(*) FROM pg_stat_activity \
         WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while psql(WAITING) == "0" {
        assert!(!many.is_finished(), "the account is not locked");
    }
    applied(fixture.store(), other, store(vec![insert(&memory(&fixture, 1, Term::Ltm))])).await;
    assert!(!many.is_finished());
    holder.batch_execute("COMMIT").await.expect("the account is let go");
    assert!(is_applied(&many.await.expect("no panic")));
    assert_eq!(books(fixture.store(), one).await.0.len(), 1_002);
}

/// A transaction of many rows asks for more time than a session has; the next one does not have it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_many_rows_is_given_the_time_for_them() {
    let fixture = Fixture::new();
    let user = user(&fixture, 1, "pro").await;
    let psql = |sql: &str| Server::shared().psql(fixture.url(), sql).expect("a statement");
    psql(
        "CREATE TABLE told (said text, given text); \
         CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS \
         $$BEGIN INSERT INTO told VALUES (TG_OP, current_setting('statement_timeout')); \
         RETURN NULL; END$$; \
         CREATE TRIGGER tells AFTER INSERT OR DELETE ON memory EXECUTE FUNCTION tell()",
    );
    let told = || psql("SELECT string_agg(said || ' ' || given, ', ') FROM told; TRUNCATE told");
    let rows: Vec<_> = (1..=1_500).map(|number| memory(&fixture, number, Term::Ltm)).collect();
    applied(fixture.store(), user, store(rows.iter().map(insert).collect())).await;
    assert_eq!(told(), "INSERT 10500ms");
    applied(fixture.store(), user, store(vec![remove(&rows[0])])).await;
    assert_eq!(told(), "DELETE 10s");
    applied(fixture.store(), user, store(rows[1..].iter().map(remove).collect())).await;
    assert_eq!(told(), "DELETE 10499ms");
    assert_eq!(books(fixture.store(), user).await.0, []);
}
