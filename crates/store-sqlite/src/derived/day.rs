//! What an account used in one UTC day, by quarter of an hour.
//!
//! Flows are summed by the time at which use occurred. Levels move when an entry is recorded, so a
//! day says what was held at its end.
//!
//! Invariant: a day that exists carries the closing value of every level that the account had by
//! its end, so a day without entries closes like the last one before it that exists.

use crate::bytes::{Put, Short, Take};
use novacore_vocab::Timestamp;

const QUARTER_MICROS: i64 = 15 * 60 * 1_000_000;

/// The roll-up of one day.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct DayBook {
    /// What moved, by ascending resource number.
    pub(crate) lines: Vec<Line>,
    /// What was held of each level at the end, by ascending resource number.
    pub(crate) closings: Vec<(i64, i64)>,
}

/// One resource's moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) resource_no: i64,
    /// The sum of `quarters`.
    pub(crate) total: i64,
    /// Sums by ascending quarter of an hour since midnight, only those in which something moved.
    pub(crate) quarters: Vec<(u8, i64)>,
}

impl DayBook {
    /// A day on which nothing has moved yet.
    pub(crate) fn after(before: &DayBook) -> DayBook {
        DayBook { lines: Vec::new(), closings: before.closings.clone() }
    }

    /// Adds a move at `at`, which lies in this day; whether it is the resource's first one.
    pub(crate) fn add(&mut self, resource_no: i64, at: Timestamp, amount: i64) -> bool {
        let found = self.lines.binary_search_by_key(&resource_no, |line| line.resource_no);
        let index = found.unwrap_or_else(|index| {
            self.lines.insert(index, Line { resource_no, total: 0, quarters: Vec::new() });
            index
        });
        let line = &mut self.lines[index];
        line.total += amount;
        let quarter = quarter_of(at);
        match line.quarters.binary_search_by_key(&quarter, |(number, _)| *number) {
            Ok(index) => line.quarters[index].1 += amount,
            Err(index) => line.quarters.insert(index, (quarter, amount)),
        }
        found.is_err()
    }

    /// Moves what is held of a level at the end.
    pub(crate) fn move_closing(&mut self, resource_no: i64, amount: i64) {
        match self.closings.binary_search_by_key(&resource_no, |(number, _)| *number) {
            Ok(index) => self.closings[index].1 += amount,
            Err(index) => self.closings.insert(index, (resource_no, amount)),
        }
    }

    /// The sum of a resource's moves.
    pub(crate) fn total(&self, resource_no: i64) -> i64 {
        self.moved(resource_no).unwrap_or(0)
    }

    /// As [`DayBook::total`]; `None` if nothing has moved.
    pub(crate) fn moved(&self, resource_no: i64) -> Option<i64> {
        let found = self.lines.binary_search_by_key(&resource_no, |line| line.resource_no);
        found.ok().map(|index| self.lines[index].total)
    }

    /// What is held of a level at the end.
    pub(crate) fn closing(&self, resource_no: i64) -> i64 {
        let found = self.closings.binary_search_by_key(&resource_no, |(number, _)| *number);
        found.map_or(0, |index| self.closings[index].1)
    }

    /// Appends this day to other bytes.
    pub(crate) fn put(&self, put: &mut Put) {
        put.u64(self.lines.len() as u64);
        for line in &self.lines {
            put.i64(line.resource_no);
            put.i64(line.total);
            put.u64(line.quarters.len() as u64);
            for (quarter, amount) in &line.quarters {
                put.u8(*quarter);
                put.i64(*amount);
            }
        }
        put.u64(self.closings.len() as u64);
        for (resource_no, amount) in &self.closings {
            put.i64(*resource_no);
            put.i64(*amount);
        }
    }

    /// Reads a day back.
    pub(crate) fn take(take: &mut Take<'_>) -> Result<DayBook, Short> {
        let lines = (0..take.count()?).map(|_| take_line(take)).collect::<Result<_, Short>>()?;
        let closings = (0..take.count()?).map(|_| Ok((take.i64()?, take.i64()?)));
        Ok(DayBook { lines, closings: closings.collect::<Result<_, Short>>()? })
    }

    /// Reads a row of table `day`.
    pub(crate) fn decode(bytes: &[u8]) -> Result<DayBook, Short> {
        let mut take = Take(bytes);
        let day = DayBook::take(&mut take)?;
        take.end()?;
        Ok(day)
    }
}

fn take_line(take: &mut Take<'_>) -> Result<Line, Short> {
    let (resource_no, total) = (take.i64()?, take.i64()?);
    let quarters = (0..take.count()?).map(|_| Ok((take.u8()?, take.i64()?)));
    Ok(Line { resource_no, total, quarters: quarters.collect::<Result<_, Short>>()? })
}

/// The quarter of an hour since midnight.
fn quarter_of(at: Timestamp) -> u8 {
    let since_midnight = at.micros() - Timestamp::from_day_number(at.day_number()).micros();
    // A day has 96 quarters.
    (since_midnight / QUARTER_MICROS) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_add_up_by_quarter_and_read_back() {
        let mut day = DayBook::default();
        for (resource, at, amount, first) in [
            (3, "2026-11-24T00:00:00Z", 5, true),
            (3, "2026-11-24T00:14:59.999999Z", 6, false),
            (3, "2026-11-24T23:59:59.999999Z", 7, false),
            (1, "2026-11-24T12:00:00Z", -1, true),
        ] {
            assert_eq!(day.add(resource, at.parse().unwrap(), amount), first, "{at}");
        }
        day.move_closing(1, -1);
        assert_eq!(day.lines[1].quarters, [(0, 11), (95, 7)]);
        assert_eq!((day.total(3), day.total(1), day.total(2)), (18, -1, 0));
        assert_eq!((day.closing(1), day.closing(3)), (-1, 0));
        let mut put = Put::default();
        day.put(&mut put);
        assert_eq!(DayBook::decode(&put.0), Ok(day.clone()));
        assert_eq!(DayBook::after(&day).closings, day.closings);
    }
}
