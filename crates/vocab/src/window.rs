//! The windows over which a flow is summed, in UTC.

use crate::{Timestamp, instant::MICROS_PER_DAY};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A kind of window. Rolling and billing-month windows and users' own zones come with a later
/// issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// A clock hour.
    Hour,
    /// A calendar day.
    Day,
    /// A week from Monday.
    Week,
    /// A calendar month.
    Month,
    /// All time: the window of levels.
    Lifetime,
}

/// A half-open stretch of time, `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first instant inside.
    pub start: Timestamp,
    /// The first instant after.
    pub end: Timestamp,
}

impl Span {
    /// Whether `at` lies inside.
    pub fn contains(self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }
}

const MICROS_PER_HOUR: i64 = MICROS_PER_DAY / 24;
const MICROS_PER_WEEK: i64 = 7 * MICROS_PER_DAY;
/// 1970-01-05 was the first Monday after the epoch.
const MONDAY_OFFSET: i64 = 4 * MICROS_PER_DAY;

impl Window {
    /// Every kind, in the order of their stored discriminants.
    pub const ALL: [Window; 5] =
        [Window::Hour, Window::Day, Window::Week, Window::Month, Window::Lifetime];

    /// The window of this kind that contains `at`.
    pub fn span_at(self, at: Timestamp) -> Span {
        match self {
            Window::Hour => fixed_span(at, MICROS_PER_HOUR, 0),
            Window::Day => fixed_span(at, MICROS_PER_DAY, 0),
            Window::Week => fixed_span(at, MICROS_PER_WEEK, MONDAY_OFFSET),
            Window::Month => month_span(at),
            Window::Lifetime => Span { start: Timestamp::MIN, end: Timestamp::MAX },
        }
    }

    /// When the window that contains `at` ends; `None` if it never does.
    pub fn resets_at(self, at: Timestamp) -> Option<Timestamp> {
        match self {
            Window::Hour | Window::Day | Window::Week | Window::Month => Some(self.span_at(at).end),
            Window::Lifetime => None,
        }
    }

    /// The word used in configuration and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Window::Hour => "hour",
            Window::Day => "day",
            Window::Week => "week",
            Window::Month => "month",
            Window::Lifetime => "lifetime",
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn fixed_span(at: Timestamp, micros: i64, offset: i64) -> Span {
    let start = (at.micros() - offset).div_euclid(micros) * micros + offset;
    Span { start: Timestamp::from_micros(start), end: Timestamp::from_micros(start + micros) }
}

/// Days-from-civil and back after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": on
/// the hot path of every decision, where a calendar library's general conversion showed in the
/// profile.
fn month_span(at: Timestamp) -> Span {
    let (year, month) = civil_month(at.day_number());
    let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    Span {
        start: Timestamp::from_day_number(first_day(year, month)),
        end: Timestamp::from_day_number(first_day(next_year, next_month)),
    }
}

fn civil_month(day_number: i64) -> (i64, i64) {
    let shifted = day_number + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month)
}

fn first_day(year: i64, month: i64) -> i64 {
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(window: Window, at: &str, start: &str, end: &str) {
        let span = window.span_at(at.parse().unwrap());
        assert_eq!((span.start.to_string(), span.end.to_string()), (start.into(), end.into()));
    }

    #[test]
    fn windows_are_calendar_stretches_in_utc() {
        use Window::*;
        check(Hour, "2026-11-24T07:40:00Z", "2026-11-24T07:00:00Z", "2026-11-24T08:00:00Z");
        check(Day, "2026-11-24T23:59:59.999999Z", "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z");
        check(Week, "2026-11-24T07:40:00Z", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z");
        check(Week, "2026-11-22T23:00:00Z", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z");
        check(Month, "2026-11-30T23:59:59Z", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z");
        check(Month, "2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z");
        check(Month, "2028-02-29T12:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z");
        assert_eq!(Lifetime.resets_at(Timestamp::from_seconds(0)), None);
    }

    #[test]
    fn every_month_agrees_with_the_calendar_library() {
        let start_of = |date: jiff::civil::Date| format!("{date}T00:00:00Z");
        for day in (-200_000..200_000).step_by(13) {
            let at = Timestamp::from_day_number(day);
            let first = at.date().parse::<jiff::civil::Date>().unwrap().first_of_month();
            let next = first.checked_add(jiff::Span::new().months(1)).unwrap();
            let span = Window::Month.span_at(at);
            assert_eq!(span.start.to_string(), start_of(first), "day {day}");
            assert_eq!(span.end.to_string(), start_of(next), "day {day}");
        }
    }
}
