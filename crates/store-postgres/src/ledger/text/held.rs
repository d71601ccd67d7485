//! The amounts of a hold as stored.

use super::{from_text, to_text};
use novacore_ledger::HeldAmount;
use novacore_store::error::StoreError;
use novacore_vocab::ResourceName;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    resource: ResourceName,
    reserved: i64,
    held: i64,
    charged: i64,
    charged_on_expiry: i64,
}

pub(crate) fn held_text(amounts: &[HeldAmount]) -> String {
    let texts = amounts.iter().map(|held| Text {
        resource: held.resource.clone(),
        reserved: held.reserved,
        held: held.held,
        charged: held.charged,
        charged_on_expiry: held.charged_on_expiry,
    });
    to_text(&texts.collect::<Vec<_>>())
}

pub(crate) fn read_held(text: &str) -> Result<Vec<HeldAmount>, StoreError> {
    let texts: Vec<Text> = from_text("hold", text)?;
    let amounts = texts.into_iter().map(|read| HeldAmount {
        resource: read.resource,
        reserved: read.reserved,
        held: read.held,
        charged: read.charged,
        charged_on_expiry: read.charged_on_expiry,
    });
    Ok(amounts.collect())
}
