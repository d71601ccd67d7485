//! Users, sessions, API keys and the audit log on PostgreSQL.
//!
//! Nodes do not know of each other, so nothing is looked at and then written: a write says in its
//! own condition what it found, or holds the lock of a row under which it looks.
//!
//! Invariant: a method is one transaction, the audit entry included.
//! Invariant: locks are taken in one order: the gate of the first administrator; place, address and
//! row of a user; his sessions and keys; the last number of the audit log, which everyone with
//! an audit entry needs, last of all.
//! Invariant: what is of an account is asked for by bucket, user and organisation.
//! Not here: rules. Nothing here judges a session or compares a secret.

mod ask;
mod audit;
mod changes;
mod keys;
mod sessions;
mod user_row;
mod users;
pub(crate) mod work;

pub(crate) use audit::{APPEND_AUDIT, NewAudit, append, append_audit};
pub(crate) use changes::{Hearing, follow};

use crate::bucket::bucket_of;
use novacore_store::{directory::DIRECTORY_PAGE_ROWS_MAX, error::StoreError};
use novacore_vocab::Account;
use tokio_postgres::Transaction;
use work::Failed;

/// Takes the lock of an account's user, under which what belongs to him is counted and removed; a
/// user of another organisation is none.
async fn lock_user(tx: &Transaction<'_>, account: Account) -> Result<bool, Failed> {
    const LOCK: &str = "SELECT 1 FROM users WHERE bucket = $1 AND user_id = $2 AND org_id = $3 \
         FOR NO KEY UPDATE";
    let Account { org, user } = account;
    let found = tx.query_opt(LOCK, &[&bucket_of(org), &user.0, &org.0]).await?;
    Ok(found.is_some())
}

/// As [`lock_user`], for a write that cannot do without.
async fn lock_known_user(tx: &Transaction<'_>, account: Account) -> Result<(), Failed> {
    if lock_user(tx, account).await? { Ok(()) } else { Err(StoreError::NotFound("user").into()) }
}

/// How many rows of a page to read.
fn page_rows(asked: usize) -> i64 {
    asked.min(DIRECTORY_PAGE_ROWS_MAX) as i64
}

/// Whether PostgreSQL could store the text: what it cannot is in no row.
fn is_storable(text: &str) -> bool {
    !text.contains('\0')
}
