//! Reserve, settle, extend, release, and look at a hold.

use crate::{
    cx::Cx,
    error::AppError,
    fingerprint,
    submit::{self, Done},
};
use novacore_access::{self as access, Permit, SettleHold};
use novacore_ledger::{Hold, HoldAsk, Reserve, Settle, Verb};
use novacore_vocab::{HoldId, IdempotencyKey};

/// Sets headroom of the permit's account aside.
pub async fn reserve(
    cx: &Cx,
    permit: Permit<access::Reserve>,
    ask: Reserve,
    key: Option<IdempotencyKey>,
) -> Result<Done, AppError> {
    let fingerprint = || fingerprint::reserve(&ask);
    let command = submit::command(key, fingerprint, Verb::Reserve(ask.clone()));
    submit::submit(cx, permit.account().user, command).await
}

/// Charges use under a hold.
pub async fn settle(
    cx: &Cx,
    permit: Permit<SettleHold>,
    ask: Settle,
    key: Option<IdempotencyKey>,
) -> Result<Done, AppError> {
    let user = permit.account().user;
    let hold = HoldId { user, version: ask.hold };
    let fingerprint = || fingerprint::settle(hold, &ask);
    let command = submit::command(key, fingerprint, Verb::Settle(ask.clone()));
    submit::submit(cx, user, command).await
}

/// Gives a hold more time or headroom; as more work begins, it needs the right to reserve.
pub async fn extend(
    cx: &Cx,
    permit: Permit<access::Reserve>,
    ask: HoldAsk,
    key: Option<IdempotencyKey>,
) -> Result<Done, AppError> {
    let user = permit.account().user;
    let hold = HoldId { user, version: ask.hold };
    let fingerprint = || fingerprint::extend(hold, &ask);
    let command = submit::command(key, fingerprint, Verb::Extend(ask.clone()));
    submit::submit(cx, user, command).await
}

/// Ends a hold unused.
pub async fn release(
    cx: &Cx,
    permit: Permit<SettleHold>,
    hold: HoldId,
    key: Option<IdempotencyKey>,
) -> Result<Done, AppError> {
    let fingerprint = || fingerprint::release(hold);
    let command = submit::command(key, fingerprint, Verb::Release(hold.version));
    submit::submit(cx, permit.account().user, command).await
}

/// A hold, open or ended.
pub async fn find(cx: &Cx, permit: Permit<SettleHold>, hold: HoldId) -> Result<Hold, AppError> {
    let id = HoldId { user: permit.account().user, version: hold.version };
    cx.ledger.hold(id).await?.ok_or(AppError::NotFound("reservation"))
}
