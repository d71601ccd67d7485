//! The native calls about reservations. Unknown fields are refused.

use crate::{metadata::Metadata, number::WireAmount, words};
use novacore_vocab::{ResourceName, Timestamp, UserId, Window};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An amount of a resource.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AmountOf {
    /// The resource.
    #[schema(value_type = String, example = "llm_tokens")]
    pub resource_type: ResourceName,
    /// How much.
    pub amount: WireAmount,
}

/// What becomes of what is still held when a reservation runs out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnExpiry {
    /// It is given back.
    #[default]
    Release,
    /// It is charged.
    Charge,
}

/// Sets headroom aside, all or nothing.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReserveRequest {
    /// For whom; the caller if absent.
    #[schema(value_type = Option<uuid::Uuid>)]
    pub user_id: Option<UserId>,
    /// 1 to 8 amounts, each resource once.
    #[schema(min_items = 1, max_items = 8)]
    pub amounts: Vec<AmountOf>,
    /// Time to live, 1 to 3,600 seconds; 300 if absent.
    #[schema(minimum = 1, maximum = 3600, default = 300)]
    pub ttl_seconds: Option<i64>,
    /// What becomes of what is still held at its end; `release` if absent.
    pub on_expiry: Option<OnExpiry>,
    /// Any JSON object of at most 2 KiB.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
}

/// Charges use under a reservation.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SettleRequest {
    /// What was used since the last settle; it may exceed what is held, and a resource left out
    /// counts 0.
    #[schema(max_items = 8)]
    pub amounts: Vec<AmountOf>,
    /// Whether this ends the reservation; true if absent.
    #[serde(rename = "final")]
    pub is_final: Option<bool>,
    /// Any JSON object of at most 2 KiB.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
}

/// Gives a reservation more time, and more headroom if it fits.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExtendRequest {
    /// Time to live from now, 1 to 3,600 seconds; 300 if absent.
    #[schema(minimum = 1, maximum = 3600, default = 300)]
    pub ttl_seconds: Option<i64>,
    /// Headroom to add, all or nothing.
    #[serde(default)]
    #[schema(max_items = 8)]
    pub amounts: Vec<AmountOf>,
}

/// Where the account stands after a command.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// Always true: what is refused is answered with a problem.
    pub admitted: bool,
    /// `overage`, `excess`, `unheld`, `late`, `enforced`, `final`, `charge_on_expiry`.
    #[schema(value_type = Vec<words::Flag>)]
    pub flags: Vec<&'static str>,
    /// Per resource concerned.
    pub standings: Vec<StandingRow>,
}

/// Where the account stands with a resource.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StandingRow {
    /// The resource.
    #[schema(value_type = String)]
    pub resource_type: ResourceName,
    /// The kind of window of the limit with the least room.
    #[schema(value_type = words::Window)]
    pub window: Window,
    /// Used in that window.
    pub used: i64,
    /// Held in that window.
    pub held: i64,
    /// The cap; -1 is unlimited.
    pub limit: i64,
    /// What is left; -1 is unlimited.
    pub remaining: i64,
    /// What the next call would be granted; -1 is no bound.
    pub grantable: i64,
    /// When the window ends; null for a level.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub resets_at: Option<Timestamp>,
}

/// A reservation that was made or extended.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reserved {
    /// The reservation.
    #[schema(example = "res_0123456789abcdef0011223344556677_42")]
    pub reservation_id: String,
    /// When it runs out.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// Where the account stands.
    pub decision: Decision,
}

/// A reservation that was settled or released.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Settled {
    /// The reservation.
    pub reservation_id: String,
    /// `open` after a partial settle, else `settled`, `settled_late` or `released`.
    #[schema(value_type = words::ReservationStatus)]
    pub status: &'static str,
    /// Where the account stands.
    pub decision: Decision,
}

/// A reservation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reservation {
    /// The reservation.
    pub reservation_id: String,
    /// For whom.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// `open`, `settled`, `released`, `expired`, `settled_late`.
    #[schema(value_type = words::ReservationStatus)]
    pub status: &'static str,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub reserved_at: Timestamp,
    /// When it runs out, or ran out.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// What becomes of what is still held then.
    pub on_expiry: OnExpiry,
    /// One row per resource.
    pub amounts: Vec<ReservationAmount>,
}

/// One resource of a [`Reservation`].
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReservationAmount {
    /// The resource.
    #[schema(value_type = String)]
    pub resource_type: ResourceName,
    /// All that was set aside.
    pub reserved: i64,
    /// What is set aside now.
    pub held: i64,
    /// What was charged.
    pub charged: i64,
}
