//! The store in memory passes the suite it is the reference of.

use novacore_store_suite::memory::{HandClock, Memory};
use novacore_vocab::Timestamp;
use std::sync::Arc;

async fn open() -> Arc<Memory> {
    Arc::new(Memory::new(Arc::new(HandClock::at(Timestamp::from_seconds(1_800_000_000)))))
}

mod directory {
    novacore_store_suite::directory_suite!(super::open);
}
