//! Users.

mod change;
mod create;
mod password;

use super::{
    ask, is_storable, page_rows,
    user_row::{self, user_columns},
    work::{self, Failed},
};
use crate::open::PostgresStore;
use async_trait::async_trait;
use change::ChangeUser;
use create::{CreateFirstAdmin, CreateUser, EnsureUser};
use novacore_access::{AuditEntry, Email, PasswordHash, User};
use novacore_store::{
    changes::Outdated,
    directory::{Credentials, Ensured, UserChange, UserQuery, Users},
    error::StoreError,
};
use novacore_vocab::{Account, TierName, UserId};
use password::SetPassword;
use tokio_postgres::Row;
use uuid::Uuid;

#[async_trait]
impl Users for PostgresStore {
    async fn create_user(
        &self,
        new: &Credentials,
        audit: Option<&AuditEntry>,
    ) -> Result<(), StoreError> {
        work::commit(&self.pool, &CreateUser { new, audit }).await
    }

    async fn has_admin(&self) -> Result<bool, StoreError> {
        let found = ask::row(&self.pool, HAS_ADMIN, &[]).await?;
        Ok(found.is_some_and(|row| row.get(0)))
    }

    async fn create_first_admin(
        &self,
        new: &Credentials,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        work::commit(&self.pool, &CreateFirstAdmin { new, audit }).await
    }

    async fn ensure_user(&self, unknown: &User) -> Result<Ensured, StoreError> {
        // Nearly always he is known, and a read is cheaper than a commit.
        if let Some(user) = self.find_user(unknown.id).await? {
            return Ok(Ensured { user, created: false });
        }
        work::commit(&self.pool, &EnsureUser { unknown }).await
    }

    async fn find_user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let row = ask::row(&self.pool, user_row::FIND, &[&id.0]).await?;
        row.as_ref().map(user_row::read).transpose()
    }

    async fn find_credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        let row = ask::row(&self.pool, FIND_CREDENTIALS, &[&email.as_str()]).await?;
        row.as_ref().map(read_credentials).transpose()
    }

    async fn change_user(
        &self,
        id: UserId,
        change: &UserChange,
        audit: &AuditEntry,
    ) -> Result<User, StoreError> {
        let changed = work::commit(&self.pool, &ChangeUser { id, change, audit }).await;
        self.changed(Outdated::User(id)).await;
        changed
    }

    async fn set_password(
        &self,
        account: Account,
        password: &PasswordHash,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        work::commit(&self.pool, &SetPassword { account, password, audit }).await
    }

    async fn list_users(&self, query: &UserQuery) -> Result<Vec<User>, StoreError> {
        let wanted = query.search.as_deref().unwrap_or_default().to_lowercase();
        if !is_storable(&wanted) {
            return Ok(Vec::new());
        }
        let after = query.after.map(|id| id.0);
        let first = after.unwrap_or(Uuid::nil());
        let rows_max = page_rows(query.rows_max);
        let tier = query.tier.as_ref().map(TierName::as_str);
        let rows =
            ask::rows(&self.pool, LIST, &[&first, &after, &wanted, &rows_max, &tier]).await?;
        rows.iter().map(user_row::read).collect()
    }
}

/// Read from the index `users_active_admin`.
const HAS_ADMIN: &str = "SELECT EXISTS (SELECT 1 FROM users WHERE role = 'admin' AND NOT disabled)";

const FIND_CREDENTIALS: &str = concat!(
    "SELECT ",
    user_columns!(),
    ", u.password_hash FROM user_email e \
     JOIN users u ON u.bucket = e.bucket AND u.user_id = e.user_id WHERE e.email = $1"
);

/// Walks the index on the id from where the page before ended. What is searched for is text, in
/// lower case like both that it is looked for in, so no operator with patterns will do.
const LIST: &str = concat!(
    "SELECT ",
    user_columns!(),
    " FROM users u WHERE u.user_id >= $1 AND u.user_id IS DISTINCT FROM $2 \
     AND ($5::text IS NULL OR u.tier = $5) \
     AND (position($3 IN coalesce(u.email, '')) > 0 OR position($3 IN u.user_id::text) > 0) \
     ORDER BY u.user_id LIMIT $4"
);

fn read_credentials(row: &Row) -> Result<Credentials, StoreError> {
    let password = row.get::<_, Option<String>>(8).map(PasswordHash::new);
    Ok(Credentials { user: user_row::read(row)?, password })
}
