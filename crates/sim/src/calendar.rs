//! The auditor's own calendar, UTC, in microseconds since the epoch.
//!
//! It adds up months instead of computing them, so that it cannot share a mistake with
//! `novacore_vocab::Window`.

use novacore_vocab::{Timestamp, Window};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;
const YEARS: usize = 130;
/// Days from 1970-01-01 to the first of each month until the end of 2099.
static MONTHS: [i64; YEARS * 12 + 1] = month_starts();

const fn month_starts() -> [i64; YEARS * 12 + 1] {
    let mut starts = [0; YEARS * 12 + 1];
    let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let (mut index, mut day) = (0, 0);
    while index < YEARS * 12 {
        starts[index] = day;
        let year = 1970 + index / 12;
        let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        day += lengths[index % 12] + if leap && index % 12 == 1 { 1 } else { 0 };
        index += 1;
    }
    starts[index] = day;
    starts
}

/// The number of the window of this kind around an instant; the next window's is one higher.
pub(crate) fn number(window: Window, at: i64) -> i64 {
    match window {
        Window::Hour => at.div_euclid(HOUR),
        Window::Day => at.div_euclid(DAY),
        // Day 0 was a Thursday, three days into its week.
        Window::Week => (at.div_euclid(DAY) + 3).div_euclid(7),
        Window::Month => {
            let day = at.div_euclid(DAY);
            MONTHS.partition_point(|start| *start <= day) as i64 - 1
        }
        Window::Lifetime => 0,
    }
}

/// The first instant of the window of this number; `None` for all time.
pub(crate) fn start(window: Window, number: i64) -> Option<i64> {
    match window {
        Window::Hour => Some(number * HOUR),
        Window::Day => Some(number * DAY),
        Window::Week => Some((number * 7 - 3) * DAY),
        Window::Month => Some(MONTHS[usize::try_from(number).ok()?] * DAY),
        Window::Lifetime => None,
    }
}

/// The first instant after the window around `at`; `None` for all time.
pub(crate) fn end(window: Window, at: i64) -> Option<Timestamp> {
    start(window, number(window, at) + 1).map(Timestamp::from_micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().micros()
    }

    #[test]
    fn windows_end_where_people_expect() {
        for (window, inside, next) in [
            (Window::Hour, "2026-11-24T07:40:00Z", "2026-11-24T08:00:00Z"),
            (Window::Day, "2026-11-24T23:59:59.999999Z", "2026-11-25T00:00:00Z"),
            (Window::Week, "2026-11-22T23:00:00Z", "2026-11-23T00:00:00Z"),
            (Window::Week, "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"),
            (Window::Month, "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"),
            (Window::Month, "2028-02-29T12:00:00Z", "2028-03-01T00:00:00Z"),
            (Window::Month, "2027-02-28T12:00:00Z", "2027-03-01T00:00:00Z"),
        ] {
            let end = end(window, at(inside)).unwrap();
            assert_eq!(end, next.parse().unwrap(), "{window} around {inside}");
            assert_eq!(number(window, end.micros()), number(window, at(inside)) + 1);
        }
        assert_eq!(end(Window::Lifetime, 0), None);
    }
}
