//! Every look at a standing against the sums of the rows.
//!
//! Invariant: what is shown was true at some moment, and not before what was acknowledged when the
//! look began.

use super::Findings;
use crate::chaos::history::{Evidence, Fate, Look, Standing};
use std::collections::BTreeMap;

pub(super) fn audit(evidence: &Evidence, sums: &[Standing], findings: &mut Findings) {
    let versions: BTreeMap<&str, usize> = evidence
        .rows
        .iter()
        .zip(1..)
        .filter_map(|(row, version)| Some((row.call.as_deref()?, version)))
        .collect();
    let applied = evidence.calls.iter().filter(|call| call.fate == Fate::Applied);
    let mut ended: Vec<(u64, usize)> =
        applied.filter_map(|call| Some((call.ended, *versions.get(call.key.as_str())?))).collect();
    ended.sort_unstable();
    let mut looks: Vec<&Look> = evidence.looks.iter().collect();
    looks.sort_by_key(|look| look.began);
    let (mut ended, mut acknowledged) = (ended.into_iter().peekable(), 0);
    for look in looks {
        while let Some((_, version)) = ended.next_if(|(ended, _)| *ended < look.began) {
            acknowledged = acknowledged.max(version);
        }
        // The sums begin behind the first row; before it nothing was there.
        let is_empty = acknowledged == 0 && look.standing == Standing::default();
        let since = &sums[acknowledged.saturating_sub(1).min(sums.len())..];
        findings.ensure(is_empty || since.contains(&look.standing), "I7", || {
            format!("not so since version {acknowledged} was acknowledged: {look:?}")
        });
        findings.ensure(look.standing.used + look.standing.held <= evidence.cap, "I3", || {
            format!("shown above the cap of {}: {look:?}", evidence.cap)
        });
    }
}
