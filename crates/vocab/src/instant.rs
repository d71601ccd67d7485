//! Instants of time, in whole microseconds UTC.

use jiff::{Timestamp as Jiff, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(i64);

/// Text that is not an RFC 3339 time.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("not an RFC 3339 time")]
pub struct TimestampError;

const MICROS_PER_MILLI: i64 = 1_000;
const MICROS_PER_SECOND: i64 = 1_000_000;
/// Microseconds in a day without leap seconds.
pub(crate) const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

impl Timestamp {
    /// Before every instant that the ledger records.
    pub const MIN: Timestamp = Timestamp(-62_135_596_800 * MICROS_PER_SECOND);
    /// After every instant that the ledger records (the year 9999).
    pub const MAX: Timestamp = Timestamp(253_402_207_200 * MICROS_PER_SECOND);

    /// From microseconds since the epoch, clamped to the years 1..=9999.
    pub const fn from_micros(micros: i64) -> Timestamp {
        if micros < Timestamp::MIN.0 {
            Timestamp::MIN
        } else if micros > Timestamp::MAX.0 {
            Timestamp::MAX
        } else {
            Timestamp(micros)
        }
    }

    /// From milliseconds since the epoch, clamped likewise.
    pub const fn from_millis(millis: i64) -> Timestamp {
        Timestamp::from_micros(millis.saturating_mul(MICROS_PER_MILLI))
    }

    /// From seconds since the epoch, clamped likewise.
    pub const fn from_seconds(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds.saturating_mul(MICROS_PER_SECOND))
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since the epoch, rounded down.
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(MICROS_PER_MILLI)
    }

    /// Seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// This instant moved by `seconds`, clamped.
    pub const fn plus_seconds(self, seconds: i64) -> Timestamp {
        Timestamp::from_micros(self.0.saturating_add(seconds.saturating_mul(MICROS_PER_SECOND)))
    }

    /// This instant moved by whole days of 24 hours, clamped.
    pub const fn plus_days(self, days: i64) -> Timestamp {
        self.plus_seconds(days.saturating_mul(86_400))
    }

    /// Whole seconds from this instant until `later`, rounded up, at least 0.
    pub const fn seconds_until_ceil(self, later: Timestamp) -> i64 {
        let micros = later.0 - self.0;
        if micros <= 0 { 0 } else { (micros + MICROS_PER_SECOND - 1) / MICROS_PER_SECOND }
    }

    /// Days since the epoch, UTC.
    pub const fn day_number(self) -> i64 {
        self.0.div_euclid(MICROS_PER_DAY)
    }

    /// The start of day `number` since the epoch, UTC.
    pub const fn from_day_number(number: i64) -> Timestamp {
        Timestamp::from_micros(number.saturating_mul(MICROS_PER_DAY))
    }

    /// The UTC calendar date, `2026-11-24`.
    pub fn date(self) -> String {
        self.civil().date().to_string()
    }

    fn civil(self) -> jiff::civil::DateTime {
        TimeZone::UTC.to_datetime(self.jiff())
    }

    fn jiff(self) -> Jiff {
        Jiff::from_microsecond(self.0).expect("clamped to the years that jiff knows")
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with as many decimals as needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.jiff().fmt(f)
    }
}

impl std::str::FromStr for Timestamp {
    type Err = TimestampError;
    /// Accepts RFC 3339; digits below a microsecond are dropped.
    fn from_str(text: &str) -> Result<Timestamp, TimestampError> {
        let parsed: Jiff = text.parse().map_err(|_| TimestampError)?;
        Ok(Timestamp::from_micros(parsed.as_microsecond()))
    }
}

impl TryFrom<String> for Timestamp {
    type Error = TimestampError;
    fn try_from(text: String) -> Result<Timestamp, TimestampError> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(at: Timestamp) -> String {
        at.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_and_write_as_rfc_3339() {
        let at: Timestamp = "2026-11-24T07:40:00.25+01:00".parse().unwrap();
        assert_eq!(at.to_string(), "2026-11-24T06:40:00.25Z");
        assert_eq!(at.date(), "2026-11-24");
        assert_eq!(Timestamp::from_day_number(at.day_number()).to_string(), "2026-11-24T00:00:00Z");
        for bad in ["", "2026-11-24", "yesterday", "2026-13-01T00:00:00Z"] {
            assert_eq!(bad.parse::<Timestamp>(), Err(TimestampError), "{bad}");
        }
    }

    #[test]
    fn the_ends_of_time_can_be_printed() {
        assert_eq!(Timestamp::from_micros(i64::MIN), Timestamp::MIN);
        assert_eq!(Timestamp::from_seconds(i64::MAX), Timestamp::MAX);
        assert!(Timestamp::MAX.to_string().starts_with("9999-"));
        assert!(Timestamp::MIN.to_string().starts_with("0001-"));
    }

    #[test]
    fn waiting_times_round_up() {
        let at = Timestamp::from_micros(1);
        assert_eq!(at.seconds_until_ceil(Timestamp::from_micros(2)), 1);
        assert_eq!(at.seconds_until_ceil(Timestamp::from_micros(1)), 0);
        assert_eq!(at.seconds_until_ceil(Timestamp::from_seconds(60)), 60);
    }
}
