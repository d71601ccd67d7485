//! What became of a command: applied, replayed, or refused. A refusal is an answer, not a failure.

use crate::{Flags, HoldStatus, LimitName, standing::Standing};
use novacore_vocab::{IdempotencyKey, ResourceName, Source, TierName, Timestamp, Version, Window};
use thiserror::Error;

/// The outcome of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done now.
    Applied(Answer),
    /// Done before under this key; the first answer again.
    Replayed(Answer),
    /// Not done; nothing has changed.
    Refused(Refusal),
}

/// What an applied command answers, now and at every replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The version of its first entry; 0 for a sweep that found nothing.
    pub version: Version,
    /// When it was written.
    pub recorded_at: Timestamp,
    /// The hold it made or concerned.
    pub hold: Option<Version>,
    /// When that hold ends; reserve and extend only.
    pub expires_at: Option<Timestamp>,
    /// Marks over all its entries.
    pub flags: Flags,
    /// Where the account stands afterwards, per resource concerned.
    pub standings: Vec<Standing>,
}

/// An idempotency key with what it did; written with the first entry of its command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The key.
    pub key: IdempotencyKey,
    /// The hash of the command that it stands for.
    pub fingerprint: u128,
    /// The first answer.
    pub answer: Answer,
}

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The key stands for another command.
    #[error("the idempotency key was used for another command")]
    KeyReused,
    /// The command makes no sense whatever the account's state.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// There is no such hold.
    #[error("no such reservation")]
    HoldUnknown,
    /// The hold has ended.
    #[error("the reservation has ended: {}", .0.as_str())]
    HoldEnded(HoldStatus),
    /// A limit does not allow it.
    #[error("{} quota exceeded", .0.resource)]
    Quota(Box<QuotaRefusal>),
    /// The account has as many open holds as it may.
    #[error("too many open reservations")]
    TooManyHolds,
    /// A counter would leave ±(2^53 - 1).
    #[error("the counter of {0} would leave its range")]
    CounterRange(ResourceName),
    /// A source would take more from a level than it put there.
    #[error("{resource} would fall below zero")]
    LevelBelowZero {
        /// The level.
        resource: ResourceName,
        /// Whose part.
        part_of: Source,
        /// What the part is now.
        part: i64,
    },
}

/// A refusal by a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaRefusal {
    /// What was asked for.
    pub resource: ResourceName,
    /// The limit that refused; of several the one whose window ends last.
    pub limit: LimitName,
    /// Its window.
    pub window: Window,
    /// Used in this window.
    pub used: i64,
    /// Held in this window.
    pub held: i64,
    /// The cap.
    pub cap: i64,
    /// What was asked.
    pub requested: i64,
    /// What would have been admitted, over all limits of the resource.
    pub remaining: i64,
    /// When the window ends; `None` if waiting does not help: for a level, and for a hold whose
    /// window is over.
    pub resets_at: Option<Timestamp>,
    /// The time of the decision, from which `Retry-After` counts.
    pub decided_at: Timestamp,
    /// The first higher tier in which it would fit.
    pub upgrade_to: Option<TierName>,
}

/// A command that is wrong in itself.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Invalid {
    /// Nothing to do.
    #[error("the amount must not be 0")]
    AmountZero,
    /// Below zero where only more makes sense.
    #[error("the amount must not be negative here")]
    AmountNegative,
    /// A reserve needs at least one amount.
    #[error("at least one amount is needed")]
    NoAmounts,
    /// More than eight.
    #[error("at most 8 amounts")]
    TooManyAmounts,
    /// Two amounts for one resource.
    #[error("{0} is named twice")]
    ResourceTwice(ResourceName),
    /// Not configured.
    #[error("unknown resource type {0}")]
    ResourceUnknown(ResourceName),
    /// Not in 1..=3,600.
    #[error("the time to live must be 1 to 3600 seconds")]
    Ttl,
    /// The hold would live for more than 24 hours.
    #[error("a reservation lives for at most 24 hours")]
    HoldLife,
    /// Not in [-400 days, +5 minutes].
    #[error("occurredAt must lie within the last 400 days and at most 5 minutes ahead")]
    OccurredAt,
    /// More than 2 KiB.
    #[error("metadata must not exceed 2048 bytes")]
    MetadataTooLarge,
    /// A negative amount on a flow must say what it corrects.
    #[error("a negative amount on a flow must name the entry that it corrects")]
    CorrectsMissing,
    /// `corrects` with a positive amount or on a level.
    #[error("only a negative amount on a flow corrects an entry")]
    CorrectsMisplaced,
    /// There is no such entry, or it is not of this resource, or it has charged nothing.
    #[error("there is no such entry to correct")]
    CorrectsUnknown,
    /// The corrections would exceed the entry.
    #[error("at most {left} of the entry is left to correct")]
    CorrectsTooMuch {
        /// What earlier corrections left.
        left: i64,
    },
}

impl Invalid {
    /// The field of the native request that is wrong.
    pub const fn field(&self) -> &'static str {
        match self {
            Invalid::AmountZero | Invalid::AmountNegative | Invalid::CorrectsTooMuch { .. } => {
                "amount"
            }
            Invalid::NoAmounts | Invalid::TooManyAmounts | Invalid::ResourceTwice(_) => "amounts",
            Invalid::ResourceUnknown(_) => "resourceType",
            Invalid::Ttl | Invalid::HoldLife => "ttlSeconds",
            Invalid::OccurredAt => "occurredAt",
            Invalid::MetadataTooLarge => "metadata",
            Invalid::CorrectsMissing | Invalid::CorrectsMisplaced | Invalid::CorrectsUnknown => {
                "corrects"
            }
        }
    }
}
