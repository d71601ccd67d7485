//! The store on PostgreSQL: the conformance suite, two nodes on one database, lost connections.

mod ask;
mod clocks;
mod crashes;
mod failures;
mod fixture;
mod months;
mod start;
mod two_nodes;
mod verify;

/// The ledger's part of the conformance suite.
mod ledger {
    use crate::fixture::Fixture;

    fn open() -> Fixture {
        Fixture::new()
    }

    novacore_store_suite::ledger_suite!(open);
}
