//! Every hold from its reserve to its end.
//!
//! Invariant: a hold ends once; what was held of it is given back or charged, no more and no less.

use super::{Findings, Row};
use novacore_ledger::{EntryKind, Flags};
use std::collections::BTreeMap;

/// A hold as its rows tell it.
struct Hold {
    reserved: i64,
    held: i64,
    charged: i64,
    expires_micros: i64,
    charges: bool,
    /// How it has ended, if it has.
    end: Option<EntryKind>,
    settled_late: bool,
}

/// Follows every hold; returns what those that are still open hold.
pub(super) fn audit(rows: &[Row], findings: &mut Findings) -> i64 {
    let mut holds: BTreeMap<u64, Hold> = BTreeMap::new();
    for row in rows {
        match row.kind() {
            EntryKind::Reserve => {
                let hold = Hold {
                    reserved: row.held,
                    held: row.held,
                    charged: 0,
                    expires_micros: row.expires_micros.unwrap_or(0),
                    charges: row.has(Flags::CHARGE_ON_EXPIRY),
                    end: None,
                    settled_late: false,
                };
                let named = row.hold_id == Some(row.version);
                findings.ensure(named, "I5", || format!("a hold without its name: {row:?}"));
                holds.insert(row.version, hold);
            }
            EntryKind::Settle | EntryKind::Release | EntryKind::Expire => {
                match row.hold_id.and_then(|version| holds.get_mut(&version)) {
                    Some(hold) => follow(hold, row, findings),
                    None => {
                        findings.ensure(false, "I5", || format!("there is no such hold: {row:?}"));
                    }
                }
            }
            EntryKind::Record | EntryKind::Correction | EntryKind::Threshold => {
                findings.ensure(row.held == 0, "I5", || format!("it holds something: {row:?}"));
            }
            EntryKind::Extend => findings.ensure(false, "I6", || format!("unasked: {row:?}")),
        }
    }
    for (version, hold) in &holds {
        let given_back = hold.reserved - hold.held;
        findings.ensure(hold.end.is_some(), "I8", || {
            format!("hold {version} never ended, {given_back} of {} given back", hold.reserved)
        });
    }
    holds.values().map(|hold| hold.held).sum()
}

fn follow(hold: &mut Hold, row: &Row, findings: &mut Findings) {
    if row.kind() == EntryKind::Settle && row.has(Flags::LATE) {
        let first = hold.end == Some(EntryKind::Expire) && !hold.settled_late;
        findings.ensure(first && row.held == 0, "I5", || format!("settled late twice: {row:?}"));
        hold.settled_late = true;
    } else {
        findings.ensure(hold.end.is_none(), "I5", || {
            format!("a hold that had ended by {:?} ends again: {row:?}", hold.end)
        });
        findings.ensure(-row.held == hold.held, "I5", || {
            format!("{} was held and not given back whole: {row:?}", hold.held)
        });
        let has_run_out = hold.expires_micros <= row.recorded_micros;
        findings.ensure(has_run_out == (row.kind() == EntryKind::Expire), "I8", || {
            format!("a hold until {} ends so: {row:?}", hold.expires_micros)
        });
        let charged = match row.kind() {
            EntryKind::Settle => row.amount,
            EntryKind::Expire if hold.charges => hold.held,
            _ => 0,
        };
        findings.ensure(row.amount == charged, "I5", || format!("{charged} was due: {row:?}"));
        hold.end = Some(row.kind());
    }
    hold.held += row.held;
    hold.charged += row.amount;
    findings.ensure((0..=hold.reserved).contains(&hold.charged), "I5", || {
        format!("{} is charged of {} reserved: {row:?}", hold.charged, hold.reserved)
    });
}
