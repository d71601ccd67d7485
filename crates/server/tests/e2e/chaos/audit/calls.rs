//! Every call against its row.
//!
//! Invariant: an acknowledged call has one row, which says what was asked and told; what was
//! refused has none; nothing is there that nobody asked for.

use super::{Findings, Row};
use crate::chaos::history::{Call, Evidence, Fate, Standing, Verb, standing_of};
use novacore_ledger::{EntryKind, Flags};
use std::collections::BTreeMap;

/// A row and where the account stood after it.
type Seat<'a> = (&'a Row, Standing);

pub(super) fn audit(evidence: &Evidence, sums: &[Standing], findings: &mut Findings) {
    let rows = by_key(evidence, sums, findings);
    for call in &evidence.calls {
        let row = rows.get(call.key.as_str());
        answers_agree(call, findings);
        match (call.fate, row) {
            (Fate::Applied, None) => {
                findings.ensure(false, "I7", || format!("acknowledged and lost: {call:?}"));
            }
            (Fate::Refused, Some((row, _))) => {
                findings.ensure(false, "I6", || format!("refused: {call:?}, and yet {row:?}"));
            }
            (Fate::Applied, Some((row, sum))) => {
                is_what_was_asked(call, row, findings);
                is_what_was_told(call, row, *sum, findings);
            }
            (Fate::Unknown, Some((row, _))) => is_what_was_asked(call, row, findings),
            (Fate::Refused | Fate::Unknown, None) => {}
        }
    }
    what_was_told_first_stands_first(&evidence.calls, &rows, findings);
    late_use_is_charged_once(&evidence.calls, evidence, findings);
}

/// The rows of commands, each key once and asked for.
fn by_key<'a>(
    evidence: &'a Evidence,
    sums: &[Standing],
    findings: &mut Findings,
) -> BTreeMap<&'a str, Seat<'a>> {
    let asked: BTreeMap<&str, ()> =
        evidence.calls.iter().map(|call| (call.key.as_str(), ())).collect();
    let mut rows = BTreeMap::new();
    for (row, sum) in evidence.rows.iter().zip(sums) {
        let of_the_store = matches!(row.kind(), EntryKind::Expire | EntryKind::Threshold);
        let Some(key) = row.call.as_deref() else {
            findings.ensure(of_the_store, "I6", || format!("nobody asked for {row:?}"));
            continue;
        };
        findings.ensure(asked.contains_key(key), "I6", || format!("nobody asked for {row:?}"));
        let twice = rows.insert(key, (row, *sum));
        findings.ensure(twice.is_none(), "I4", || format!("{key:?} twice: {twice:?} {row:?}"));
    }
    rows
}

fn answers_agree(call: &Call, findings: &mut Findings) {
    // What is refused is judged anew when it is repeated.
    if call.fate == Fate::Applied {
        let same = call.answers.windows(2).all(|pair| pair[0] == pair[1]);
        findings.ensure(same, "I4", || format!("two answers to one key: {call:?}"));
    }
}

fn is_what_was_asked(call: &Call, row: &Row, findings: &mut Findings) {
    let holds = match call.verb {
        Verb::Record { amount } | Verb::RecordOnce { amount } => {
            row.kind() == EntryKind::Record && row.amount == amount && row.has(Flags::ENFORCED)
        }
        Verb::Reserve { amount, charges, .. } => {
            row.kind() == EntryKind::Reserve
                && (row.amount, row.held) == (0, amount)
                && row.has(Flags::CHARGE_ON_EXPIRY) == charges
        }
        Verb::Settle { hold, .. } => row.kind() == EntryKind::Settle && row.hold_id == Some(hold),
        Verb::Release { hold } => row.kind() == EntryKind::Release && row.hold_id == Some(hold),
    };
    findings.ensure(holds, "I4", || format!("asked was {call:?}, written is {row:?}"));
}

fn is_what_was_told(call: &Call, row: &Row, sum: Standing, findings: &mut Findings) {
    if let Some(told) = call.told() {
        findings.ensure(told == sum, "I1", || format!("told {told:?}, true is {sum:?}: {call:?}"));
    }
    if matches!(call.verb, Verb::Reserve { .. }) {
        let named = call.hold() == Some(row.version);
        findings.ensure(named, "I4", || format!("another hold was told: {call:?} {row:?}"));
    }
}

/// A call that began after another was acknowledged has the higher version.
fn what_was_told_first_stands_first(
    calls: &[Call],
    rows: &BTreeMap<&str, Seat<'_>>,
    findings: &mut Findings,
) {
    let applied = calls.iter().filter(|call| call.fate == Fate::Applied);
    let placed = applied.filter_map(|call| {
        let (row, _) = rows.get(call.key.as_str())?;
        Some((call, row.version))
    });
    let mut begun: Vec<(&Call, u64)> = placed.collect();
    let mut ended = begun.clone();
    begun.sort_by_key(|(call, _)| call.began);
    ended.sort_by_key(|(call, _)| call.ended);
    let (mut highest, mut ended) = (0, ended.into_iter().peekable());
    for (call, version) in begun {
        while let Some((_, earlier)) = ended.next_if(|(other, _)| other.ended < call.began) {
            highest = highest.max(earlier);
        }
        findings.ensure(highest < version, "I7", || {
            format!("version {highest} was acknowledged before {version} was asked for: {call:?}")
        });
    }
}

/// Whenever a settle came, the hold is charged what it said, and a refusal told the truth.
fn late_use_is_charged_once(calls: &[Call], evidence: &Evidence, findings: &mut Findings) {
    let mut charged: BTreeMap<u64, i64> = BTreeMap::new();
    for row in &evidence.rows {
        if let Some(hold) = row.hold_id {
            *charged.entry(hold).or_default() += row.amount;
        }
    }
    for call in calls {
        if let (Verb::Settle { hold, amount }, Fate::Applied) = (&call.verb, call.fate) {
            let found = charged.get(hold).copied().unwrap_or(0);
            findings.ensure(found == *amount, "I5", || format!("charged {found}: {call:?}"));
        }
        let asked = match call.verb {
            Verb::Record { amount }
            | Verb::RecordOnce { amount }
            | Verb::Reserve { amount, .. } => amount,
            Verb::Settle { .. } | Verb::Release { .. } => continue,
        };
        if let (Fate::Refused, Some(shown)) =
            (call.fate, call.answers.first().and_then(standing_of))
        {
            findings.ensure(shown.used + shown.held + asked > evidence.cap, "I6", || {
                format!("refused although there was room: {call:?}")
            });
        }
    }
}
