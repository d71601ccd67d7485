//! Record: state use that has happened, or ask for it to be admitted.

use crate::{
    cx::Cx,
    error::AppError,
    fingerprint,
    submit::{self, Done},
};
use novacore_access::{Permit, RecordUsage};
use novacore_ledger::{Invalid, Record, Refusal, Verb};
use novacore_vocab::{EntryId, IdempotencyKey, Timestamp, UserId, Version};

/// The version of the entry of `user` that `id` names. The id of another user's entry names none of
/// his: taken by its number alone it would correct whatever entry of his has the same one.
pub fn corrected(user: UserId, id: EntryId) -> Result<Version, AppError> {
    let millis = i64::try_from(id.0.as_u128() >> 80).unwrap_or(0);
    if EntryId::of(user, id.version(), Timestamp::from_millis(millis)) == id {
        return Ok(id.version());
    }
    Err(Refusal::from(Invalid::CorrectsUnknown).into())
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_corrected_by_its_owner_only() {
        let user = |number: u128| UserId(uuid::Uuid::from_u128(number << 64 | number));
        let id = EntryId::of(user(1), Version(7), Timestamp::from_seconds(1_800_000_000));
        assert_eq!(corrected(user(1), id).unwrap(), Version(7));
        let refused = corrected(user(2), id);
        assert!(matches!(refused, Err(AppError::Refused(Refusal::Invalid(_)))));
    }
}
