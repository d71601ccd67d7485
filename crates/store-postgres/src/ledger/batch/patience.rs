//! How long a batch may take: what any session may, and more for one that changes many rows.
//!
//! A batch of commands writes a few rows for each, and a session's own bounds are wide for it.
//! Forgetting all that a user has is one transaction too, of as many rows as he has.
//!
//! Invariant: bounded by the rows, so that a server that does not answer is given up.
//! Invariant: no other transaction of the session is more patient than before.

use super::Ask;
use crate::{address::STATEMENT, pool::ANSWER};
use std::{borrow::Cow, time::Duration};

/// Changes of memories for which a session's own bounds do, and which do not take long.
pub(super) const ROWS_MAX: usize = 1_000;
/// What each of them may take beyond that: more than ten times what it takes on a server at rest.
const ROW: Duration = Duration::from_millis(1);
/// Nobody has so many that it would do to wait longer.
const MORE_MAX: Duration = Duration::from_secs(600);

/// The bounds of one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Patience {
    /// Beyond what a session is told.
    more: Duration,
}

impl Patience {
    /// For what the commands of a batch change.
    pub(super) fn of(asks: &[Ask]) -> Patience {
        let writes = asks.iter().filter_map(|ask| ask.write.as_deref());
        Patience::for_rows(writes.map(|write| write.changes().len()).sum())
    }

    fn for_rows(rows: usize) -> Patience {
        let more = u32::try_from(rows.saturating_sub(ROWS_MAX)).unwrap_or(u32::MAX);
        Patience { more: ROW.saturating_mul(more).min(MORE_MAX) }
    }

    /// When those answers to a flight that have not come will not come.
    pub(super) fn answer(self) -> Duration {
        ANSWER + self.more
    }

    /// What begins the transaction; bounds of its own end with it.
    pub(super) fn begin(self) -> Cow<'static, str> {
        if self.more.is_zero() {
            return "BEGIN".into();
        }
        let millis = (STATEMENT + self.more).as_millis();
        format!("BEGIN; SET LOCAL statement_timeout = {millis}").into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_given_time_by_its_rows() {
        let given = |rows| {
            let patience = Patience::for_rows(rows);
            (patience.begin().into_owned(), patience.answer())
        };
        let begun = |millis: u64| format!("BEGIN; SET LOCAL statement_timeout = {millis}");
        assert_eq!(given(0), ("BEGIN".to_owned(), ANSWER));
        assert_eq!(given(1_000), ("BEGIN".to_owned(), ANSWER));
        assert_eq!(given(1_001), (begun(10_001), ANSWER + ROW));
        assert_eq!(given(101_000), (begun(110_000), ANSWER + ROW * 100_000));
        assert_eq!(given(usize::MAX), (begun(610_000), ANSWER + MORE_MAX));
    }
}
