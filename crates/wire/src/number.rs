//! Numbers as they look in JSON.

use novacore_vocab::{Amount, Percent};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::value::RawValue;
use utoipa::{PartialSchema, ToSchema};

/// An amount: a JSON number without fraction or exponent, within ±(2^53 - 1).
///
/// It is read from the raw text, since a JSON library would round `1e16` or take `5.0` for 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(value_type = i64, minimum = -9007199254740991i64, maximum = 9007199254740991i64)]
pub struct WireAmount(pub Amount);

const AMOUNT_SHAPE: &str = "must be a whole JSON number within ±9007199254740991";

impl<'de> Deserialize<'de> for WireAmount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<WireAmount, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        let whole: i64 = raw.get().parse().map_err(|_| D::Error::custom(AMOUNT_SHAPE))?;
        Amount::new(whole).map(WireAmount).map_err(|_| D::Error::custom(AMOUNT_SHAPE))
    }
}

/// A percentage, written as a number with at most two decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WirePercent(pub Percent);

impl Serialize for WirePercent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Hundredths of a per cent up to 2^53 are exact as a double, and the quotient prints as it
        // was meant.
        let hundredths = self.0.0 as f64;
        serializer.serialize_f64(hundredths / 100.0)
    }
}

impl PartialSchema for WirePercent {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        f64::schema()
    }
}

impl ToSchema for WirePercent {}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Option<i64> {
        serde_json::from_str::<WireAmount>(text).ok().map(|amount| amount.0.get())
    }

    #[test]
    fn only_whole_numbers_that_every_reader_keeps_are_amounts() {
        for (text, want) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("-5", Some(-5)),
            ("9007199254740991", Some(9_007_199_254_740_991)),
            ("-9007199254740991", Some(-9_007_199_254_740_991)),
            ("9007199254740992", None),
            ("99999999999999999999999", None),
            ("1.0", None),
            ("1.5", None),
            ("1e2", None),
            ("1e400", None),
            ("\"5\"", None),
            ("null", None),
            ("true", None),
            ("[5]", None),
        ] {
            assert_eq!(amount(text), want, "{text}");
        }
    }

    #[test]
    fn percentages_have_two_decimals() {
        for (hundredths, want) in [(8000, "80.0"), (3333, "33.33"), (10_400, "104.0"), (0, "0.0")] {
            let text = serde_json::to_string(&WirePercent(Percent(hundredths))).unwrap();
            assert_eq!(text, want);
        }
    }
}
