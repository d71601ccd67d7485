//! Who calls, found out of headers before a handler runs.
//!
//! Invariant: of a bearer only `Authorization` is believed, and beside it `NovaCore-User` as far as
//! `access` lets him name another; of a service only the service token, and then `X-User-Id`.

use crate::problem::Failure;
use axum::http::{HeaderMap, header};
use novacore_access::{Permit, Principal, ReadProfile, ReadUsage, Subject};
use novacore_app::cx::Cx;
use novacore_vocab::{Timestamp, UserId};
use novacore_wire::problem::ProblemKind;

/// An authenticated caller.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who, and by what.
    pub principal: Principal,
    /// When the token that was shown expires.
    pub expires_at: Option<Timestamp>,
}

impl Caller {
    /// The user that a call concerns: the one it names, else the caller.
    pub async fn subject(&self, cx: &Cx, named: Option<UserId>) -> Result<Subject, Failure> {
        Ok(cx.auth.subject(&self.principal, named).await?)
    }

    /// The right to read one's own usage.
    pub async fn reads(&self, cx: &Cx) -> Result<Permit<ReadUsage>, Failure> {
        let subject = self.subject(cx, None).await?;
        Ok(self.principal.read_usage(&subject)?)
    }

    /// The right to read who one is.
    pub async fn reads_profile(&self, cx: &Cx) -> Result<Permit<ReadProfile>, Failure> {
        let subject = self.subject(cx, None).await?;
        Ok(self.principal.read_profile(&subject)?)
    }
}

/// The bearer of a JWT or an API key in `Authorization`.
pub async fn bearer(headers: &HeaderMap, cx: &Cx) -> Result<Caller, Failure> {
    let missing = || Failure::new(ProblemKind::CredentialMissing, "a bearer token is needed");
    let shown = headers.get(header::AUTHORIZATION).ok_or_else(missing)?;
    let shown = shown.to_str().map_err(|_| missing())?;
    let (scheme, token) = shown.split_once(' ').ok_or_else(missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(missing());
    }
    bearer_of(token.trim(), headers, cx).await
}

/// The bearer of this token, wherever it was shown.
pub async fn bearer_of(token: &str, headers: &HeaderMap, cx: &Cx) -> Result<Caller, Failure> {
    let caller = cx.auth.authenticate(token).await?;
    let principal = match named(headers, "novacore-user")? {
        Some(user) => cx.auth.act_for(caller.principal, user).await?,
        None => caller.principal,
    };
    Ok(Caller { principal, expires_at: caller.expires_at })
}

/// The holder of the service token in `X-Service-Token`.
pub fn service_principal(headers: &HeaderMap, cx: &Cx) -> Result<Principal, Failure> {
    let missing = || Failure::new(ProblemKind::CredentialMissing, "X-Service-Token is needed");
    let shown = headers.get("x-service-token").ok_or_else(missing)?;
    let shown = shown.to_str().map_err(|_| missing())?;
    Ok(cx.auth.authenticate_service(shown)?)
}

/// A service, acting for the user whom it names in `X-User-Id`.
pub async fn service(headers: &HeaderMap, cx: &Cx) -> Result<Caller, Failure> {
    let principal = service_principal(headers, cx)?;
    let principal = match named(headers, "x-user-id")? {
        Some(user) => cx.auth.act_for(principal, user).await?,
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
