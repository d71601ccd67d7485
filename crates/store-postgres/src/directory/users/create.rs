//! New users.

use super::{Failed, HAS_ADMIN};
use crate::{
    directory::{audit, user_row, work::Work},
    failure::damaged,
};
use async_trait::async_trait;
use novacore_access::{AuditEntry, User};
use novacore_store::{
    directory::{Credentials, Ensured},
    error::StoreError,
};
use tokio_postgres::Transaction;

/// Stores a user.
pub(super) struct CreateUser<'a> {
    pub(super) new: &'a Credentials,
    pub(super) audit: Option<&'a AuditEntry>,
}

#[async_trait]
impl Work for CreateUser<'_> {
    type Done = ();

    async fn run(&self, tx: &Transaction<'_>) -> Result<(), Failed> {
        let user = &self.new.user;
        if !user_row::take_id(tx, user).await? {
            return Err(StoreError::Taken { field: "id" }.into());
        }
        if !user_row::take_email(tx, user).await? {
            return Err(StoreError::Taken { field: "email" }.into());
        }
        user_row::insert(tx, self.new).await?;
        match self.audit {
            Some(entry) => audit::append(tx, entry, None).await,
            None => Ok(()),
        }
    }
}

/// Stores an administrator if there is none.
pub(super) struct CreateFirstAdmin<'a> {
    pub(super) new: &'a Credentials,
    pub(super) audit: &'a AuditEntry,
}

#[async_trait]
impl Work for CreateFirstAdmin<'_> {
    type Done = bool;

    async fn run(&self, tx: &Transaction<'_>) -> Result<bool, Failed> {
        pass_gate(tx).await?;
        // Asked by a statement that begins under the lock, so that it sees whoever passed before.
        if has_admin(tx).await? {
            return Ok(false);
        }
        let create = CreateUser { new: self.new, audit: Some(self.audit) };
        create.run(tx).await.map(|()| true)
    }
}

/// Lets one pass at a time; the next when it has committed.
async fn pass_gate(tx: &Transaction<'_>) -> Result<(), Failed> {
    tx.query_one("SELECT one FROM first_admin FOR UPDATE", &[]).await?;
    Ok(())
}

async fn has_admin(tx: &Transaction<'_>) -> Result<bool, Failed> {
    Ok(tx.query_one(HAS_ADMIN, &[]).await?.get(0))
}

/// Stores a user unless he is known.
pub(super) struct EnsureUser<'a> {
    pub(super) unknown: &'a User,
}

#[async_trait]
impl Work for EnsureUser<'_> {
    type Done = Ensured;

    async fn run(&self, tx: &Transaction<'_>) -> Result<Ensured, Failed> {
        if !user_row::take_id(tx, self.unknown).await? {
            return known(tx, self.unknown).await;
        }
        let mut user = self.unknown.clone();
        if !user_row::take_email(tx, &user).await? {
            user.email = None;
        }
        let new = Credentials { user, password: None };
        user_row::insert(tx, &new).await?;
        Ok(Ensured { user: new.user, created: true })
    }
}

/// The user whose id was taken: by whoever did, with the row in the same commit.
async fn known(tx: &Transaction<'_>, user: &User) -> Result<Ensured, Failed> {
    let row = tx.query_opt(user_row::FIND, &[&user.id.0]).await?;
    let row = row.ok_or_else(|| damaged("account_place", "a user's row is missing"))?;
    Ok(Ensured { user: user_row::read(&row)?, created: false })
}
