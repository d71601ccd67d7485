//! The conformance suites on the embedded store.

mod durable;
mod fixture;

/// The directory's part.
mod directory {
    use crate::fixture::Fixture;
    use std::ops::Deref;

    struct Opened(Fixture);

    impl Deref for Opened {
        type Target = novacore_store_sqlite::SqliteStore;
        fn deref(&self) -> &Self::Target {
            self.0.store()
        }
    }

    async fn open() -> Opened {
        Opened(Fixture::new())
    }

    novacore_store_suite::directory_suite!(open);
}

/// The ledger's part.
mod ledger {
    use crate::fixture::Fixture;
    use novacore_store::ledger::Ledger;

    fn open() -> Fixture {
        Fixture::new()
    }

    novacore_store_suite::ledger_suite!(open);

    /// This store has the ledger to itself, and so counts what was there before as well.
    #[tokio::test]
    async fn entries_of_before_are_counted_too() {
        let mut fixture = open();
        novacore_store_suite::ledger::health_counts_entries(&mut fixture).await;
        assert_eq!(fixture.store().health().entries, 2);
    }

    #[tokio::test]
    #[ignore = "soak"]
    async fn a_key_replays_after_a_million_other_commands() {
        novacore_store_suite::ledger::keys_replay_after(&mut open(), 2_000).await;
    }
}

/// The part of memories.
mod memories {
    use crate::fixture::Fixture;

    fn open() -> Fixture {
        Fixture::new()
    }

    novacore_store_suite::memories_suite!(open);
}
