//! Holds, read from the list of entries.

use novacore_ledger::{Entry, EntryKind, Flags, HeldAmount, Hold, HoldStatus, OnExpiry};
use novacore_vocab::Version;

/// The hold whose reserve has this version, if there is one.
pub(super) fn hold(entries: &[Entry], version: Version) -> Option<Hold> {
    let own = || entries.iter().filter(move |entry| entry.hold == Some(version));
    let first = own().find(|entry| entry.kind == EntryKind::Reserve)?;
    let charges = first.flags.has(Flags::CHARGE_ON_EXPIRY);
    let mut amounts: Vec<HeldAmount> = Vec::new();
    for entry in own() {
        if !amounts.iter().any(|one| one.resource == entry.resource) {
            amounts.push(amount(entries, version, entry));
        }
    }
    Some(Hold {
        version,
        reserved_at: first.recorded_at,
        expires_at: own().filter_map(|entry| entry.expires_at).next_back()?,
        on_expiry: if charges { OnExpiry::Charge } else { OnExpiry::Release },
        status: own().fold(HoldStatus::Open, after),
        amounts,
    })
}

/// Every open hold.
pub(super) fn open(entries: &[Entry]) -> Vec<Hold> {
    let reserves = entries.iter().filter(|entry| entry.hold == Some(entry.version));
    let holds = reserves.filter_map(|entry| hold(entries, entry.version));
    holds.filter(|hold| hold.status == HoldStatus::Open).collect()
}

fn amount(entries: &[Entry], version: Version, like: &Entry) -> HeldAmount {
    let sum = |kinds: &[EntryKind], value: fn(&Entry) -> i64| -> i64 {
        let own = entries.iter().filter(|entry| {
            entry.hold == Some(version)
                && entry.resource == like.resource
                && (kinds.is_empty() || kinds.contains(&entry.kind))
        });
        own.map(value).sum()
    };
    HeldAmount {
        resource: like.resource.clone(),
        reserved: sum(&[EntryKind::Reserve, EntryKind::Extend], |entry| entry.held),
        held: sum(&[], |entry| entry.held),
        charged: sum(&[], |entry| entry.amount),
        charged_on_expiry: sum(&[EntryKind::Expire], |entry| entry.amount),
    }
}

/// The status after one more entry of the hold.
fn after(status: HoldStatus, entry: &Entry) -> HoldStatus {
    if !entry.flags.has(Flags::FINAL) {
        return status;
    }
    match (entry.kind, status) {
        (EntryKind::Settle, HoldStatus::Expired) => HoldStatus::SettledLate,
        (EntryKind::Settle, _) => HoldStatus::Settled,
        (EntryKind::Release, _) => HoldStatus::Released,
        (EntryKind::Expire, _) => HoldStatus::Expired,
        (
            EntryKind::Record
            | EntryKind::Correction
            | EntryKind::Reserve
            | EntryKind::Extend
            | EntryKind::Threshold,
            status,
        ) => status,
    }
}
