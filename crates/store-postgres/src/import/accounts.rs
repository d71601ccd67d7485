//! What follows from entries: counters, holds, days and corrections, account by account.
//!
//! Invariant: it is folded from the entries as they read back, by the same fold that verifies.

use super::{
    Import, ImportError,
    copy::{Json, Target, Value, copy},
};
use crate::{
    column::At,
    ledger::{
        entry::version_no,
        hold::{on_expiry_no, status_no},
        place::Place,
        text::{head_text, held_text},
    },
    pool::Client,
    verify::{VerifyReport, recount::Recount},
};
use novacore_ledger::{AccountState, Hold, HoldStatus, Policy};
use novacore_vocab::{OrgId, UserId};
use std::sync::Arc;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

/// Accounts that are listed at once.
const PAGE_ACCOUNTS: i64 = 10_000;
/// Both tables lie by their bucket, so each shard can answer for itself.
const WITH_ENTRIES: &str = "SELECT u.bucket, u.user_id, u.org_id FROM users u \
     WHERE (u.bucket, u.user_id) > ($1, $2) AND EXISTS (SELECT 1 FROM usage_ledger l \
     WHERE l.bucket = u.bucket AND l.user_id = u.user_id) \
     ORDER BY u.bucket, u.user_id LIMIT $3";

const ACCOUNTS: Target = Target {
    into: "account (bucket, user_id, version, last_at, open_holds, next_due, head)",
    types: &[
        Type::INT4,
        Type::UUID,
        Type::INT8,
        Type::TIMESTAMPTZ,
        Type::INT4,
        Type::TIMESTAMPTZ,
        Type::JSON,
    ],
};
const OPEN: Target = Target {
    into: "hold (bucket, user_id, version, reserved_at, expires_at, on_expiry, amounts)",
    types: &[
        Type::INT4,
        Type::UUID,
        Type::INT8,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
        Type::INT2,
        Type::JSON,
    ],
};
const ENDED: Target = Target {
    into: "ended_hold (bucket, user_id, version, reserved_at, expires_at, on_expiry, amounts, \
           status)",
    types: &[
        Type::INT4,
        Type::UUID,
        Type::INT8,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
        Type::INT2,
        Type::JSON,
        Type::INT2,
    ],
};
const CORRECTIONS: Target = Target {
    into: "correction (bucket, user_id, version, corrected)",
    types: &[Type::INT4, Type::UUID, Type::INT8, Type::INT8],
};
const DAYS: Target = Target {
    into: "usage_day (bucket, user_id, resource_type, day, amount, closing)",
    types: &[Type::INT4, Type::UUID, Type::TEXT, Type::INT4, Type::INT8, Type::INT8],
};

impl Import {
    /// Recounts every account that has entries, and stores what comes out.
    pub(super) async fn derive(&mut self, policy: &Arc<Policy>) -> Result<(), ImportError> {
        let mut after = (i32::MIN, Uuid::nil());
        loop {
            let place: [&(dyn ToSql + Sync); 3] = [&after.0, &after.1, &PAGE_ACCOUNTS];
            let page = self.client.query(WITH_ENTRIES, &place).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = (last.get(0), last.get(1));
            for row in &page {
                let (user, org) = (UserId(row.get(1)), OrgId(row.get(2)));
                let place = Place { bucket: row.get(0), user, org };
                self.moved.open_holds += derive(&self.client, place, policy).await?;
                self.moved.accounts += 1;
            }
        }
    }
}

/// Stores what follows from an account's entries; how many holds are open.
async fn derive(client: &Client, place: Place, policy: &Arc<Policy>) -> Result<u64, ImportError> {
    let mut recount = Recount::new(place, policy.clone());
    let mut report = VerifyReport::default();
    while recount.fold_page(client, &mut report).await? {
        let ended = recount.take_ended();
        copy_ended(client, place, ended.iter()).await?;
    }
    if recount.is_broken {
        return Err(ImportError::Wrong(report.findings));
    }
    let state = &recount.state;
    let (open, expired): (Vec<&Hold>, Vec<&Hold>) =
        state.holds.values().partition(|hold| hold.status == HoldStatus::Open);
    copy_ended(client, place, expired.into_iter()).await?;
    let rows: Vec<_> = open.iter().map(|hold| hold_row(place, hold)).collect();
    copy(client, &OPEN, &rows).await?;
    copy(client, &ACCOUNTS, &[account_row(place, state, &open)]).await?;
    let corrections = recount.corrections.iter().map(|(version, sum)| {
        let mut row = key(place);
        row.push(Box::new(version_no(*version)));
        row.push(Box::new(*sum));
        row
    });
    copy(client, &CORRECTIONS, &corrections.collect::<Vec<_>>()).await?;
    let days = recount.days.iter().map(|((resource, day), (amount, closing))| {
        let mut row = key(place);
        row.push(Box::new(resource.as_str()));
        row.push(Box::new(*day as i32));
        row.push(Box::new(*amount));
        row.push(Box::new(*closing));
        row
    });
    copy(client, &DAYS, &days.collect::<Vec<_>>()).await?;
    Ok(open.len() as u64)
}

async fn copy_ended(
    client: &Client,
    place: Place,
    holds: impl Iterator<Item = &Hold>,
) -> Result<(), ImportError> {
    let rows = holds.map(|hold| {
        let mut row = hold_row(place, hold);
        row.push(Box::new(status_no(hold.status)));
        row
    });
    copy(client, &ENDED, &rows.collect::<Vec<_>>()).await?;
    Ok(())
}

fn key<'a>(place: Place) -> Vec<Value<'a>> {
    vec![Box::new(place.bucket), Box::new(place.user.0)]
}

fn hold_row<'a>(place: Place, hold: &Hold) -> Vec<Value<'a>> {
    let mut row = key(place);
    row.push(Box::new(version_no(hold.version)));
    row.push(Box::new(At(hold.reserved_at)));
    row.push(Box::new(At(hold.expires_at)));
    row.push(Box::new(on_expiry_no(hold.on_expiry)));
    row.push(Box::new(Json(held_text(&hold.amounts))));
    row
}

fn account_row<'a>(place: Place, state: &AccountState, open: &[&Hold]) -> Vec<Value<'a>> {
    let mut row = key(place);
    row.push(Box::new(version_no(state.version)));
    row.push(Box::new(At(state.last_at)));
    row.push(Box::new(i32::try_from(open.len()).unwrap_or(i32::MAX)));
    row.push(Box::new(open.iter().map(|hold| hold.expires_at).min().map(At)));
    row.push(Box::new(Json(head_text(&state.meters))));
    row
}
