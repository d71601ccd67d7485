//! The problem catalogue: every way in which a call can fail, as RFC 9457
//! `application/problem+json`.
//!
//! Invariant: `type` is stable: a kind may be added, never renamed.
//! Invariant: `cause` is for the log and is not part of what is sent.
//! Not here: which error of the domain is which problem (`api`); headers beside the body
//! (`rate_limit`).

use novacore_vocab::{ResourceName, TierName, Timestamp, Window};
use serde::{Serialize, Serializer, ser::SerializeMap};
use utoipa::ToSchema;

/// What kind of problem it is; decides `type`, `title` and status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// The body is not JSON.
    MalformedBody,
    /// Path, query or a header cannot be understood.
    MalformedRequest,
    /// No credential was shown.
    CredentialMissing,
    /// The credential shown is not valid, or no longer.
    CredentialInvalid,
    /// E-mail and password do not belong together.
    WrongLogin,
    /// Not with this credential.
    Forbidden,
    /// The account is shut.
    AccountDisabled,
    /// There is no such thing, or it is another's.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The request took too long to arrive or to answer.
    TooSlow,
    /// The idempotency key was used for another command.
    KeyReused,
    /// The reservation has ended.
    ReservationEnded,
    /// The e-mail address belongs to another.
    EmailTaken,
    /// What was to be changed has changed meanwhile.
    Conflict,
    /// The body is too large.
    TooLarge,
    /// The body is of a type that this call does not read.
    UnsupportedMediaType,
    /// Understood, but a field is invalid.
    InvalidField,
    /// A counter would leave the range of exact numbers.
    CounterRange,
    /// A level would fall below zero.
    LevelBelowZero,
    /// A limit of the tier does not allow it.
    QuotaExceeded,
    /// As many reservations are open as may be.
    TooManyReservations,
    /// As many streams are open as may be.
    TooManyStreams,
    /// Tried too often.
    RateLimited,
    /// Too much is waiting already.
    Overloaded,
    /// The disk is full.
    StorageFull,
    /// The machine's clock is behind the ledger.
    ClockBehind,
    /// The store is stopping or out of reach.
    Unavailable,
    /// The service behind the gateway cannot be reached.
    UpstreamUnavailable,
    /// The service behind the gateway did not answer in time.
    UpstreamTimeout,
    /// A defect of ours.
    Internal,
}

/// The stable URI of a kind.
macro_rules! urn {
    ($name:literal) => {
        concat!("urn:novacore:problem:", $name)
    };
}

impl ProblemKind {
    /// Every kind.
    pub const ALL: [ProblemKind; 30] = [
        ProblemKind::MalformedBody,
        ProblemKind::MalformedRequest,
        ProblemKind::CredentialMissing,
        ProblemKind::CredentialInvalid,
        ProblemKind::WrongLogin,
        ProblemKind::Forbidden,
        ProblemKind::AccountDisabled,
        ProblemKind::NotFound,
        ProblemKind::MethodNotAllowed,
        ProblemKind::TooSlow,
        ProblemKind::KeyReused,
        ProblemKind::ReservationEnded,
        ProblemKind::EmailTaken,
        ProblemKind::Conflict,
        ProblemKind::TooLarge,
        ProblemKind::UnsupportedMediaType,
        ProblemKind::InvalidField,
        ProblemKind::CounterRange,
        ProblemKind::LevelBelowZero,
        ProblemKind::QuotaExceeded,
        ProblemKind::TooManyReservations,
        ProblemKind::TooManyStreams,
        ProblemKind::RateLimited,
        ProblemKind::Overloaded,
        ProblemKind::StorageFull,
        ProblemKind::ClockBehind,
        ProblemKind::Unavailable,
        ProblemKind::UpstreamUnavailable,
        ProblemKind::UpstreamTimeout,
        ProblemKind::Internal,
    ];

