//! From a failure to the problem that the caller is told.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use novacore_access::Denied;
use novacore_app::{
    auth::error::{AuthError, TokenFault},
    error::AppError,
    stream::STREAMS_PER_USER_MAX,
};
use novacore_ledger::{OPEN_HOLDS_MAX, QuotaRefusal, Refusal};
use novacore_wire::{
    body::BodyError,
    problem::{Exceeded, Extension, Problem, ProblemKind},
    rate_limit,
};

/// A problem as an answer.
#[derive(Debug)]
pub struct Failure(pub Problem);

impl Failure {
    /// A problem of this kind with a text for people.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Failure {
        Failure(Problem::new(kind, detail))
    }

    /// A field that is understood and invalid.
    pub fn invalid(field: &str, why: impl std::fmt::Display) -> Failure {
        Failure(Problem::invalid(field, why))
    }
}

impl From<BodyError> for Failure {
    fn from(error: BodyError) -> Failure {
        match error {
            BodyError::Malformed(_) => Failure::new(ProblemKind::MalformedBody, error.to_string()),
            BodyError::Invalid { field, why } => Failure(Problem::invalid(field, why)),
        }
    }
}

impl From<AuthError> for Failure {
    fn from(error: AuthError) -> Failure {
        AppError::from(error).into()
    }
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Failure {
        match denied {
            Denied::Forbidden(why) => Failure::new(ProblemKind::Forbidden, why),
            Denied::NotFound => Failure::new(ProblemKind::NotFound, "not found"),
            Denied::Disabled => Failure::new(ProblemKind::AccountDisabled, denied.to_string()),
            Denied::NoSubject => Failure::invalid("userId", denied),
        }
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Failure {
        let text = error.to_string();
        let told = |kind| Failure::new(kind, text.clone());
        match error {
            AppError::Refused(refusal) => refusal.into(),
            AppError::Denied(denied) => denied.into(),
            AppError::NotFound(_) => told(ProblemKind::NotFound),
            AppError::Invalid { field, why } => Failure::invalid(field, why),
            AppError::Memory(invalid) => Failure::invalid(&invalid.field.to_string(), invalid.flaw),
            AppError::Token(
                TokenFault::Malformed
                | TokenFault::Invalid
                | TokenFault::Expired
                | TokenFault::NotYet
                | TokenFault::SessionEnded,
            )
            | AppError::WrongServiceToken => told(ProblemKind::CredentialInvalid),
            AppError::WrongLogin => told(ProblemKind::WrongLogin),
            AppError::EmailTaken => told(ProblemKind::EmailTaken),
            AppError::Conflict(_) => told(ProblemKind::Conflict),
            AppError::TooManyAttempts { retry_after_s } => {
                let seconds = i64::try_from(retry_after_s).unwrap_or(i64::MAX);
                // The next attempt is heard after that time: one of such a window.
                bounded(ProblemKind::RateLimited, &text, ("requests", 1), Some(seconds))
            }
            AppError::TooManyStreams => {
                let most = ("streams", STREAMS_PER_USER_MAX);
                bounded(ProblemKind::TooManyStreams, &text, most, None)
            }
            AppError::Overloaded => told(ProblemKind::Overloaded),
            AppError::StorageFull => told(ProblemKind::StorageFull),
            AppError::ClockBehind => told(ProblemKind::ClockBehind),
            AppError::Unavailable => told(ProblemKind::Unavailable),
            AppError::Internal(cause) => {
                Failure(Problem::new(ProblemKind::Internal, "internal error").caused_by(cause))
            }
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        let text = refusal.to_string();
        match refusal {
            Refusal::KeyReused => Failure::new(ProblemKind::KeyReused, text),
            Refusal::Invalid(invalid) => Failure::invalid(invalid.field(), &invalid),
            Refusal::HoldUnknown => Failure::new(ProblemKind::NotFound, text),
            Refusal::HoldEnded(status) => Failure(Problem {
                extension: Extension::ReservationStatus(status.as_str()),
                ..Problem::new(ProblemKind::ReservationEnded, text)
            }),
            Refusal::Quota(quota) => exceeded(&quota),
            Refusal::TooManyHolds => {
                let most = ("reservations", OPEN_HOLDS_MAX);
                bounded(ProblemKind::TooManyReservations, &text, most, None)
            }
            Refusal::CounterRange(_) => Failure::new(ProblemKind::CounterRange, text),
            Refusal::LevelBelowZero { resource, part, .. } => Failure(Problem {
                extension: Extension::Level { resource, available: part },
                ..Problem::new(ProblemKind::LevelBelowZero, text)
            }),
        }
    }
}

fn exceeded(quota: &QuotaRefusal) -> Failure {
    let detail = format!(
        "{} quota exceeded. Current: {}, Requested: {}, Limit: {}",
        quota.resource,
        quota.used + quota.held,
        quota.requested,
        quota.cap
    );
    let numbers = Exceeded {
        resource_type: quota.resource.to_string(),
        limit_name: quota.limit.to_string(),
        limit: quota.cap,
        used: quota.used,
        held: quota.held,
        requested: quota.requested,
        remaining: quota.remaining,
        resets_at: quota.resets_at,
        upgrade_to: quota.upgrade_to.clone(),
        window_s: Exceeded::window_length_s(quota.window, quota.resets_at),
        reset_s: quota.resets_at.map(|end| quota.decided_at.seconds_until_ceil(end)),
    };
    Failure(Problem::exceeded(ProblemKind::QuotaExceeded, detail, numbers))
}

/// A 429 that is not about a metered resource: of what, and how much of it, there may be.
fn bounded(
    kind: ProblemKind,
    detail: &str,
    (what, most): (&str, usize),
    reset_s: Option<i64>,
) -> Failure {
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    let numbers = Exceeded {
        resource_type: what.to_owned(),
        limit_name: if reset_s.is_some() { "rate" } else { "open" }.to_owned(),
        limit,
        used: limit,
        held: 0,
        requested: 1,
        remaining: 0,
        resets_at: None,
        upgrade_to: None,
        window_s: reset_s,
        reset_s,
    };
    Failure(Problem::exceeded(kind, detail, numbers))
}

/// The answer to a request that took too long to arrive or to answer.
pub fn request_timeout() -> Response<Body> {
    Failure::new(ProblemKind::TooSlow, "the request took too long").into_response()
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response<Body> {
        let problem = self.0;
        if problem.kind == ProblemKind::Internal {
            tracing::error!(cause = problem.cause.as_deref(), "a request failed");
        }
        let status =
            StatusCode::from_u16(problem.kind.status()).expect("a status of the catalogue");
        let body = serde_json::to_vec(&problem).expect("a problem serialises");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = problem.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Extension::Exceeded(numbers) = &problem.extension {
            for (name, text) in [
                ("ratelimit-policy", rate_limit::policy(numbers)),
                ("ratelimit", rate_limit::state(numbers)),
            ] {
                if let Ok(value) = HeaderValue::try_from(text) {
                    headers.insert(name, value);
                }
            }
        }
        response
    }
}
