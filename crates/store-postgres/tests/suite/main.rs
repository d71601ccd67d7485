//! The store on PostgreSQL: the conformance suite, two nodes on one database, lost connections,
//! TLS.

mod ask;
mod clocks;
mod crashes;
mod failures;
mod fixture;
mod lanes;
mod memory_books;
mod memory_failures;
mod memory_nodes;
mod months;
mod overviews;
mod remember;
mod retention;
mod shards;
mod start;
mod tls;
mod two_nodes;
#[cfg(target_arch = "x86_64")]
mod vectors;
mod verify;

/// The ledger's part of the conformance suite.
mod ledger {
    use crate::fixture::Fixture;

    fn open() -> Fixture {
        Fixture::new()
    }

    novacore_store_suite::ledger_suite!(open);
}

/// The same, where every batch has one bucket and every statement says it.
mod ledger_as_on_shards {
    use crate::fixture::Fixture;

    fn open() -> Fixture {
        Fixture::as_on_shards()
    }

    novacore_store_suite::ledger_suite!(open);
}

/// The part about memories.
mod memories {
    use crate::fixture::Fixture;

    fn open() -> Fixture {
        Fixture::new()
    }

    novacore_store_suite::memories_suite!(open);
}

/// The same, where every batch has one bucket and every statement says it.
mod memories_as_on_shards {
    use crate::fixture::Fixture;

    fn open() -> Fixture {
        Fixture::as_on_shards()
    }

    novacore_store_suite::memories_suite!(open);
}
