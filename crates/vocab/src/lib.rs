//! Words of the ledger: typed ids, resources, amounts, windows, instants, human formats.
//!
//! Invariant: everything here is a value; no clock, no randomness, no I/O, no floats.
//! Invariant: a value that exists is valid; raw text and numbers are parsed once, at the rim.
//! Not here: any rule of the ledger.

mod amount;
mod human;
mod id;
mod instant;
mod resource;
mod window;

pub use amount::{AMOUNT_ABS_MAX, Amount, AmountError, Percent, percent_of};
pub use human::{human_amount, human_bytes, human_count};
pub use id::{
    Account, EntryId, HoldId, IDEMPOTENCY_KEY_CHARS_MAX, IdError, IdempotencyKey, KeyId,
    MODEL_BYTES_MAX, MemoryId, ModelId, OrgId, SessionId, TierName, UserId, Version,
};
pub use instant::{Timestamp, TimestampError};
pub use resource::{ResourceKind, ResourceName, ResourceSpec, Source};
pub use window::{Span, Window};
