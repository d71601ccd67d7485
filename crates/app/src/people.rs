//! Users and the audit log, page by page, for the operator.

use crate::{cx::Cx, error::AppError};
use novacore_access::{Administer, AuditEntry, Permit, User};
use novacore_store::directory::{AuditQuery, AuditSeq, DIRECTORY_PAGE_ROWS_MAX, UserQuery};
use novacore_vocab::{TierName, UserId};

/// Most rows of a page.
pub const PAGE_ROWS_MAX: usize = DIRECTORY_PAGE_ROWS_MAX;

/// Which users to list, by ascending id.
#[derive(Clone, Debug, Default)]
pub struct UsersAsk {
    /// Only those whose e-mail or id contains this.
    pub search: Option<String>,
    /// Only those of exactly this tier.
    pub tier: Option<TierName>,
    /// Only those after this one.
    pub after: Option<UserId>,
    /// How many, at most [`PAGE_ROWS_MAX`].
    pub rows_max: usize,
}

/// A page of users.
pub async fn users(
    cx: &Cx,
    permit: Permit<Administer>,
    ask: UsersAsk,
) -> Result<Vec<User>, AppError> {
    let UsersAsk { search, tier, after, rows_max } = ask;
    let query = UserQuery { search, tier, after, rows_max };
    Ok(cx.auth.list_users(permit, &query).await?)
}

/// Audit entries with their numbers, the newest first below `before`, about `target` if given.
pub async fn audit(
    cx: &Cx,
    permit: Permit<Administer>,
    target: Option<String>,
    before: Option<u64>,
    rows_max: usize,
) -> Result<Vec<(u64, AuditEntry)>, AppError> {
    let query = AuditQuery { target, before: before.map(AuditSeq), rows_max };
    let rows = cx.auth.list_audit(permit, &query).await?;
    Ok(rows.into_iter().map(|row| (row.seq.0, row.entry)).collect())
}

/// The e-mail of a user, if he is there and has one.
pub(crate) async fn email_of(cx: &Cx, user: UserId) -> Result<Option<String>, AppError> {
    let user = cx.auth.find_user(user).await?;
    Ok(user.and_then(|user| user.email.as_ref().map(|email| email.as_str().to_owned())))
}
