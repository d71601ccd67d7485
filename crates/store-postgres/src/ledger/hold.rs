//! Rows of `hold` and `ended_hold`.
//!
//! Invariant: stored discriminants are positions in the arrays here and are only appended to.

use super::text::read_held;
use crate::{column::At, failure};
use novacore_ledger::{Hold, HoldStatus, OnExpiry};
use novacore_store::error::StoreError;
use novacore_vocab::Version;
use tokio_postgres::Row;

const STATUS: [HoldStatus; 5] = [
    HoldStatus::Open,
    HoldStatus::Settled,
    HoldStatus::Released,
    HoldStatus::Expired,
    HoldStatus::SettledLate,
];
const ON_EXPIRY: [OnExpiry; 2] = [OnExpiry::Release, OnExpiry::Charge];

/// The stored discriminant of a status; 0 is open.
pub(crate) fn status_no(status: HoldStatus) -> i16 {
    STATUS.iter().position(|other| *other == status).expect("every status is listed") as i16
}

/// The stored discriminant of what happens at the end.
pub(crate) fn on_expiry_no(on_expiry: OnExpiry) -> i16 {
    ON_EXPIRY.iter().position(|other| *other == on_expiry).expect("both are listed") as i16
}

/// Reads columns `version, reserved_at, expires_at, on_expiry, amounts, status` from `first` on.
pub(crate) fn read(row: &Row, first: usize) -> Result<Hold, StoreError> {
    let unknown = || failure::damaged("hold", "an unknown discriminant");
    let on_expiry = ON_EXPIRY.get(row.get::<_, i16>(first + 3) as usize).ok_or_else(unknown)?;
    let status = STATUS.get(row.get::<_, i16>(first + 5) as usize).ok_or_else(unknown)?;
    Ok(Hold {
        version: Version(row.get::<_, i64>(first) as u64),
        reserved_at: row.get::<_, At>(first + 1).0,
        expires_at: row.get::<_, At>(first + 2).0,
        on_expiry: *on_expiry,
        status: *status,
        amounts: read_held(row.get(first + 4))?,
    })
}
