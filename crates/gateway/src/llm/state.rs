//! What all calls of models share.

use super::{catalog::Catalog, growing::Growing, options::HoldOptions};
use crate::client::Client;
use novacore_app::cx::Cx;
use novacore_vocab::ResourceName;
use std::{fmt, sync::Arc};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// What all calls share.
pub(crate) struct State {
    pub(crate) cx: Cx,
    pub(crate) client: Client,
    pub(crate) catalog: Catalog,
    pub(crate) holds: HoldOptions,
    pub(crate) growing: Growing,
    /// What is metered.
    pub(crate) resource: ResourceName,
    /// One for each call that may run.
    pub(crate) places: Arc<Semaphore>,
    /// Ends the calls when the server has waited long enough.
    pub(crate) stop: CancellationToken,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("catalog", &self.catalog).finish_non_exhaustive()
    }
}
