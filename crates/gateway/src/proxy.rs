//! The reverse proxy: an operator's routes to services.
//!
//! Invariant: a call is forwarded under the longest prefix that its path lies under, and under no
//! other, whatever the outcome.
//! Not here: calls of models; paths of the control plane, which never come here.

mod download;
mod exchange;
mod headers;
mod options;
mod path;
mod route;
mod tunnel;
mod upload;
mod upstreams;

pub use options::{ProxyOptions, RouteOptions};

use crate::{client::Clients, options::OptionsError};
use axum::{
    body::Body,
    http::{HeaderValue, Method, Request, header},
    response::{IntoResponse, Response},
};
use novacore_app::cx::Cx;
use novacore_edge::Failure;
use novacore_outbound::Protocol;
use novacore_wire::{health::Upstream, problem::ProblemKind};
use route::Route;
use std::sync::Arc;

/// Where the keys are that verify the tokens that services are told.
const JWKS_PATH: &str = "/.well-known/jwks.json";

/// The reverse proxy.
#[derive(Debug)]
pub(crate) struct Proxy {
    cx: Cx,
    /// Those with the longer prefixes first.
    routes: Vec<Route>,
}

impl Proxy {
    pub(crate) fn new(
        cx: Cx,
        clients: &mut Clients,
        options: ProxyOptions,
    ) -> Result<Proxy, OptionsError> {
        let parsed = options::parse(&options.routes)?;
        let mut routes = Vec::with_capacity(parsed.len());
        let trusted_proxies: Arc<[_]> = options.trusted_proxies.into();
        for route in parsed {
            let calls = if route.http2 { Protocol::Http2 } else { Protocol::Offered };
            let mut client = |protocol| {
                let client = clients.get(protocol, route.ca_file.as_deref());
                let at = || format!("upstreams[{}].ca_file", route.index);
                client.map_err(|why| OptionsError::new(at(), why))
            };
            let clients =
                route::Clients { calls: client(calls)?, upgrades: client(Protocol::Http1)? };
            routes.push(Route::new(route, &cx, clients, trusted_proxies.clone()));
        }
        Ok(Proxy { cx, routes })
    }

    pub(crate) fn serves(&self, path: &str) -> bool {
        path == JWKS_PATH
            || (!self.routes.is_empty()
                && path::one_spelling(path).is_some_and(|path| self.route(&path).is_some()))
    }

    pub(crate) async fn answer(&self, request: Request<Body>) -> Response {
        if request.uri().path() == JWKS_PATH {
            return self.keys(request.method());
        }
        let path = path::one_spelling(request.uri().path()).map(|path| path.into_owned());
        let found = path.as_deref().and_then(|path| Some((path, self.route(path)?)));
        let Some((path, (route, rest))) = found else {
            return Failure::new(ProblemKind::NotFound, "there is no such path").into_response();
        };
        route.answer(&self.cx, request, path, rest).await.into_response()
    }

    /// How each upstream is. No addresses: this is shown to everyone.
    pub(crate) fn upstreams(&self) -> Vec<Upstream> {
        let mut all = Vec::new();
        for route in &self.routes {
            let health = route.health();
            let count = health.len();
            for (index, health) in health.into_iter().enumerate() {
                let name = match count {
                    1 => route.prefix().to_owned(),
                    _ => format!("{}#{}", route.prefix(), index + 1),
                };
                all.push(Upstream { name, status: health.as_str() });
            }
        }
        all
    }

    /// The route of a path in one spelling, and what follows its prefix.
    fn route<'p>(&self, path: &'p str) -> Option<(&Route, &'p str)> {
        self.routes.iter().find_map(|route| Some((route, route.rest(path)?)))
    }

    fn keys(&self, method: &Method) -> Response {
        if !matches!(*method, Method::GET | Method::HEAD) {
            let why = "this path has no such method";
            return Failure::new(ProblemKind::MethodNotAllowed, why).into_response();
        }
        let mut answer = Response::new(Body::from(self.cx.auth.context_jwks().to_owned()));
        let headers = answer.headers_mut();
        let value = HeaderValue::from_static;
        headers.insert(header::CONTENT_TYPE, value("application/jwk-set+json"));
        headers.insert(header::CACHE_CONTROL, value("public, max-age=300"));
        answer
    }
}
