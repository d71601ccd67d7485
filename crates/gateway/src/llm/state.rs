//! What all calls of models share.

use super::{catalog::Catalog, open_calls::OpenCalls, options::HoldOptions};
use novacore_app::cx::Cx;
use novacore_vocab::ResourceName;
use std::{fmt, sync::Arc};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// What all calls share.
pub(crate) struct State {
    pub(crate) cx: Cx,
    pub(crate) catalog: Catalog,
    pub(crate) holds: HoldOptions,
    /// Those without a maximum.
    pub(crate) growing: OpenCalls,
    /// All of them.
    pub(crate) callers: OpenCalls,
    /// What is metered.
    pub(crate) resource: ResourceName,
    /// One for each call that may run.
    pub(crate) places: Arc<Semaphore>,
    /// One for each KiB of bodies that may be kept.
    pub(crate) body_room: Arc<Semaphore>,
    /// Ends the calls when the server has waited long enough.
    pub(crate) stop: CancellationToken,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("catalog", &self.catalog).finish_non_exhaustive()
    }
}
