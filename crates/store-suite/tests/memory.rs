//! The store in memory passes the suites it is the reference of.

use novacore_store::{directory::Directory, ledger::Ledger, memories::Memories};
use novacore_store_suite::{
    ledger::{Harness, START},
    memories::MemoryHarness,
    memory::{HandClock, Memory},
};
use std::sync::Arc;

struct InMemory {
    store: Arc<Memory>,
    clock: Arc<HandClock>,
}

impl Harness for InMemory {
    fn ledger(&self) -> Arc<dyn Ledger> {
        self.store.clone()
    }

    fn directory(&self) -> Arc<dyn Directory> {
        self.store.clone()
    }

    fn clock(&self) -> &HandClock {
        &self.clock
    }

    fn reopen(&mut self) {
        // There is nothing but memory, and it stays.
    }
}

impl MemoryHarness for InMemory {
    fn memories(&self) -> Arc<dyn Memories> {
        self.store.clone()
    }
}

fn in_memory() -> InMemory {
    let clock = Arc::new(HandClock::at(START.parse().expect("a time")));
    let store = Arc::new(Memory::new(clock.clone()));
    store.find_nearest();
    InMemory { store, clock }
}

mod ledger {
    novacore_store_suite::ledger_suite!(super::in_memory);
}

mod memories {
    novacore_store_suite::memories_suite!(super::in_memory);
}

mod directory {
    use std::sync::Arc;

    async fn open() -> Arc<super::Memory> {
        super::in_memory().store
    }

    novacore_store_suite::directory_suite!(open);
}
