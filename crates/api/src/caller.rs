//! Who calls, found out before a handler runs.
//!
//! Invariant: under `/api` only `Authorization` is believed (and `NovaCore-User` beside a key that
//! may act for others); without `/api` only the service token, and then `X-User-Id`.

use crate::{problem::Failure, router::ApiState};
use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, header, request::Parts},
    middleware::Next,
    response::Response,
};
use novacore_access::{Permit, Principal, ReadUsage, Subject};
use novacore_vocab::{Timestamp, UserId};
use novacore_wire::problem::ProblemKind;

/// Where a call came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mount {
    /// Under `/api`.
    Public,
    /// Between services.
    Internal,
}

/// An authenticated caller.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) principal: Principal,
    /// When the token that was shown expires.
    pub(crate) expires_at: Option<Timestamp>,
}

impl Caller {
    /// The user that a call concerns: the one it names, else the caller.
    pub(crate) async fn subject(
        &self,
        state: &ApiState,
        named: Option<UserId>,
    ) -> Result<Subject, Failure> {
        Ok(state.cx.auth.subject(&self.principal, named).await?)
    }

    /// The right to read one's own usage.
    pub(crate) async fn reads(&self, state: &ApiState) -> Result<Permit<ReadUsage>, Failure> {
        let subject = self.subject(state, None).await?;
        Ok(self.principal.read_usage(&subject)?)
    }
}

impl FromRequestParts<ApiState> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Caller, Failure> {
        match state.mount {
            Mount::Public => bearer(&parts.headers, state).await,
            Mount::Internal => service(&parts.headers, state).await,
        }
    }
}

async fn bearer(headers: &HeaderMap, state: &ApiState) -> Result<Caller, Failure> {
    let missing = || Failure::new(ProblemKind::CredentialMissing, "a bearer token is needed");
    let shown = headers.get(header::AUTHORIZATION).ok_or_else(missing)?;
    let shown = shown.to_str().map_err(|_| missing())?;
    let (scheme, token) = shown.split_once(' ').ok_or_else(missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(missing());
    }
    let caller = state.cx.auth.authenticate(token.trim()).await?;
    let principal = match named(headers, "novacore-user")? {
        Some(user) => state.cx.auth.act_for(caller.principal, user).await?,
        None => caller.principal,
    };
    Ok(Caller { principal, expires_at: caller.expires_at })
}

/// Hears a call between services only with the service token.
pub(crate) async fn require_service(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    service_principal(request.headers(), &state)?;
    Ok(next.run(request).await)
}

fn service_principal(headers: &HeaderMap, state: &ApiState) -> Result<Principal, Failure> {
    let missing = || Failure::new(ProblemKind::CredentialMissing, "X-Service-Token is needed");
    let shown = headers.get("x-service-token").ok_or_else(missing)?;
    let shown = shown.to_str().map_err(|_| missing())?;
    Ok(state.cx.auth.authenticate_service(shown)?)
}

async fn service(headers: &HeaderMap, state: &ApiState) -> Result<Caller, Failure> {
    let principal = service_principal(headers, state)?;
    let principal = match named(headers, "x-user-id")? {
        Some(user) => state.cx.auth.act_for(principal, user).await?,
        None => principal,
    };
    Ok(Caller { principal, expires_at: None })
}

/// The user whom a header names.
fn named(headers: &HeaderMap, name: &str) -> Result<Option<UserId>, Failure> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let user = value.to_str().ok().and_then(|text| text.parse().ok());
    match (user, values.next()) {
        (Some(user), None) => Ok(Some(user)),
        _ => Err(Failure::invalid(name, "must be one UUID")),
    }
}
