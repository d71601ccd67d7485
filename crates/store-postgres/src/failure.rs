//! What an error of the database means to a caller.
//!
//! Invariant: what may pass by itself is `Unavailable`; only what is our own defect is `Internal`.
//! Invariant: no message carries a value of a column.

use novacore_store::error::StoreError;
use tokio_postgres::{Error, error::SqlState};

/// What an error means to whoever asked.
pub(crate) fn told(error: &Error) -> StoreError {
    let Some(code) = error.code() else {
        // Without a code it is the connection that failed, or a value that did not convert.
        return if is_conversion(error) { internal(error) } else { StoreError::Unavailable };
    };
    if *code == SqlState::DISK_FULL {
        return StoreError::StorageFull;
    }
    match &code.code()[..2] {
        // Connection, not supported (a standby's refusals are 25), resources, operator, system.
        "08" | "25" | "40" | "53" | "55" | "57" | "58" => StoreError::Unavailable,
        _ => internal(error),
    }
}

/// Whether the same transaction, run again, may well succeed.
pub(crate) fn is_conflict(error: &Error) -> bool {
    let code = error.code();
    code == Some(&SqlState::T_R_SERIALIZATION_FAILURE)
        || code == Some(&SqlState::T_R_DEADLOCK_DETECTED)
}

/// Whether the connection, rather than the statement, has failed.
pub(crate) fn is_disconnect(error: &Error) -> bool {
    match error.code() {
        None => error.is_closed() || !is_conversion(error),
        Some(code) => {
            let ended = [
                SqlState::ADMIN_SHUTDOWN,
                SqlState::CRASH_SHUTDOWN,
                SqlState::CANNOT_CONNECT_NOW,
                SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
            ];
            code.code().starts_with("08") || ended.contains(code)
        }
    }
}

/// Whether TLS is why there is no connection.
pub(crate) fn is_tls(error: &Error) -> bool {
    // The kind is known by its text only.
    error.to_string().starts_with("error performing TLS handshake")
}

/// The innermost reason of a failed connection.
pub(crate) fn cause(error: &Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// A stored value that makes no sense.
pub(crate) fn damaged(table: &str, why: impl ToString) -> StoreError {
    StoreError::Damaged { file: table.to_owned(), why: why.to_string() }
}

fn internal(error: &Error) -> StoreError {
    // `Error` alone says "db error"; what the server said is its source. Neither holds values.
    let said =
        error.as_db_error().map(|said| format!("{} ({})", said.message(), said.code().code()));
    StoreError::Internal(said.unwrap_or_else(|| error.to_string()))
}

/// Values that do not convert are defects of ours; everything else without a code is the network.
fn is_conversion(error: &Error) -> bool {
    use std::error::Error as _;
    let text = error.to_string();
    let about_values = ["error serializing", "error deserializing", "invalid column"];
    error.source().is_some_and(|source| !source.is::<std::io::Error>())
        && about_values.iter().any(|start| text.starts_with(start))
        || text.starts_with("invalid column")
}
