//! Why authentication did not give what was asked.

use novacore_access::{AuditError, Denied, EmailError, KeyError, PasswordError};
use novacore_store::error::StoreError;
use thiserror::Error;

/// What is wrong with a bearer token, a refresh token or a key. All are answered with 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TokenFault {
    /// Not of the form of any token of ours.
    #[error("the token is malformed")]
    Malformed,
    /// Signed or made by somebody else, or tampered with, or not known any more.
    #[error("the token is not valid")]
    Invalid,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYet,
    /// The session has ended.
    #[error("the session has ended; sign in again")]
    SessionEnded,
}

/// The failures of `auth`. Each variant has one HTTP status.
#[derive(Debug, Error)]
pub enum AuthError {
    /// 401: no such pair of address and password.
    #[error("wrong e-mail or password")]
    WrongCredentials,
    /// 401: the token does not prove who calls.
    #[error(transparent)]
    Token(#[from] TokenFault),
    /// 401: a service call without the service token.
    #[error("the service token is missing or wrong")]
    WrongServiceToken,
    /// 403, 404 or 422, by the kind of denial.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// 404: no such user or key.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// 409: the address belongs to a user.
    #[error("this e-mail address is already registered")]
    EmailTaken,
    /// 409: the user has as many keys as are allowed.
    #[error("the user has too many API keys; revoke one first")]
    TooManyKeys,
    /// 422: the address is none.
    #[error(transparent)]
    Email(#[from] EmailError),
    /// 422: the password may not be one.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// 422, or 403 for `NotGrantable`: such a key is not made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// 422: part of an audit entry is not acceptable.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// 429: too many attempts.
    #[error("too many attempts; try again in {retry_after_s} seconds")]
    TooManyAttempts {
        /// Seconds until the next attempt would be heard.
        retry_after_s: u64,
    },
    /// 503: as many passwords as we hold wait for hashing.
    #[error("too many sign-ins are waiting; try again shortly")]
    Overloaded,
    /// 503 or 500, by the store's failure.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// Not an answer: the server does not start with such a secret.
    #[error("{0} is shorter than 32 bytes")]
    WeakSecret(&'static str),
    /// 500: a defect of ours; the text is for the log.
    #[error("internal error")]
    Internal(String),
}
