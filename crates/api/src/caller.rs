//! Who calls, found out before a handler runs.
//!
//! Invariant: under `/api` only a bearer is heard; without `/api` only a service.

use crate::router::ApiState;
use axum::{
    extract::{FromRequestParts, Request, State},
    http::request::Parts,
    middleware::Next,
    response::Response,
};
use novacore_edge::{
    Failure,
    caller::{self, Caller},
};

/// Where a call came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mount {
    /// Under `/api`.
    Public,
    /// Between services.
    Internal,
}

impl FromRequestParts<ApiState> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Caller, Failure> {
        match state.mount {
            Mount::Public => caller::bearer(&parts.headers, &state.cx).await,
            Mount::Internal => caller::service(&parts.headers, &state.cx).await,
        }
    }
}

/// Hears a call between services only with the service token.
pub(crate) async fn require_service(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    caller::service_principal(request.headers(), &state.cx)?;
    Ok(next.run(request).await)
}
