//! The directory on SQLite: users, sessions, API keys and the audit log.
//!
//! Writes run on the writer's thread in a savepoint of its batch, so a method's rows and its audit
//! entry are there together or not at all, and are synced with whatever else is in the batch. Being
//! the only writer, they may look before they write without a race.
//!
//! Invariant: a read sees every write that was acknowledged before it began.
//! Not here: rules. Nothing here judges a session or compares a secret.

mod audit;
mod changes;
mod keys;
mod people;
mod sessions;
mod users;

pub(crate) use audit::{append as append_audit, page as audit_page};
pub(crate) use people::page as people_page;

use crate::{failure, row::UserNo};
use novacore_store::{directory::DIRECTORY_PAGE_ROWS_MAX, error::StoreError};
use novacore_vocab::{Account, UserId};
use rusqlite::{Connection, OptionalExtension};

/// The number of a user, whatever his organisation.
pub(crate) fn user_no(connection: &Connection, user: UserId) -> rusqlite::Result<Option<UserNo>> {
    connection
        .prepare_cached("SELECT user_no FROM user WHERE user_id = ?1")?
        .query_row([user.0.as_bytes()], |row| row.get(0))
        .optional()
}

/// The number of an account's user; a user of another organisation is none.
fn account_no(connection: &Connection, account: Account) -> rusqlite::Result<Option<UserNo>> {
    connection
        .prepare_cached("SELECT user_no FROM user WHERE user_id = ?1 AND org_id = ?2")?
        .query_row([account.user.0.as_bytes(), account.org.0.as_bytes()], |row| row.get(0))
        .optional()
}

/// As [`account_no`], for a write that cannot do without.
fn known_account_no(connection: &Connection, account: Account) -> Result<UserNo, StoreError> {
    let found = account_no(connection, account).map_err(failure::in_write)?;
    found.ok_or(StoreError::NotFound("user"))
}

/// How many rows of a page to read.
fn page_rows(asked: usize) -> usize {
    asked.min(DIRECTORY_PAGE_ROWS_MAX)
}
