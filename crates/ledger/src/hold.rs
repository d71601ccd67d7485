//! Headroom set aside before work whose size is not known yet.
//!
//! Invariant: a hold ends exactly once, and what it held is then settled or released to the last
//! unit.

use crate::OnExpiry;
use novacore_vocab::{ResourceName, Timestamp, Version};

/// One resource of a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldAmount {
    /// The resource.
    pub resource: ResourceName,
    /// All that was ever set aside: the reserve and its extensions.
    pub reserved: i64,
    /// What is set aside now.
    pub held: i64,
    /// What settles and expiry have charged, beyond the hold too.
    pub charged: i64,
    /// The part of `charged` that the expiry charged.
    pub charged_on_expiry: i64,
}

/// Where a hold stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HoldStatus {
    /// Set aside.
    Open,
    /// Ended by its final settle.
    Settled,
    /// Ended unused.
    Released,
    /// Ran out; one late settle is still accepted.
    Expired,
    /// Ran out and was settled late.
    SettledLate,
}

impl HoldStatus {
    /// The word used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            HoldStatus::Open => "open",
            HoldStatus::Settled => "settled",
            HoldStatus::Released => "released",
            HoldStatus::Expired => "expired",
            HoldStatus::SettledLate => "settled_late",
        }
    }
}

/// A hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The version of the first entry of its reserve.
    pub version: Version,
    /// When it was made; its window is the one around this instant.
    pub reserved_at: Timestamp,
    /// When it runs out.
    pub expires_at: Timestamp,
    /// What happens then.
    pub on_expiry: OnExpiry,
    /// Where it stands.
    pub status: HoldStatus,
    /// What it holds, one element per resource.
    pub amounts: Vec<HeldAmount>,
}

impl Hold {
    /// The element for a resource.
    pub fn amount(&self, resource: &ResourceName) -> Option<&HeldAmount> {
        self.amounts.iter().find(|held| held.resource == *resource)
    }

    pub(crate) fn amount_mut(&mut self, resource: &ResourceName) -> &mut HeldAmount {
        let found = self.amounts.iter().position(|held| held.resource == *resource);
        let index = found.unwrap_or_else(|| {
            self.amounts.push(HeldAmount {
                resource: resource.clone(),
                reserved: 0,
                held: 0,
                charged: 0,
                charged_on_expiry: 0,
            });
            self.amounts.len() - 1
        });
        &mut self.amounts[index]
    }
}
