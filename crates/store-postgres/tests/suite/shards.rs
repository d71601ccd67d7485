//! What of Citus can be had without it: what `distribute` would ask for, and one bucket to a batch.

use crate::{
    ask::{is_applied, keyed, record, used_and_held, user},
    fixture::Fixture,
};
use novacore_postgres_fixture::Server;
use novacore_store::{error::StoreError, ledger::Ledger};
use novacore_store_postgres::{OpenError, distribute, migrate};
use novacore_vocab::UserId;
use uuid::Uuid;

/// What of Citus `distribute` uses; it notes in its own table what it was asked for.
const CITUS: &str = "
CREATE TABLE pg_dist_partition (logicalrelid regclass, beside text);
CREATE FUNCTION create_distributed_table(t regclass, key text, colocate_with text) RETURNS void
    LANGUAGE sql AS $$ INSERT INTO pg_dist_partition VALUES (t, key || ' ' || colocate_with) $$;
CREATE FUNCTION create_reference_table(t regclass) RETURNS void
    LANGUAGE sql AS $$ INSERT INTO pg_dist_partition VALUES (t, '') $$;";

#[tokio::test]
async fn without_citus_nothing_is_spread() {
    let url = Server::shared().fresh_database();
    assert!(matches!(distribute(&url).await, Err(OpenError::SchemaOld { found: 0, .. })));
    migrate(&url).await.unwrap();
    assert_eq!(distribute(&url).await, Err(OpenError::CitusMissing));
}

#[tokio::test]
async fn tables_are_spread_by_bucket_side_by_side_and_once() {
    let server = Server::shared();
    let url = server.fresh_database();
    migrate(&url).await.unwrap();
    server.psql(&url, CITUS).unwrap();
    let moved = distribute(&url).await.unwrap();
    assert_eq!(moved.len(), 26);
    assert_eq!(distribute(&url).await, Ok(vec![]));
    let count = |what: &str| {
        let sql = format!("SELECT count(*) FROM pg_dist_partition WHERE {what}");
        server.psql(&url, &sql).unwrap()
    };
    assert_eq!(count("beside = 'bucket none' AND logicalrelid = 'account'::regclass"), "1");
    assert_eq!(count("beside = 'bucket account'"), "17");
    assert_eq!(count("beside = ''"), "8");
}

/// Every batch notes itself in the bucket that it has.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_over_several_buckets_is_several_batches_in_order() {
    let fixture = Fixture::as_on_shards();
    let mut users = Vec::new();
    for number in 1..=3 {
        users.push(user(&fixture, number, "pro").await);
    }
    let nobody = UserId(Uuid::from_u128(9));
    let mut commands = Vec::new();
    for round in 0..2 {
        for user in &users {
            commands.push((*user, keyed(&format!("key-{round}"), record(1 + round))));
        }
        commands.push((nobody, keyed("key", record(1))));
    }
    let outcomes = fixture.store().submit_all(commands).await;
    for (at, outcome) in outcomes.iter().enumerate() {
        match at % 4 {
            3 => assert_eq!(*outcome, Err(StoreError::NotFound("user"))),
            _ => assert!(is_applied(outcome), "{outcome:?}"),
        }
    }
    for user in &users {
        assert_eq!(used_and_held(&fixture, *user).await, (3, 0));
    }
    let sql = "SELECT count(*), count(DISTINCT bucket), \
         (SELECT count(DISTINCT bucket) FROM account) FROM batch_op";
    assert_eq!(Server::shared().psql(fixture.url(), sql).unwrap(), "3|3|3");
}
