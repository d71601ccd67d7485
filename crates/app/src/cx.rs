//! What every use-case is given: the ports, composed once.

use crate::{
    auth::Auth, memories::MemoryService, metrics::Metrics, refusals::Refusals, stream::Streams,
};
use novacore_store::{clock::Clock, directory::Directory, ledger::Ledger};
use std::sync::Arc;

/// The composition. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Cx {
    /// The ledger.
    pub ledger: Arc<dyn Ledger>,
    /// Users, sessions, keys, the audit log.
    pub directory: Arc<dyn Directory>,
    /// Memories, and what embeds them.
    pub memories: Arc<MemoryService>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Who calls.
    pub auth: Arc<Auth>,
    /// Measurements.
    pub metrics: Arc<Metrics>,
    /// Open streams.
    pub streams: Arc<Streams>,
    /// What limits have refused lately.
    pub refusals: Arc<Refusals>,
}

impl Cx {
    /// Composes the ports.
    pub fn new(
        ledger: Arc<dyn Ledger>,
        directory: Arc<dyn Directory>,
        memories: Arc<MemoryService>,
        clock: Arc<dyn Clock>,
        auth: Arc<Auth>,
        metrics: Arc<Metrics>,
    ) -> Cx {
        let streams = Streams::new(ledger.clone(), directory.as_ref());
        let refusals = Arc::new(Refusals::since(clock.now()));
        Cx { ledger, directory, memories, clock, auth, metrics, streams, refusals }
    }
}
