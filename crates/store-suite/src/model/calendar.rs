//! Windows by counting years, months and days, as one would with a paper calendar.

use novacore_vocab::{Timestamp, Window};

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;

const fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

const fn days_in(year: i64, month: usize) -> i64 {
    const DAYS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    if month == 1 && is_leap(year) { 29 } else { DAYS[month] }
}

/// First and last-plus-one day of the month of a day since 1970-01-01; for days from then on.
fn month_days(day: i64) -> (i64, i64) {
    let mut first = 0;
    for year in 1970.. {
        for month in 0..12 {
            let next = first + days_in(year, month);
            if day < next {
                return (first, next);
            }
            first = next;
        }
    }
    unreachable!("every day lies in some month")
}

/// First and last-plus-one microsecond of the window of a kind around an instant after 1970; `None`
/// is all time.
pub(super) fn bounds(window: Window, at: Timestamp) -> Option<(i64, i64)> {
    let micros = at.micros();
    let day = micros / DAY;
    match window {
        Window::Hour => Some((micros / HOUR * HOUR, (micros / HOUR + 1) * HOUR)),
        Window::Day => Some((day * DAY, (day + 1) * DAY)),
        Window::Week => {
            // 1970-01-01 was a Thursday.
            let monday = (0..7).map(|back| day - back).find(|day| (day + 3) % 7 == 0);
            let monday = monday.expect("one day in seven is a Monday");
            Some((monday * DAY, (monday + 7) * DAY))
        }
        Window::Month => {
            let (first, next) = month_days(day);
            Some((first * DAY, next * DAY))
        }
        Window::Lifetime => None,
    }
}

/// Whether two instants lie in the same window of a kind.
pub(super) fn same(window: Window, one: Timestamp, other: Timestamp) -> bool {
    bounds(window, one).is_none_or(|(start, end)| start <= other.micros() && other.micros() < end)
}

/// Whether `at` lies in the window of `now` or in the one before.
pub(super) fn is_recent(window: Window, at: Timestamp, now: Timestamp) -> bool {
    let before = |start: i64| same(window, at, Timestamp::from_micros(start - 1));
    same(window, at, now) || bounds(window, now).is_some_and(|(start, _)| before(start))
}

/// When the window around an instant ends.
pub(super) fn end(window: Window, at: Timestamp) -> Option<Timestamp> {
    bounds(window, at).map(|(_, end)| Timestamp::from_micros(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paper_calendar_agrees_with_known_dates() {
        for (window, at, start, end) in [
            (Window::Hour, "2026-11-24T07:40:00Z", "2026-11-24T07:00:00Z", "2026-11-24T08:00:00Z"),
            (Window::Day, "2026-11-24T07:40:00Z", "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z"),
            (Window::Week, "2026-11-22T23:00:00Z", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"),
            (Window::Week, "2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"),
            (Window::Month, "2028-02-29T12:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"),
            (Window::Month, "2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ] {
            let micros = |text: &str| text.parse::<Timestamp>().unwrap().micros();
            let found = bounds(window, at.parse().unwrap());
            assert_eq!(found, Some((micros(start), micros(end))), "{window} {at}");
        }
        assert_eq!(bounds(Window::Lifetime, Timestamp::from_seconds(5)), None);
    }
}
