//! The reverse proxy: an operator's routes to services.

use crate::{client::Client, options::OptionsError};
use axum::{
    body::Body,
    http::Request,
    response::{IntoResponse, Response},
};
use novacore_app::cx::Cx;
use novacore_edge::Failure;
use novacore_wire::{health::Upstream, problem::ProblemKind};

/// Routes to services.
#[derive(Clone, Debug, Default)]
pub struct ProxyOptions {}

/// The reverse proxy.
#[derive(Debug)]
pub(crate) struct Proxy {}

impl Proxy {
    pub(crate) fn new(_: Cx, _: Client, _: ProxyOptions) -> Result<Proxy, OptionsError> {
        Ok(Proxy {})
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
