//! What answers the paths that are not the control plane's.

use axum::{body::Body, http::Request, response::Response};
use futures::future::BoxFuture;
use novacore_wire::health::Upstream;
use std::{fmt, sync::Arc};

/// The data plane, as the edges around it see it.
///
/// Invariant: it has time limits of its own; those of the control plane do not touch it.
pub trait DataPlane: fmt::Debug + Send + Sync {
    /// Whether it answers this path at all.
    fn serves(&self, path: &str) -> bool;

    /// Answers. The request's `x-request-id` is ours, whatever the client sent.
    fn answer(self: Arc<Self>, request: Request<Body>) -> BoxFuture<'static, Response>;

    /// How the upstreams are, as far as calls have shown.
    fn upstreams(&self) -> Vec<Upstream>;
}
