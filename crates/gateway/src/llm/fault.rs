//! What a provider's refusal says, and of whom.
//!
//! Invariant: what concerns this server at the provider (its key, its account, its rate) is never
//! told in the provider's words: they would read as if the caller's own key or quota were meant,
//! and may name our organisation there.
//! Not here: who is tried next (`call`).

use super::{catalog::Provider, refuse::Refusal};
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, StatusCode, header, response::Parts},
};
use bytes::Bytes;
use novacore_dialects::{Answer, ErrorKind, Family, ProviderError, Route};
use std::time::Duration;

/// Longest refusal of a provider that is read, in bytes.
const BYTES_MAX: usize = 1 << 20;
/// How long it may pause.
const IDLE: Duration = Duration::from_secs(10);
/// Words of both dialects for an account that is used up or shut.
const ACCOUNT_WORDS: [&str; 4] =
    ["insufficient_quota", "billing_not_active", "billing_hard_limit_reached", "billing_error"];
/// Anthropic has no word for it: it comes as an invalid request.
const ACCOUNT_MESSAGE: &str = "Your credit balance is too low";
/// Headers that say when a caller may come back; the second is for the SDKs of OpenAI.
const COME_BACK: [HeaderName; 2] = [header::RETRY_AFTER, HeaderName::from_static("retry-after-ms")];

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// What the caller asks.
    Request,
    /// The model, which this provider does not have.
    Model,
    /// The provider itself.
    Broken,
    /// The key that is configured.
    Key,
    /// Our account, which is used up or shut.
    Account,
    /// How often this server calls.
    Rate,
}

/// A provider's answer that refuses.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) fault: Fault,
    parts: Parts,
    /// None if it could not be read.
    body: Option<Bytes>,
}

impl Fault {
    fn of(status: StatusCode, error: Option<&ProviderError<'_>>) -> Fault {
        if status == StatusCode::PAYMENT_REQUIRED || error.is_some_and(is_of_account) {
            return Fault::Account;
        }
        match status.as_u16() {
            401 | 403 => Fault::Key,
            404 => Fault::Model,
            429 => Fault::Rate,
            408 | 500.. => Fault::Broken,
            _ => Fault::Request,
        }
    }

    /// Whether another provider may do better.
    pub(crate) const fn is_worth_another(self) -> bool {
        match self {
            Fault::Model | Fault::Broken | Fault::Key | Fault::Account | Fault::Rate => true,
            Fault::Request => false,
        }
    }

    /// Whether the next call would fare no better, whatever it asks.
    pub(crate) const fn is_of_provider(self) -> bool {
        match self {
            Fault::Broken | Fault::Key | Fault::Account => true,
            // A limit of the rate passes by itself, and may be of one model.
            Fault::Request | Fault::Model | Fault::Rate => false,
        }
    }
}

/// Whether an error says that our account at the provider is used up or shut.
pub(crate) fn is_of_account(error: &ProviderError<'_>) -> bool {
    ACCOUNT_WORDS.contains(&&*error.kind) || error.message.starts_with(ACCOUNT_MESSAGE)
}

/// What a caller is told of that.
pub(crate) const ACCOUNT: &str = "the provider does not serve this server at present";

impl Refused {
    /// Reads what a provider says.
    pub(crate) async fn read(route: Route, head: Response<Body>, is_packed: bool) -> Refused {
        let (parts, body) = head.into_parts();
        let body = match is_packed {
            true => None,
            false => super::whole::collect(body, BYTES_MAX, IDLE).await,
        };
        let answer = body.as_deref().and_then(|bytes| Answer::read(route, bytes).ok());
        let fault = Fault::of(parts.status, answer.and_then(|answer| answer.error).as_ref());
        Refused { fault, parts, body }
    }

    /// Tells the operator what only he can mend.
    pub(crate) fn log(&self, provider: &Provider, request_id: &str) {
        let (provider, status) = (&provider.name, &self.parts.status);
        match self.fault {
            Fault::Key => tracing::error!(request.id = request_id, provider, %status,
                "a provider does not accept the key that is configured"),
            Fault::Account => tracing::error!(request.id = request_id, provider, %status,
                "the account at a provider is used up or shut"),
            Fault::Rate => tracing::warn!(request.id = request_id, provider, %status,
                "a provider limits the rate of calls"),
            Fault::Request | Fault::Model | Fault::Broken => {}
        }
    }

    /// What the caller is told: the provider's own words, unless they are meant for us.
    pub(crate) fn answer(self, family: Family, id: &str) -> Response<Body> {
        let told = |kind, why: &str| Refusal::new(kind, why).answer(family, Some(id));
        match self.fault {
            Fault::Key => told(ErrorKind::Unavailable, "the provider does not accept this server"),
            Fault::Account => told(ErrorKind::Unavailable, ACCOUNT),
            Fault::Rate => {
                let why = "the provider limits how often this server may call";
                let mut response = told(ErrorKind::UpstreamRateLimited, why);
                self.come_back(&mut response);
                response
            }
            Fault::Request | Fault::Model | Fault::Broken => self
                .pass_on()
                .unwrap_or_else(|| told(ErrorKind::Unavailable, "the provider answered nonsense")),
        }
    }

    /// The same answer; none if it is no refusal that a caller would understand.
    fn pass_on(mut self) -> Option<Response<Body>> {
        if self.parts.status.is_redirection() || self.parts.status.is_informational() {
            return None;
        }
        let mut response = Response::new(Body::from(self.body.take()?));
        *response.status_mut() = self.parts.status;
        let media = self.parts.headers.get(header::CONTENT_TYPE).cloned();
        let media = media.unwrap_or(HeaderValue::from_static("application/json"));
        response.headers_mut().insert(header::CONTENT_TYPE, media);
        self.come_back(&mut response);
        Some(response)
    }

    fn come_back(&self, response: &mut Response<Body>) {
        for name in COME_BACK {
            if let Some(value) = self.parts.headers.get(&name) {
                response.headers_mut().insert(name, value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_concerns_us_is_told_from_what_concerns_the_caller() {
        for (status, kind, message, want) in [
            (400, "", "", Fault::Request),
            (400, "invalid_request_error", "max_tokens is too large", Fault::Request),
            (400, "invalid_request_error", "Your credit balance is too low to go", Fault::Account),
            (400, "billing_hard_limit_reached", "", Fault::Account),
            (401, "invalid_api_key", "", Fault::Key),
            (402, "", "", Fault::Account),
            (403, "permission_error", "", Fault::Key),
            (403, "insufficient_quota", "", Fault::Account),
            (404, "model_not_found", "", Fault::Model),
            (408, "", "", Fault::Broken),
            (413, "", "", Fault::Request),
            (422, "", "", Fault::Request),
            (429, "", "", Fault::Rate),
            (429, "rate_limit_exceeded", "", Fault::Rate),
            (429, "insufficient_quota", "", Fault::Account),
            (500, "", "", Fault::Broken),
            (529, "overloaded_error", "", Fault::Broken),
        ] {
            let error = ProviderError { kind: kind.into(), message: message.into() };
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(Fault::of(status, Some(&error)), want, "{status} {kind} {message}");
            if want != Fault::Account || status == StatusCode::PAYMENT_REQUIRED {
                assert_eq!(Fault::of(status, None), want, "{status} without words");
            }
        }
    }
}
