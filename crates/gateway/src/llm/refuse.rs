//! Refusals and failures in the caller's dialect.
//!
//! Invariant: status and fields of quotas are those of the control plane; only the body is the
//! dialect's, which the official SDKs parse, and `x-should-retry` tells them what to do.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use novacore_dialects::{ErrorBody, ErrorKind, Family};
use novacore_edge::Failure;
use novacore_wire::problem::ProblemKind;

const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// The word for a kind of failure in metrics.
pub(crate) trait Word {
    fn word(self) -> &'static str;
}

impl Word for ErrorKind {
    fn word(self) -> &'static str {
        match self {
            ErrorKind::QuotaRefused => "quota",
            ErrorKind::RateLimited => "rate",
            ErrorKind::InvalidRequest => "invalid",
            ErrorKind::UnboundedInput => "unbounded_input",
            ErrorKind::Unauthenticated => "unauthenticated",
            ErrorKind::Forbidden => "forbidden",
            ErrorKind::NotFound => "not_found",
            ErrorKind::Conflict => "conflict",
            ErrorKind::TooLarge => "too_large",
            ErrorKind::Unavailable => "unavailable",
            ErrorKind::UpstreamRateLimited => "upstream_rate",
            ErrorKind::UpstreamTimeout => "timeout",
            ErrorKind::Internal => "internal",
        }
    }
}

/// A failure that is told in a dialect.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) field: Option<String>,
    /// The same as a problem, whose fields of quotas are sent too.
    failure: Option<Box<Failure>>,
}

impl Refusal {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Refusal {
        Refusal { kind, message: message.into(), field: None, failure: None }
    }

    pub(crate) fn of_field(kind: ErrorKind, field: String, message: String) -> Refusal {
        Refusal { kind, message, field: Some(field), failure: None }
    }

    /// The answer. `id` is the request's.
    pub(crate) fn answer(self, family: Family, id: Option<&str>) -> Response {
        let kind = self.kind;
        let body = ErrorBody {
            kind,
            message: &self.message,
            field: self.field.as_deref(),
            request_id: id,
        }
        .json(family);
        let mut response = match self.failure {
            Some(failure) => failure.into_response(),
            None => Response::new(Body::empty()),
        };
        *response.body_mut() = Body::from(body);
        *response.status_mut() =
            StatusCode::from_u16(kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let retry = if kind.should_retry() { "true" } else { "false" };
        headers.insert(SHOULD_RETRY, HeaderValue::from_static(retry));
        if kind.should_retry() && !headers.contains_key(header::RETRY_AFTER) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Refusal {
        let problem = &failure.0;
        let kind = kind_of(problem.kind);
        let message = problem.detail.clone();
        if kind == ErrorKind::Internal {
            tracing::error!(cause = problem.cause.as_deref(), "a call failed");
        }
        Refusal { kind, message, field: None, failure: Some(Box::new(failure)) }
    }
}

impl From<novacore_app::error::AppError> for Refusal {
    fn from(error: novacore_app::error::AppError) -> Refusal {
        Failure::from(error).into()
    }
}

const fn kind_of(kind: ProblemKind) -> ErrorKind {
    match kind {
        ProblemKind::MalformedBody
        | ProblemKind::MalformedRequest
        | ProblemKind::UnsupportedMediaType
        | ProblemKind::InvalidField
        | ProblemKind::MethodNotAllowed
        | ProblemKind::TooSlow => ErrorKind::InvalidRequest,
        ProblemKind::CredentialMissing
        | ProblemKind::CredentialInvalid
        | ProblemKind::WrongLogin => ErrorKind::Unauthenticated,
        ProblemKind::Forbidden | ProblemKind::AccountDisabled => ErrorKind::Forbidden,
        ProblemKind::NotFound => ErrorKind::NotFound,
        ProblemKind::KeyReused
        | ProblemKind::ReservationEnded
        | ProblemKind::EmailTaken
        | ProblemKind::Conflict => ErrorKind::Conflict,
        ProblemKind::TooLarge => ErrorKind::TooLarge,
        ProblemKind::CounterRange | ProblemKind::LevelBelowZero | ProblemKind::QuotaExceeded => {
            ErrorKind::QuotaRefused
        }
        ProblemKind::TooManyReservations
        | ProblemKind::TooManyStreams
        | ProblemKind::RateLimited => ErrorKind::RateLimited,
        ProblemKind::Overloaded
        | ProblemKind::StorageFull
        | ProblemKind::ClockBehind
        | ProblemKind::Unavailable
        | ProblemKind::UpstreamUnavailable
        | ProblemKind::UpstreamTimeout => ErrorKind::Unavailable,
        ProblemKind::Internal => ErrorKind::Internal,
    }
}
