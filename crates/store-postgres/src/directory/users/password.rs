//! A new password, which ends all sessions that the old one may have opened.

use super::Failed;
use crate::{
    bucket::bucket_of,
    directory::{audit, sessions, work::Work},
};
use async_trait::async_trait;
use novacore_access::{AuditEntry, PasswordHash};
use novacore_store::error::StoreError;
use novacore_vocab::Account;
use tokio_postgres::Transaction;

/// Replaces a password.
pub(super) struct SetPassword<'a> {
    pub(super) account: Account,
    pub(super) password: &'a PasswordHash,
    pub(super) audit: &'a AuditEntry,
}

#[async_trait]
impl Work for SetPassword<'_> {
    type Done = ();

    async fn run(&self, tx: &Transaction<'_>) -> Result<(), Failed> {
        // The row's lock comes with it: a session that is being stored is waited for, and ended.
        if !update(tx, self.account, self.password).await? {
            return Err(StoreError::NotFound("user").into());
        }
        sessions::end_all(tx, self.account).await?;
        audit::append(tx, self.audit, None).await
    }
}

/// Whether there is such a user.
async fn update(
    tx: &Transaction<'_>,
    account: Account,
    password: &PasswordHash,
) -> Result<bool, Failed> {
    const UPDATE: &str = "UPDATE users SET password_hash = $4 \
         WHERE bucket = $1 AND user_id = $2 AND org_id = $3";
    let Account { org, user } = account;
    let hash = password.expose();
    let updated = tx.execute(UPDATE, &[&bucket_of(org), &user.0, &org.0, &hash]).await?;
    Ok(updated == 1)
}