    /// Status, `type` and title: the catalogue.
    const fn row(self) -> (u16, &'static str, &'static str) {
        match self {
            ProblemKind::MalformedBody => (400, urn!("malformed-body"), "Malformed body"),
            ProblemKind::MalformedRequest => (400, urn!("malformed-request"), "Malformed request"),
            ProblemKind::CredentialMissing => (401, urn!("credential-missing"), "No credential"),
            ProblemKind::CredentialInvalid => {
                (401, urn!("credential-invalid"), "Invalid credential")
            }
            ProblemKind::WrongLogin => (401, urn!("wrong-login"), "Wrong e-mail or password"),
            ProblemKind::Forbidden => (403, urn!("forbidden"), "Forbidden"),
            ProblemKind::AccountDisabled => (403, urn!("account-disabled"), "Account disabled"),
            ProblemKind::NotFound => (404, urn!("not-found"), "Not found"),
            ProblemKind::MethodNotAllowed => {
                (405, urn!("method-not-allowed"), "Method not allowed")
            }
            ProblemKind::TooSlow => (408, urn!("request-timeout"), "Request timeout"),
            ProblemKind::KeyReused => (409, urn!("key-reused"), "Idempotency key reused"),
            ProblemKind::ReservationEnded => (409, urn!("reservation-ended"), "Reservation ended"),
            ProblemKind::EmailTaken => (409, urn!("email-taken"), "E-mail taken"),
            ProblemKind::Conflict => (409, urn!("conflict"), "Conflict"),
            ProblemKind::TooLarge => (413, urn!("too-large"), "Body too large"),
            ProblemKind::UnsupportedMediaType => {
                (415, urn!("unsupported-media-type"), "Unsupported media type")
            }
            ProblemKind::InvalidField => (422, urn!("invalid-field"), "Invalid field"),
            ProblemKind::CounterRange => (422, urn!("counter-range"), "Counter out of range"),
            ProblemKind::LevelBelowZero => (422, urn!("level-below-zero"), "Level below zero"),
            ProblemKind::QuotaExceeded => (429, urn!("quota-exceeded"), "Quota exceeded"),
            ProblemKind::TooManyReservations => {
                (429, urn!("too-many-reservations"), "Too many reservations")
            }
            ProblemKind::TooManyStreams => (429, urn!("too-many-streams"), "Too many streams"),
            ProblemKind::RateLimited => (429, urn!("rate-limited"), "Too many attempts"),
            ProblemKind::Overloaded => (503, urn!("overloaded"), "Overloaded"),
            ProblemKind::StorageFull => (503, urn!("storage-full"), "Storage full"),
            ProblemKind::ClockBehind => (503, urn!("clock-behind"), "Clock behind"),
            ProblemKind::Unavailable => (503, urn!("unavailable"), "Unavailable"),
            ProblemKind::UpstreamUnavailable => {
                (503, urn!("upstream-unavailable"), "Upstream unavailable")
            }
            ProblemKind::UpstreamTimeout => (504, urn!("upstream-timeout"), "Upstream timeout"),
            ProblemKind::Internal => (500, urn!("internal"), "Internal error"),
        }
    }

    /// The HTTP status.
    pub const fn status(self) -> u16 {
        self.row().0
    }

    /// The stable URI.
    pub const fn type_uri(self) -> &'static str {
        self.row().1
    }

    /// The title, the same for every problem of the kind.
    pub const fn title(self) -> &'static str {
        self.row().2
    }
}

/// The numbers of a refusal by a limit; part of every 429.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// What is limited.
    pub resource_type: String,
    /// The name of the limit.
    pub limit_name: String,
    /// The most that may be used.
    pub limit: i64,
    /// Used in the window.
    pub used: i64,
    /// Held in the window.
    pub held: i64,
    /// What was asked.
    pub requested: i64,
    /// What would be admitted now.
    pub remaining: i64,
    /// When the window ends; absent for a level.
    pub resets_at: Option<Timestamp>,
    /// The first higher tier in which it would fit.
    pub upgrade_to: Option<TierName>,
    /// Length of the window in seconds, for the header fields.
    pub window_s: Option<i64>,
    /// Seconds until the window ends, for the header fields.
    pub reset_s: Option<i64>,
}

impl Exceeded {
    /// The length in seconds of the window that ends at `resets_at`.
    pub fn window_length_s(window: Window, resets_at: Option<Timestamp>) -> Option<i64> {
        let span = window.span_at(Timestamp::from_micros(resets_at?.micros() - 1));
        Some(span.start.seconds_until_ceil(span.end))
    }
}

/// Typed members beside the standard ones.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Extension {
    /// None.
    #[default]
    None,
    /// `field`: the field, parameter or header that is invalid.
    Field(String),
    /// `reservation_status`: how the reservation has ended.
    ReservationStatus(&'static str),
    /// `resource_type`, and the level's part that would fall below zero as `available`.
    Level {
        /// The level.
        resource: ResourceName,
        /// What there is to give back.
        available: i64,
    },
    /// The numbers of a limit.
    Exceeded(Box<Exceeded>),
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind.
    pub kind: ProblemKind,
    /// What is wrong this time, for the caller.
    pub detail: String,
    /// Typed members.
    pub extension: Extension,
    /// Seconds after which to try again.
    pub retry_after_s: Option<i64>,
    /// What happened, for the log only.
    pub cause: Option<String>,
}

impl Problem {
    /// A problem without extension. Every 503 and 504 asks to come back after a second.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Problem {
        Problem {
            kind,
            detail: detail.into(),
            extension: Extension::None,
            retry_after_s: matches!(kind.status(), 503 | 504).then_some(1),
            cause: None,
        }
    }

    /// A field that is understood but invalid.
    pub fn invalid(field: impl Into<String>, why: impl std::fmt::Display) -> Problem {
        let field = field.into();
        let detail = format!("{field}: {why}");
        let extension = Extension::Field(field);
        Problem { extension, ..Problem::new(ProblemKind::InvalidField, detail) }
    }

    /// A refusal by a limit.
    pub fn exceeded(kind: ProblemKind, detail: impl Into<String>, numbers: Exceeded) -> Problem {
        let retry_after_s = numbers.reset_s;
        let extension = Extension::Exceeded(Box::new(numbers));
        Problem { extension, retry_after_s, ..Problem::new(kind, detail) }
    }

    /// The same with what happened, for the log.
    pub fn caused_by(self, cause: impl std::fmt::Display) -> Problem {
        Problem { cause: Some(cause.to_string()), ..self }
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", self.kind.type_uri())?;
        map.serialize_entry("title", self.kind.title())?;
        map.serialize_entry("status", &self.kind.status())?;
        map.serialize_entry("detail", &self.detail)?;
        // The platform's clients read these two.
        map.serialize_entry("error", self.kind.title())?;
        map.serialize_entry("message", &self.detail)?;
        serialize_extension(&self.extension, &mut map)?;
        map.end()
    }
}

