//! Users and the audit log, page by page, for the operator.

use crate::{cx::Cx, error::AppError};
use novacore_access::{Administer, AuditEntry, Permit, User};
use novacore_store::directory::{AuditQuery, AuditSeq, DIRECTORY_PAGE_ROWS_MAX, UserQuery};
use novacore_vocab::UserId;

/// Most rows of a page.
pub const PAGE_ROWS_MAX: usize = DIRECTORY_PAGE_ROWS_MAX;

/// Users by ascending id after `after`, whose e-mail or id contains `search`.
pub async fn users(
    cx: &Cx,
    permit: Permit<Administer>,
    search: Option<String>,
    after: Option<UserId>,
    rows_max: usize,
) -> Result<Vec<User>, AppError> {
    let query = UserQuery { search, tier: None, after, rows_max };
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
