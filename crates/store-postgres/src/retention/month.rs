//! A month of the ledger: its name, its bounds and its table.
//!
//! Invariant: a month lies within the years 1 to 9999, as instants do.

use novacore_vocab::{Timestamp, Window};
use std::fmt;

/// What the partition of a month is called before its digits.
const TABLE: &str = "usage_ledger_";

/// A calendar month in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    start: Timestamp,
}

impl Month {
    /// The month around an instant.
    pub fn at(instant: Timestamp) -> Month {
        Month { start: Window::Month.span_at(instant).start }
    }

    /// Reads `2025-01`.
    pub fn parse(text: &str) -> Option<Month> {
        let (year, month) = text.split_once('-')?;
        let is_number = |text: &str, digits| {
            text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !is_number(year, 4) || !is_number(month, 2) {
            return None;
        }
        let first: Timestamp = format!("{text}-01T00:00:00Z").parse().ok()?;
        Some(Month::at(first))
    }

    /// The month whose partition has this name.
    pub(super) fn of_table(name: &str) -> Option<Month> {
        let digits = name.strip_prefix(TABLE)?;
        let (year, month) = digits.split_at_checked(4)?;
        Month::parse(&format!("{year}-{month}"))
    }

    /// The month of a number such as 202501.
    pub(super) fn of_number(number: i32) -> Month {
        let text = format!("{:04}-{:02}", number / 100, number % 100);
        // Only what `number` made is stored.
        Month::parse(&text).unwrap_or(Month::at(Timestamp::MIN))
    }

    /// As it is stored: 202501.
    pub(super) fn number(self) -> i32 {
        self.digits().parse().unwrap_or_default()
    }

    /// Its first instant.
    pub fn start(self) -> Timestamp {
        self.start
    }

    /// The first instant after it.
    pub fn until(self) -> Timestamp {
        Window::Month.span_at(self.start).end
    }

    /// The month before.
    pub fn before(self) -> Month {
        Month::at(Timestamp::from_micros(self.start.micros() - 1))
    }

    /// The table with its entries, within the ledger or detached.
    pub fn table(self) -> String {
        format!("{TABLE}{}", self.digits())
    }

    fn digits(self) -> String {
        self.start.date().chars().filter(char::is_ascii_digit).take(6).collect()
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.start.date().get(..7).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_one_name_in_each_place() {
        let month = Month::parse("2025-01").unwrap();
        assert_eq!(month.to_string(), "2025-01");
        assert_eq!(month.table(), "usage_ledger_202501");
        assert_eq!(Month::of_table("usage_ledger_202501"), Some(month));
        assert_eq!((month.number(), Month::of_number(202_501)), (202_501, month));
        assert_eq!(month.before().to_string(), "2024-12");
        assert_eq!(month.until().to_string(), "2025-02-01T00:00:00Z");
    }

    #[test]
    fn what_is_no_month_is_none() {
        for text in ["2025-13", "2025-1", "202501", "2025-01-01", "", "-", "20é5-01", "+025-01"] {
            assert_eq!(Month::parse(text), None, "{text}");
        }
        for name in ["usage_ledger_other", "usage_ledger", "usage_ledger_2025010", "account"] {
            assert_eq!(Month::of_table(name), None, "{name}");
        }
    }
}
