//! A connection that is lost in the midst of an import.

use crate::refusals::{METADATA, filled, is_untouched_and_importable};
use crate::rig::import;
use novacore_postgres_fixture::{Moment, Proxy, Rule, Server};
use novacore_store_postgres::{self as postgres, ImportError};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_leaves_nothing() {
    let server = Server::shared();
    let proxy = Proxy::start(server.address()).expect("a proxy");
    let statements = [
        "INSERT INTO tier",
        "COPY users",
        "COPY memory_head",
        "COPY usage_ledger",
        "COPY memory ",
        "COPY memory_text",
        "COPY memory_embedding",
        METADATA,
        "ANALYZE",
        "l.id FROM usage_ledger",
        "COPY account ",
        "COPY usage_day",
        "INSERT INTO account ",
        "FROM ended_hold",
        "FROM memory_embedding",
    ];
    for text in statements {
        for moment in [Moment::BeforeServer, Moment::BeforeAnswer] {
            let rig = filled(server).await;
            let by_proxy = postgres::Options { url: proxy.url_of(rig.url()), ..rig.options() };
            proxy.arm(Rule::AtMessage { text: text.into(), moment });
            let lost = import(rig.dir(), &by_proxy).await;
            assert!(matches!(lost, Err(ImportError::Lost)), "{text}: {lost:?}");
            is_untouched_and_importable(server, &rig, 3).await;
        }
    }
}

/// Nobody knows then, and the next try finds out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_lost_in_the_commit_leaves_all_or_nothing() {
    let server = Server::shared();
    let proxy = Proxy::start(server.address()).expect("a proxy");
    for moment in [Moment::BeforeServer, Moment::BeforeAnswer] {
        let rig = filled(server).await;
        let by_proxy = postgres::Options { url: proxy.url_of(rig.url()), ..rig.options() };
        proxy.arm(Rule::at_commit(moment));
        let lost = import(rig.dir(), &by_proxy).await;
        assert!(matches!(lost, Err(ImportError::InDoubt)), "{lost:?}");
        match moment {
            Moment::BeforeServer => is_untouched_and_importable(server, &rig, 3).await,
            Moment::BeforeAnswer => {
                let again = import(rig.dir(), &rig.options()).await;
                assert!(matches!(again, Err(ImportError::NotEmpty("tier"))), "{again:?}");
                let report = postgres::verify(&rig.options()).await.expect("a report");
                assert_eq!((report.entries, report.findings), (3, vec![]));
            }
        }
    }
}
