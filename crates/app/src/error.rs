//! Why a use-case did not do what was asked.
//!
//! Invariant: a variant says what the caller can do about it; text for the log is in
//! [`AppError::Internal`] only.

use crate::auth::error::{AuthError, TokenFault};
use novacore_access::{Denied, KeyError};
use novacore_ledger::{Invalid, Refusal};
use novacore_store::error::StoreError;
use novacore_vocab::ResourceName;
use thiserror::Error;

/// The failures of use-cases, refusals by the ledger among them.
#[derive(Debug, Error)]
pub enum AppError {
    /// The ledger refuses; nothing has changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Not allowed, or not to be seen.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// There is no such thing.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// A field of the request is not acceptable.
    #[error("{field}: {why}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A part of a memory, or of what is asked about memories, is not acceptable.
    #[error("{}: {}", .0.field, .0.flaw)]
    Memory(#[from] novacore_memory::Invalid),
    /// The token or key shown is not valid.
    #[error(transparent)]
    Token(#[from] TokenFault),
    /// No such pair of address and password.
    #[error("wrong e-mail or password")]
    WrongLogin,
    /// The service token is missing or wrong.
    #[error("the service token is missing or wrong")]
    WrongServiceToken,
    /// The address belongs to a user.
    #[error("this e-mail address is already registered")]
    EmailTaken,
    /// Something is as it is meanwhile, or is full.
    #[error("{0}")]
    Conflict(String),
    /// Tried too often.
    #[error("too many attempts; try again in {retry_after_s} seconds")]
    TooManyAttempts {
        /// Seconds until the next attempt would be heard.
        retry_after_s: u64,
    },
    /// The user has as many streams open as he may.
    #[error("at most {} streams may be open", crate::stream::STREAMS_PER_USER_MAX)]
    TooManyStreams,
    /// Too much is waiting; try again shortly.
    #[error("too many operations are waiting")]
    Overloaded,
    /// The disk is full; reads go on.
    #[error("the disk is full")]
    StorageFull,
    /// The machine's clock is behind the ledger.
    #[error("the clock is behind the ledger")]
    ClockBehind,
    /// The store is stopping or out of reach; repeat under the same key.
    #[error("the store is unavailable")]
    Unavailable,
    /// A defect of ours; the text is for the log.
    #[error("internal error")]
    Internal(String),
}

impl AppError {
    /// A field that is not acceptable.
    pub fn invalid(field: &'static str, why: impl std::fmt::Display) -> AppError {
        AppError::Invalid { field, why: why.to_string() }
    }

    /// A resource that is not configured.
    pub fn resource_unknown(resource: &ResourceName) -> AppError {
        AppError::Refused(Invalid::ResourceUnknown(resource.clone()).into())
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> AppError {
        match error {
            StoreError::Overloaded => AppError::Overloaded,
            StoreError::StorageFull => AppError::StorageFull,
            StoreError::ClockBehind => AppError::ClockBehind,
            StoreError::Unavailable => AppError::Unavailable,
            StoreError::Taken { field: "email" } => AppError::EmailTaken,
            StoreError::Taken { field } => AppError::Conflict(format!("{field} is already taken")),
            StoreError::NotFound(what) => AppError::NotFound(what),
            StoreError::Stale(what) => AppError::Conflict(format!("{what} has changed meanwhile")),
            StoreError::Damaged { .. } => AppError::Internal(error.to_string()),
            StoreError::Internal(cause) => AppError::Internal(cause),
        }
    }
}

impl From<AuthError> for AppError {
    fn from(error: AuthError) -> AppError {
        match error {
            AuthError::WrongCredentials => AppError::WrongLogin,
            AuthError::Token(fault) => AppError::Token(fault),
            AuthError::WrongServiceToken => AppError::WrongServiceToken,
            AuthError::Denied(denied) => AppError::Denied(denied),
            AuthError::NotFound(what) => AppError::NotFound(what),
            AuthError::EmailTaken => AppError::EmailTaken,
            AuthError::TooManyKeys => AppError::Conflict(error.to_string()),
            AuthError::Email(why) => AppError::invalid("email", why),
            AuthError::Password(why) => AppError::invalid("password", why),
            AuthError::Key(why) => key_error(why),
            AuthError::Audit(why) => AppError::invalid("reason", why),
            AuthError::TooManyAttempts { retry_after_s } => {
                AppError::TooManyAttempts { retry_after_s }
            }
            AuthError::Overloaded => AppError::Overloaded,
            AuthError::Store(store) => store.into(),
            AuthError::WeakSecret(_) => AppError::Internal(error.to_string()),
            AuthError::Internal(cause) => AppError::Internal(cause),
        }
    }
}

fn key_error(error: KeyError) -> AppError {
    match error {
        KeyError::Name => AppError::invalid("name", error),
        KeyError::Scope | KeyError::NoScope => AppError::invalid("scopes", error),
        KeyError::NotGrantable(_) => {
            AppError::Denied(Denied::Forbidden("you may not grant one of these scopes"))
        }
        KeyError::Expiry => AppError::invalid("expiresAt", error),
    }
}
