//! Calls of models: admitted by a hold, streamed, metered, settled.

use crate::{client::Client, options::OptionsError};
use axum::{
    body::Body,
    http::Request,
    response::{IntoResponse, Response},
};
use novacore_app::cx::Cx;
use novacore_edge::Failure;
use novacore_wire::{health::Upstream, problem::ProblemKind};
use tokio_util::task::TaskTracker;

/// Providers and models.
#[derive(Clone, Debug, Default)]
pub struct LlmOptions {}

/// The LLM data plane.
#[derive(Debug)]
pub(crate) struct Llm {}

impl Llm {
    pub(crate) fn new(
        _: Cx,
        _: Client,
        _: TaskTracker,
        _: LlmOptions,
    ) -> Result<Llm, OptionsError> {
        Ok(Llm {})
    }

    pub(crate) fn serves(&self, _: &str) -> bool {
        false
    }

    pub(crate) async fn answer(&self, _: Request<Body>) -> Response {
        Failure::new(ProblemKind::NotFound, "there is no such path").into_response()
    }

    pub(crate) fn upstreams(&self) -> Vec<Upstream> {
        Vec::new()
    }
}
