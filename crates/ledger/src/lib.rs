//! Tiers, limits, counters, holds, entries, and the one function that decides.
//!
//! Everything that changes an account is an [`Entry`]; an account's state is the fold of its
//! entries ([`AccountState::apply`]), so `used` and `held` of every counter are plain sums over the
//! ledger. [`decide()`] judges a command against a state and returns the entries to write; it
//! changes nothing itself.
//!
//! Invariant: no clock, no randomness, no I/O, no floats; the same inputs give the same outcome in
//! every store.
//! Invariant: quota arithmetic is in [`mod@decide`] and nowhere else.
//! Not here: who may ask (`access`), how entries are stored (`store`).

mod command;
pub mod decide;
mod entry;
mod hold;
mod meter;
mod outcome;
mod policy;
mod standing;
mod state;
mod threshold;

pub use command::{
    AMOUNTS_MAX, Command, Expect, HOLD_LIFE_S_MAX, HoldAsk, METADATA_BYTES_MAX, OCCURRED_DAYS_MAX,
    OCCURRED_LEAD_S_MAX, OPEN_HOLDS_MAX, OnExpiry, Record, Reserve, Settle, TTL_S_MAX, Verb,
};
pub use decide::{Decided, decide, expire_next};
pub use entry::{Crossing, Entry, EntryKind, Flags};
pub use hold::{HeldAmount, Hold, HoldStatus};
pub use meter::{Counter, Fired, Meter, WindowCounter};
pub use outcome::{Answer, Invalid, KeyRecord, Outcome, QuotaRefusal, Refusal};
pub use policy::{
    Cap, EffectiveLimit, Limit, LimitName, Mode, Override, Policy, PolicyError, Profile, Tier,
};
pub use standing::{LimitState, OwnLimit, Standing, limit_states, standing};
pub use state::{AccountState, Correctable};
