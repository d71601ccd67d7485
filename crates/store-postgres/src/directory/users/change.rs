//! Changes of a user, from what was read.

use super::{Failed, user_columns, user_row};
use crate::directory::{audit, work::Work};
use async_trait::async_trait;
use novacore_access::{AuditEntry, User};
use novacore_store::{changes::Outdated, directory::UserChange, error::StoreError};
use novacore_vocab::UserId;
use tokio_postgres::{Row, Transaction};

/// Changes a user if he is still as he was read.
pub(super) struct ChangeUser<'a> {
    pub(super) id: UserId,
    pub(super) change: &'a UserChange,
    pub(super) audit: &'a AuditEntry,
}

#[async_trait]
impl Work for ChangeUser<'_> {
    type Done = User;

    async fn run(&self, tx: &Transaction<'_>) -> Result<User, Failed> {
        let bucket = find_bucket(tx, self.id).await?.ok_or(StoreError::NotFound("user"))?;
        let row = update(tx, bucket, self.id, self.change).await?;
        let user = user_row::read(&row.ok_or(StoreError::Stale("user"))?)?;
        audit::append(tx, self.audit, Some(Outdated::User(self.id))).await?;
        Ok(user)
    }
}

/// Where a user's row lies; it never moves, and is never removed.
async fn find_bucket(tx: &Transaction<'_>, id: UserId) -> Result<Option<i32>, Failed> {
    const FIND: &str = "SELECT bucket FROM account_place WHERE user_id = $1";
    Ok(tx.query_opt(FIND, &[&id.0]).await?.map(|row| row.get(0)))
}

/// An update of one column whose condition is what was read. Who waits for another's change sees
/// the row as that one left it, and then finds the condition no longer met.
macro_rules! update_of {
    ($column:literal) => {
        concat!(
            "UPDATE users u SET ",
            $column,
            " = $4 WHERE u.bucket = $1 AND u.user_id = $2 AND u.",
            $column,
            " = $3 RETURNING ",
            user_columns!()
        )
    };
}

const SET_TIER: &str = update_of!("tier");
const SET_ROLE: &str = update_of!("role");
const SET_DISABLED: &str = update_of!("disabled");

/// The user after the change; none if he is not as he was read.
async fn update(
    tx: &Transaction<'_>,
    bucket: i32,
    id: UserId,
    change: &UserChange,
) -> Result<Option<Row>, Failed> {
    let row = match change {
        UserChange::Tier { from, to } => {
            tx.query_opt(SET_TIER, &[&bucket, &id.0, &from.as_str(), &to.as_str()]).await?
        }
        UserChange::Role { from, to } => {
            tx.query_opt(SET_ROLE, &[&bucket, &id.0, &from.as_str(), &to.as_str()]).await?
        }
        UserChange::Disabled { from, to } => {
            tx.query_opt(SET_DISABLED, &[&bucket, &id.0, from, to]).await?
        }
    };
    Ok(row)
}
