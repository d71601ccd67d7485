//! The conformance suites on the embedded store.

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

    fn open() -> Fixture {
        Fixture::new()
    }

    novacore_store_suite::ledger_suite!(open);

    #[tokio::test]
    #[ignore = "soak"]
    async fn a_key_replays_after_a_million_other_commands() {
        novacore_store_suite::ledger::keys_replay_after(&mut open(), 2_000).await;
    }
}
