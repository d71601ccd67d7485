//! What callers ask of an account.

use crate::{Flags, outcome::Invalid};
use novacore_vocab::{Amount, IdempotencyKey, ResourceName, Source, Timestamp, Version};
use std::sync::Arc;

/// Most resources in one hold or settle.
pub const AMOUNTS_MAX: usize = 8;
/// Most open holds of an account.
pub const OPEN_HOLDS_MAX: usize = 10_000;
/// Longest time to live that a reserve or one extension may ask, in seconds.
pub const TTL_S_MAX: i64 = 3_600;
/// Longest life of a hold over all extensions, in seconds.
pub const HOLD_LIFE_S_MAX: i64 = 86_400;
/// Most bytes of an entry's metadata.
pub const METADATA_BYTES_MAX: usize = 2_048;
/// How many days back use may have occurred.
pub const OCCURRED_DAYS_MAX: i64 = 400;
/// How many seconds ahead of the ledger's time use may have occurred.
pub const OCCURRED_LEAD_S_MAX: i64 = 300;

const _: () = assert!(TTL_S_MAX <= HOLD_LIFE_S_MAX);

/// A command, with the key under which it may be repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The idempotency key, if the caller gave one.
    pub key: Option<IdempotencyKey>,
    /// A hash of verb, target and parsed body; a key is only replayed for an equal one.
    pub fingerprint: u128,
    /// What is asked.
    pub verb: Verb,
}

/// The verbs of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// States what has happened, or asks for it with [`Expect::Admission`].
    Record(Record),
    /// Sets headroom aside.
    Reserve(Reserve),
    /// Charges use under a hold.
    Settle(Settle),
    /// Gives a hold more time and, if it fits, more headroom.
    Extend(HoldAsk),
    /// Ends a hold unused.
    Release(Version),
    /// Writes the expiry of every hold that has run out.
    Sweep,
}

impl Verb {
    /// Whether this makes room rather than takes it; such commands go first within a batch.
    pub const fn frees(&self) -> bool {
        match self {
            Verb::Settle(_) | Verb::Release(_) | Verb::Sweep => true,
            Verb::Record(_) | Verb::Reserve(_) | Verb::Extend(_) => false,
        }
    }
}

/// Whether a record is a fact or a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// It has happened: never refused for quota.
    Fact,
    /// It is admitted or refused like a hold.
    Admission,
}

/// Use of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What was used.
    pub resource: ResourceName,
    /// How much; below zero gives back, which on a flow must name what it corrects. Zero is for the
    /// memory service alone, which keeps a key with it.
    pub amount: Amount,
    /// Which part of a level moves.
    pub source: Source,
    /// Fact or question.
    pub expect: Expect,
    /// The entry that a negative amount corrects.
    pub corrects: Option<Version>,
    /// When it occurred, if not now.
    pub occurred_at: Option<Timestamp>,
    /// The caller's JSON object.
    pub metadata: Option<Arc<str>>,
}

/// What a hold does with what it still holds when it runs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnExpiry {
    /// Gives it back.
    Release,
    /// Charges it.
    Charge,
}

impl OnExpiry {
    pub(crate) const fn flags(self) -> Flags {
        match self {
            OnExpiry::Release => Flags::NONE,
            OnExpiry::Charge => Flags::CHARGE_ON_EXPIRY,
        }
    }
}

/// A request for a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserve {
    /// How much of what, each resource once; all or nothing.
    pub amounts: Vec<(ResourceName, Amount)>,
    /// Time to live in seconds, 1..=3,600.
    pub ttl_s: i64,
    /// What happens at its end.
    pub on_expiry: OnExpiry,
    /// The caller's JSON object.
    pub metadata: Option<Arc<str>>,
}

/// A charge under a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settle {
    /// The hold.
    pub hold: Version,
    /// What was used since the last settle of this hold; a resource left out counts 0.
    pub amounts: Vec<(ResourceName, Amount)>,
    /// Whether this ends the hold; a partial settle is its progress.
    pub last: bool,
    /// The caller's JSON object.
    pub metadata: Option<Arc<str>>,
}

/// More time or headroom for a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldAsk {
    /// The hold.
    pub hold: Version,
    /// Time to live from now, in seconds, 1..=3,600.
    pub ttl_s: i64,
    /// Headroom to add; all or nothing.
    pub amounts: Vec<(ResourceName, Amount)>,
}

/// The shape rules of a list of amounts: bounded, each resource once, no amount below `least`.
pub(crate) fn check_amounts(amounts: &[(ResourceName, Amount)], least: i64) -> Result<(), Invalid> {
    if amounts.len() > AMOUNTS_MAX {
        return Err(Invalid::TooManyAmounts);
    }
    for (index, (resource, amount)) in amounts.iter().enumerate() {
        if amounts[..index].iter().any(|(earlier, _)| earlier == resource) {
            return Err(Invalid::ResourceTwice(resource.clone()));
        }
        if amount.get() < least {
            let zero = amount.is_zero();
            return Err(if zero { Invalid::AmountZero } else { Invalid::AmountNegative });
        }
    }
    Ok(())
}

/// Metadata within its bound.
pub(crate) fn check_metadata(metadata: Option<&Arc<str>>) -> Result<(), Invalid> {
    match metadata {
        Some(text) if text.len() > METADATA_BYTES_MAX => Err(Invalid::MetadataTooLarge),
        _ => Ok(()),
    }
}
