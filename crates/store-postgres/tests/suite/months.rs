//! The ledger's partitions.

use crate::{
    ask::{command, is_applied, record, user},
    fixture::{Fixture, options},
};
use novacore_postgres_fixture::Server;
use novacore_store::ledger::{EntryQuery, Ledger};
use novacore_store_postgres::{PostgresStore, verify};
use novacore_store_suite::ledger::Harness;

/// An entry lies in the partition of its month; of a month for which there is none, in the default
/// one, and nothing is different for readers, nor for a node that starts in that month.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_without_its_month_counts_all_the_same() {
    let fixture = Fixture::new();
    let user = user(&fixture, 1, "pro").await;
    let count = |table: &str| {
        let sql = format!("SELECT count(*) FROM {table}");
        Server::shared().psql(fixture.url(), &sql).expect("a count")
    };
    assert!(is_applied(&fixture.store().submit(user, command(record(1))).await));
    assert_eq!(
        (count("usage_ledger_202611"), count("usage_ledger_other")),
        ("1".into(), "0".into())
    );
    fixture.clock().set("2027-10-15T00:00:00Z".parse().expect("a time"));
    assert!(is_applied(&fixture.store().submit(user, command(record(2))).await));
    assert_eq!(count("usage_ledger_other"), "1");
    let node = PostgresStore::open(options(fixture.url(), fixture.hand_clock())).await;
    let node = node.expect("it opens");
    assert_eq!(
        (count("usage_ledger_202711"), count("usage_ledger_other")),
        ("0".into(), "1".into())
    );
    fixture.clock().set("2027-11-15T00:00:00Z".parse().expect("a time"));
    assert!(is_applied(&node.submit(user, command(record(3))).await));
    assert_eq!(count("usage_ledger_202711"), "1");
    let entries = node.entries(&EntryQuery::newest(user, 10)).await.expect("entries");
    let amounts: Vec<i64> = entries.iter().map(|entry| entry.amount).collect();
    assert_eq!(amounts, [3, 2, 1]);
    let report = verify(&options(fixture.url(), fixture.hand_clock())).await.expect("a report");
    assert_eq!((report.entries, report.findings), (3, Vec::new()));
}
