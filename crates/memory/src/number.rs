//! The fractions that callers attach to a memory.
//!
//! Invariant: finite, within its range, and zero has one sign; so values are totally ordered.

use crate::invalid::{Field, Flaw, Invalid};
use std::cmp::Ordering;

macro_rules! bounded_fraction {
    ($(#[$doc:meta])* $name:ident from $min:literal to $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name(f64);

        impl $name {
            /// Checks the number found in `field`.
            pub fn parse(raw: f64, field: Field) -> Result<$name, Invalid> {
                if (f64::from($min)..=f64::from($max)).contains(&raw) {
                    // Adding zero turns -0.0 into 0.0 and leaves all else as it is.
                    Ok($name(raw + 0.0))
                } else {
                    Err(Flaw::OutOfRange { min: $min, max: $max }.in_field(field))
                }
            }

            /// The plain number.
            pub const fn get(self) -> f64 {
                self.0
            }
        }

        impl Eq for $name {}

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &$name) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &$name) -> Ordering {
                self.0.total_cmp(&other.0)
            }
        }
    };
}

bounded_fraction!(
    /// How much a memory moved the user, from -1 (badly) to 1 (well).
    EmotionalWeight from -1 to 1
);
bounded_fraction!(
    /// How sure the application is of a memory, from 0 to 1; `confidence_score` on the wire.
    Confidence from 0 to 1
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_have_a_range_and_are_numbers() {
        for (raw, weight_ok, confidence_ok) in [
            (0.0, true, true),
            (1.0, true, true),
            (-1.0, true, false),
            (-1e-300, true, false),
            (1.0 + f64::EPSILON, false, false),
            (-1.0 - f64::EPSILON, false, false),
            (f64::NAN, false, false),
            (f64::INFINITY, false, false),
            (f64::NEG_INFINITY, false, false),
        ] {
            let weight = EmotionalWeight::parse(raw, Field::EmotionalWeight);
            assert_eq!(weight.is_ok(), weight_ok, "{raw}");
            assert_eq!(Confidence::parse(raw, Field::Confidence).is_ok(), confidence_ok, "{raw}");
        }
        let refusal = Confidence::parse(2.0, Field::MinConfidence).expect_err("too much");
        assert_eq!(refusal.field.to_string(), "min_confidence");
        assert_eq!(refusal.to_string(), "must be a number from 0 to 1");
    }

    #[test]
    fn zero_has_one_sign() {
        let zero = EmotionalWeight::parse(-0.0, Field::EmotionalWeight).expect("zero");
        assert!(zero.get().is_sign_positive());
    }
}
