//! Record: state use that has happened, or ask for it to be admitted.

use crate::{
    cx::Cx,
    error::AppError,
    fingerprint,
    submit::{self, Done},
};
use novacore_access::{Permit, RecordUsage};
use novacore_ledger::{Record, Verb};
use novacore_vocab::IdempotencyKey;

/// Records use of the permit's account.
pub async fn record(
    cx: &Cx,
    permit: Permit<RecordUsage>,
    ask: Record,
    key: Option<IdempotencyKey>,
) -> Result<Done, AppError> {
    let fingerprint = || fingerprint::record("record", &ask);
    let command = submit::command(key, fingerprint, Verb::Record(ask.clone()));
    submit::submit(cx, permit.account().user, command).await
}
