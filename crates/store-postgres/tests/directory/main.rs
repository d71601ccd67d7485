//! The directory on PostgreSQL: the conformance suite, nodes that meet, connections that are lost.

mod at_once;
mod changes;
mod lost;
mod node;
mod people;
mod text;

/// The conformance suite.
mod suite {
    use crate::node::{Database, Node};

    async fn open() -> Node {
        Database::fresh().await.node().await
    }

    novacore_store_suite::directory_suite!(open);
}
