//! The audit: holds what clients were told against the ledger's rows.
//!
//! It shares data types with the ledger and nothing else: every sum is made here.
//!
//! Invariant: whatever it finds is named after the invariant of the design that is broken.
//! Not here: single holds (`holds`).

mod calls;
mod holds;
mod looks;
mod notices;

use super::history::{Evidence, Row, Standing, standing_of};
use novacore_ledger::{EntryKind, Flags};

/// Findings of one kind that are told; the rest would be noise.
const FINDINGS_MAX: usize = 5;

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// The invariant, such as `I3`.
    pub(super) invariant: &'static str,
    /// What was found.
    pub(super) what: String,
}

/// What was found so far.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn ensure(&mut self, holds: bool, invariant: &'static str, what: impl FnOnce() -> String) {
        let told = self.0.iter().filter(|finding| finding.invariant == invariant).count();
        if !holds && told < FINDINGS_MAX {
            self.0.push(Finding { invariant, what: what() });
        }
    }
}

impl Row {
    fn kind(&self) -> EntryKind {
        EntryKind::ALL[self.kind]
    }

    fn has(&self, flag: Flags) -> bool {
        Flags(self.flags).has(flag)
    }
}

/// Everything that is wrong.
pub(super) fn audit(evidence: &Evidence) -> Vec<Finding> {
    let mut findings = Findings::default();
    rows_follow_each_other(&evidence.rows, &mut findings);
    let sums = sums(&evidence.rows);
    the_cap_holds(evidence, &sums, &mut findings);
    let open = holds::audit(&evidence.rows, &mut findings);
    let last = sums.last().copied().unwrap_or_default();
    findings.ensure(last.held == open, "I2", || {
        format!("{} is held, the open holds make {open}", last.held)
    });
    findings.ensure(last.held == 0, "I8", || format!("{} is still held in the end", last.held));
    for (node, shown) in evidence.shown.iter().enumerate() {
        findings.ensure(*shown == last, "I1", || {
            format!("node {node} shows {shown:?}, the entries sum to {last:?}")
        });
    }
    calls::audit(evidence, &sums, &mut findings);
    looks::audit(evidence, &sums, &mut findings);
    findings.0
}

fn rows_follow_each_other(rows: &[Row], findings: &mut Findings) {
    let mut before = 0;
    for (row, expected) in rows.iter().zip(1..) {
        findings.ensure(row.version == expected, "I12", || {
            format!("version {} stands where {expected} should", row.version)
        });
        findings.ensure(before <= row.recorded_micros, "I12", || {
            format!("the time runs backwards at version {}", row.version)
        });
        before = row.recorded_micros;
    }
}

/// Where the account stands after each row.
fn sums(rows: &[Row]) -> Vec<Standing> {
    let after = |standing: &mut Standing, row: &Row| {
        standing.used += row.amount;
        standing.held += row.held;
        Some(*standing)
    };
    rows.iter().scan(Standing::default(), after).collect()
}

/// Nobody is admitted above the cap. What has been used all the same, reported by a settle after
/// the hold's end or beyond its size, is not dropped; only that may lead above it.
fn the_cap_holds(evidence: &Evidence, sums: &[Standing], findings: &mut Findings) {
    let mut owed = 0;
    for (row, sum) in evidence.rows.iter().zip(sums) {
        let admits = matches!(row.kind(), EntryKind::Record | EntryKind::Reserve);
        if row.kind() == EntryKind::Settle && (row.has(Flags::LATE) || row.has(Flags::EXCESS)) {
            owed += (row.amount + row.held).max(0);
        }
        let allowed = if admits { evidence.cap } else { evidence.cap + owed };
        findings.ensure(sum.used + sum.held <= allowed, "I3", || {
            format!("{sum:?} is above {} after version {}", evidence.cap, row.version)
        });
    }
    let most = evidence.cap + owed;
    let seen = evidence.calls.iter().flat_map(|call| &call.answers).filter_map(|answer| {
        standing_of(answer).or_else(|| standing_of(&answer["decision"]["standings"][0]))
    });
    for seen in seen {
        findings.ensure(seen.used + seen.held <= most, "I3", || {
            format!("a client was shown {seen:?}, above the cap of {}", evidence.cap)
        });
    }
}
