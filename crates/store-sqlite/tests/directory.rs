//! The directory's conformance suite on the embedded store.

mod fixture;

use fixture::Fixture;
use std::ops::Deref;

/// A directory in a folder of its own.
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
