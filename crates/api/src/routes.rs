//! Handlers, one file per family of calls.

pub(crate) mod admin;
pub(crate) mod auth;
pub(crate) mod events;
pub(crate) mod health;
pub(crate) mod memories;
pub(crate) mod operate;
pub(crate) mod reservations;
pub(crate) mod stream;
pub(crate) mod usage;

use axum::{
    Json,
    http::{HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// An answer to a command, marked if it is a replay.
pub(crate) fn answer(status: StatusCode, body: &impl Serialize, replayed: bool) -> Response {
    let mut response = (status, Json(body)).into_response();
    if replayed {
        response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    response
}
