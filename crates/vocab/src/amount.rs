//! Whole amounts of a resource, and the percentages shown beside them.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The largest magnitude an amount or a counter may have: 2^53 - 1, so that every JSON reader keeps
/// it exact.
pub const AMOUNT_ABS_MAX: i64 = (1 << 53) - 1;

/// A signed whole amount of a resource (tokens, bytes, minutes), within ±[`AMOUNT_ABS_MAX`].
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "i64", into = "i64")]
pub struct Amount(i64);

/// An amount outside ±[`AMOUNT_ABS_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("amount {0} is outside ±9007199254740991")]
pub struct AmountError(pub i64);

impl Amount {
    /// Nothing.
    pub const ZERO: Amount = Amount(0);

    /// Accepts a number within ±[`AMOUNT_ABS_MAX`].
    pub const fn new(raw: i64) -> Result<Amount, AmountError> {
        if raw >= -AMOUNT_ABS_MAX && raw <= AMOUNT_ABS_MAX {
            Ok(Amount(raw))
        } else {
            Err(AmountError(raw))
        }
    }

    /// The plain number.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Whether this is zero.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, or `None` outside the range of amounts.
    pub const fn checked_add(self, other: Amount) -> Option<Amount> {
        // Two values of at most 53 bits cannot overflow an i64.
        match Amount::new(self.0 + other.0) {
            Ok(sum) => Some(sum),
            Err(_) => None,
        }
    }
}

impl TryFrom<i64> for Amount {
    type Error = AmountError;
    fn try_from(raw: i64) -> Result<Amount, AmountError> {
        Amount::new(raw)
    }
}

impl From<Amount> for i64 {
    fn from(amount: Amount) -> i64 {
        amount.0
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A percentage in hundredths: 8050 is 80.50 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent(pub i64);

impl Percent {
    /// Text with one decimal, rounded half up, without the sign: `80.5`.
    pub fn one_decimal(self) -> String {
        let tenths = (self.0 + 5).div_euclid(10);
        format!("{}.{}", tenths.div_euclid(10), tenths.rem_euclid(10))
    }
}

/// `part` of `whole` in hundredths of a per cent, rounded half up; a `whole` of 0 is 0 while `part`
/// is at most 0, else 100 %.
pub fn percent_of(part: i64, whole: i64) -> Percent {
    if whole <= 0 {
        return Percent(if part > 0 { 10_000 } else { 0 });
    }
    let scaled = i128::from(part) * 20_000 + i128::from(whole);
    let hundredths = scaled.div_euclid(2 * i128::from(whole));
    Percent(i64::try_from(hundredths).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_end_where_json_numbers_stop_being_exact() {
        assert!(Amount::new(AMOUNT_ABS_MAX).is_ok());
        assert_eq!(Amount::new(AMOUNT_ABS_MAX + 1), Err(AmountError(AMOUNT_ABS_MAX + 1)));
        assert!(Amount::new(-AMOUNT_ABS_MAX - 1).is_err());
        let most = Amount::new(AMOUNT_ABS_MAX).unwrap();
        assert_eq!(most.checked_add(Amount::new(1).unwrap()), None);
    }

    #[test]
    fn percentages_round_half_up_and_know_a_cap_of_zero() {
        for (part, whole, want) in [
            (800, 1000, 8000),
            (1, 3, 3333),
            (2, 3, 6667),
            (1040, 1000, 10_400),
            (0, 0, 0),
            (1, 0, 10_000),
            (AMOUNT_ABS_MAX, 1, AMOUNT_ABS_MAX.saturating_mul(10_000)),
        ] {
            assert_eq!(percent_of(part, whole), Percent(want), "{part} of {whole}");
        }
        assert_eq!(percent_of(85, 100).one_decimal(), "85.0");
        assert_eq!(percent_of(8547, 10_000).one_decimal(), "85.5");
    }
}
