//! Old months leave the ledger: each becomes a table of its own, which an operator archives or
//! drops.
//!
//! The cut is made by when entries were recorded, not by when they count: of an account these are
//! its first versions, without a gap, whereas the partitions, by `counted_at`, hold them
//! interleaved. So the partition of a month is detached, what was recorded after the month goes
//! back into the ledger, to its default partition, and what went there from earlier months goes
//! along with the month in which it was recorded. What is left behind is the state of each account
//! at the cut, folded by the rules of the ledger: its opening. From it `verify` goes on exactly as
//! from the first entry.
//!
//! Invariant: a month is detached with everything that hangs on it, or not at all: one transaction.
//! Invariant: an entry that does not follow from those before it is never detached.
//! Invariant: the months of the last 400 days stay, in which usage is still reported and corrected.
//! Invariant: batches are kept waiting only while the catalogue changes, and for less than a second
//! while a reader is in the way.
//! Not here: partitions of months to come (`ledger/partitions`).

mod detach;
mod error;
mod fold;
mod month;
mod opening;
mod run;

pub use error::{DetachError, RetainError};
pub use month::Month;
pub use run::{detach_before, detachable};

pub(crate) use opening::{Opening, read as read_openings};
pub(crate) use run::{check, run};

use tokio_postgres::GenericClient;

/// The least number of whole months, before the present one, that may be kept: usage is reported
/// up to 400 days late.
pub const RETAIN_MONTHS_MIN: u32 = 15;
/// The most: a hundred years.
pub const RETAIN_MONTHS_MAX: u32 = 1_200;

const DETACHED: &str = "SELECT month, name, entries, accounts FROM detached_month ORDER BY month";

/// How many whole months before the present one stay in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retain(u32);

impl Retain {
    /// So many months.
    pub fn months(months: u32) -> Result<Retain, RetainError> {
        match months {
            RETAIN_MONTHS_MIN..=RETAIN_MONTHS_MAX => Ok(Retain(months)),
            other => Err(RetainError::Months(other)),
        }
    }

    /// The first month that stays while `present` is the present one.
    pub fn first_kept(self, present: Month) -> Month {
        (0..self.0).fold(present, |month, _| month.before())
    }
}

/// A month that may be detached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldMonth {
    /// Which.
    pub month: Month,
    /// How many entries were recorded in it.
    pub entries: u64,
}

/// A month that is no longer in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetachedMonth {
    /// Which.
    pub month: Month,
    /// The table that it has become.
    pub table: String,
    /// How many entries were recorded in it.
    pub entries: u64,
    /// Of how many accounts.
    pub accounts: u64,
}

/// The months that have been detached.
pub(crate) async fn detached(
    client: &impl GenericClient,
) -> Result<Vec<DetachedMonth>, tokio_postgres::Error> {
    let read = |row: &tokio_postgres::Row| DetachedMonth {
        month: Month::of_number(row.get(0)),
        table: row.get(1),
        entries: row.get::<_, i64>(2) as u64,
        accounts: row.get::<_, i64>(3) as u64,
    };
    Ok(client.query(DETACHED, &[]).await?.iter().map(read).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_months_than_can_still_be_corrected_are_refused() {
        assert_eq!(Retain::months(14), Err(RetainError::Months(14)));
        assert_eq!(Retain::months(1_201), Err(RetainError::Months(1_201)));
        assert!(Retain::months(1_200).is_ok());
    }

    #[test]
    fn the_least_that_is_kept_covers_whatever_is_reported_late() {
        let retain = Retain::months(RETAIN_MONTHS_MIN).unwrap();
        for day in 20_000..22_000 {
            let now = novacore_vocab::Timestamp::from_day_number(day);
            let first = retain.first_kept(Month::at(now)).start();
            assert!(first < now.plus_days(-novacore_ledger::OCCURRED_DAYS_MAX), "{now}");
        }
        let present = Month::parse("2026-11").unwrap();
        assert_eq!(retain.first_kept(present).to_string(), "2025-08");
    }
}