fn serialize_extension<M: SerializeMap>(
    extension: &Extension,
    map: &mut M,
) -> Result<(), M::Error> {
    match extension {
        Extension::None => Ok(()),
        Extension::Field(field) => map.serialize_entry("field", field),
        Extension::ReservationStatus(status) => map.serialize_entry("reservation_status", status),
        Extension::Level { resource, available } => {
            map.serialize_entry("resource_type", resource)?;
            map.serialize_entry("available", available)
        }
        Extension::Exceeded(numbers) => {
            map.serialize_entry("resource_type", &numbers.resource_type)?;
            map.serialize_entry("limit_name", &numbers.limit_name)?;
            map.serialize_entry("limit", &numbers.limit)?;
            map.serialize_entry("used", &numbers.used)?;
            map.serialize_entry("held", &numbers.held)?;
            map.serialize_entry("requested", &numbers.requested)?;
            map.serialize_entry("remaining", &numbers.remaining)?;
            // Null says that it never resets, or that no tier is large enough.
            map.serialize_entry("resets_at", &numbers.resets_at)?;
            map.serialize_entry("upgrade_to", &numbers.upgrade_to)
        }
    }
}

/// How a problem looks in JSON, for the API description.
#[derive(Debug, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemShape {
    /// A stable URI that names the kind of problem.
    #[schema(example = "urn:novacore:problem:quota-exceeded")]
    pub r#type: String,
    /// What kind of problem it is, in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong this time.
    pub detail: String,
    /// The same as `title`.
    pub error: String,
    /// The same as `detail`.
    pub message: String,
    /// 422: the field, parameter or header that is invalid.
    #[schema(value_type = String, required = false)]
    pub field: Option<String>,
    /// 429: what is limited.
    #[schema(value_type = String, required = false)]
    pub resource_type: Option<String>,
    /// 429: the name of the limit.
    #[schema(value_type = String, required = false)]
    pub limit_name: Option<String>,
    /// 429: the most that may be used in a window.
    #[schema(value_type = i64, required = false)]
    pub limit: Option<i64>,
    /// 429: used in the window.
    #[schema(value_type = i64, required = false)]
    pub used: Option<i64>,
    /// 429: held in the window.
    #[schema(value_type = i64, required = false)]
    pub held: Option<i64>,
    /// 429: what was asked.
    #[schema(value_type = i64, required = false)]
    pub requested: Option<i64>,
    /// 429: what would be admitted now.
    #[schema(value_type = i64, required = false)]
    pub remaining: Option<i64>,
    /// 429: when the window ends; null if never.
    #[schema(value_type = Option<String>, format = DateTime, required = false)]
    pub resets_at: Option<String>,
    /// 429: the first higher tier in which it would fit; null if none.
    pub upgrade_to: Option<String>,
    /// 409: how the reservation has ended.
    #[schema(value_type = crate::words::ReservationStatus, required = false)]
    pub reservation_status: Option<String>,
    /// 422: how much of the level could be given back.
    #[schema(value_type = i64, required = false)]
    pub available: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn kinds_have_types_of_their_own_and_an_error_status() {
        let types: BTreeSet<_> = ProblemKind::ALL.iter().map(|kind| kind.type_uri()).collect();
        assert_eq!(types.len(), ProblemKind::ALL.len());
        assert!(ProblemKind::ALL.iter().all(|kind| (400..600).contains(&kind.status())));
    }

    #[test]
    fn a_problem_speaks_to_both_kinds_of_client_and_keeps_its_cause_to_itself() {
        let problem = Problem::invalid("days", "must be 1 to 365").caused_by("secret");
        insta::assert_snapshot!(serde_json::to_string_pretty(&problem).unwrap(), @r#"
        {
          "type": "urn:novacore:problem:invalid-field",
          "title": "Invalid field",
          "status": 422,
          "detail": "days: must be 1 to 365",
          "error": "Invalid field",
          "message": "days: must be 1 to 365",
          "field": "days"
        }
        "#);
    }

    #[test]
    fn the_length_of_a_window_is_that_of_the_one_in_hand() {
        let end: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
        assert_eq!(Exceeded::window_length_s(Window::Month, Some(end)), Some(30 * 86_400));
        assert_eq!(Exceeded::window_length_s(Window::Day, Some(end)), Some(86_400));
        assert_eq!(Exceeded::window_length_s(Window::Lifetime, None), None);
    }
}
