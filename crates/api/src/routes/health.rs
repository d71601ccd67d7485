//! Is it alive, is it ready, how is it doing.

use crate::router::ApiState;
use axum::{
    Json as Reply,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use novacore_wire::health::{Health, Probe, Status, StoreFigures};

/// The media type of Prometheus' newer text format.
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(crate) async fn live() -> Reply<Probe> {
    Reply(Probe { status: "ok" })
}

pub(crate) async fn ready(State(state): State<ApiState>) -> Response {
    let writable = state.cx.ledger.health().writable;
    let (code, status) = if writable {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    };
    (code, Reply(Probe { status })).into_response()
}

pub(crate) async fn health(State(state): State<ApiState>) -> Response {
    let health = state.cx.ledger.health();
    let code = if health.writable { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = Health {
        status: if health.writable { "ok" } else { "read_only" },
        why: health.why,
        store: StoreFigures {
            writable: health.writable,
            queue_depth: health.queue_depth,
            derived_lag: health.derived_lag,
            accounts_loaded: health.accounts_loaded,
            entries: health.entries,
        },
    };
    (code, Reply(body)).into_response()
}

pub(crate) async fn metrics(State(state): State<ApiState>) -> Response {
    match state.cx.metrics.render(&state.cx.ledger.health()) {
        Ok(text) => ([(header::CONTENT_TYPE, METRICS_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

pub(crate) async fn status(State(state): State<ApiState>) -> Reply<Status> {
    let writable = state.cx.ledger.health().writable;
    Reply(Status {
        status: if writable { "ok" } else { "read_only" },
        service: "novacore",
        version: env!("CARGO_PKG_VERSION"),
        timestamp: state.cx.clock.now(),
        upstreams: state
            .options
            .data_plane
            .as_ref()
            .map_or_else(Vec::new, |plane| plane.upstreams()),
    })
}
