//! A user's row, and the address that leads to it.
//!
//! Invariant: place, address and row of a user are written in this order in one transaction, so
//! that two who would be one wait for each other at the first of them.

use super::work::Failed;
use crate::{bucket::bucket_of, column::At, failure::damaged};
use novacore_access::{Email, PasswordHash, User};
use novacore_store::{directory::Credentials, error::StoreError};
use novacore_vocab::{OrgId, TierName, UserId};
use tokio_postgres::{Row, Transaction};

/// The columns of a user `u`, as [`read`] takes them.
macro_rules! user_columns {
    () => {
        "u.user_id, u.org_id, u.email, u.role, u.tier, u.disabled, u.trial_ends_at, u.created_at"
    };
}
pub(super) use user_columns;

/// Takes the id of a new user; whether it was free. Waits for whoever is about to take it.
pub(super) async fn take_id(tx: &Transaction<'_>, user: &User) -> Result<bool, Failed> {
    const TAKE: &str = "INSERT INTO account_place (user_id, org_id, bucket) VALUES ($1, $2, $3) \
         ON CONFLICT (user_id) DO NOTHING";
    let taken = tx.execute(TAKE, &[&user.id.0, &user.org.0, &bucket_of(user.org)]).await?;
    Ok(taken == 1)
}

/// Takes the address of a new user, if he has one; whether it was free.
pub(super) async fn take_email(tx: &Transaction<'_>, user: &User) -> Result<bool, Failed> {
    const TAKE: &str = "INSERT INTO user_email (email, user_id, bucket) VALUES ($1, $2, $3) \
         ON CONFLICT (email) DO NOTHING";
    let Some(email) = &user.email else { return Ok(true) };
    let taken = tx.execute(TAKE, &[&email.as_str(), &user.id.0, &bucket_of(user.org)]).await?;
    Ok(taken == 1)
}

/// Stores the row of a new user whose id and address are taken for him.
pub(super) async fn insert(tx: &Transaction<'_>, new: &Credentials) -> Result<(), Failed> {
    const INSERT: &str = "INSERT INTO users (bucket, user_id, org_id, email, role, tier, disabled, \
         trial_ends_at, created_at, password_hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let user = &new.user;
    tx.execute(
        INSERT,
        &[
            &bucket_of(user.org),
            &user.id.0,
            &user.org.0,
            &user.email.as_ref().map(Email::as_str),
            &user.role.as_str(),
            &user.tier.as_str(),
            &user.disabled,
            &user.trial_ends_at.map(At),
            &At(user.created_at),
            &new.password.as_ref().map(PasswordHash::expose),
        ],
    )
    .await?;
    Ok(())
}

/// The user of an id.
pub(super) const FIND: &str = concat!(
    "SELECT ",
    user_columns!(),
    " FROM account_place p JOIN users u ON u.bucket = p.bucket AND u.user_id = p.user_id \
     WHERE p.user_id = $1"
);

/// Reads a row that begins with [`user_columns`].
pub(super) fn read(row: &Row) -> Result<User, StoreError> {
    let text = |column: usize| row.get::<_, &str>(column);
    let email = row.get::<_, Option<&str>>(2).map(Email::parse).transpose();
    let At(created_at) = row.get(7);
    Ok(User {
        id: UserId(row.get(0)),
        org: OrgId(row.get(1)),
        email: email.map_err(|error| damaged("users", error))?,
        role: text(3).parse().map_err(|error| damaged("users", error))?,
        tier: TierName::parse(text(4)).map_err(|error| damaged("users", error))?,
        disabled: row.get(5),
        trial_ends_at: row.get::<_, Option<At>>(6).map(|At(at)| at),
        created_at,
    })
}
