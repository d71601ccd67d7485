//! How long a memory is kept: short, intermediate or long term; `tier` on the wire.
//!
//! Invariant: a memory lives in `[created, expires)`: at its expiry it is gone.
//! Invariant: terms are ordered by how long they last, and promotion only goes up.

use crate::invalid::{Field, Flaw, Invalid};
use novacore_vocab::Timestamp;

/// A term. Called `tier` by the public contract; a tier is a plan of limits in our own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Term {
    /// Short: one hour, not charged but bounded.
    Stm,
    /// Intermediate: seven days, charged.
    Itm,
    /// Long: until it is deleted, charged.
    Ltm,
}

const STM_LIFE_S: i64 = 3_600;
const ITM_LIFE_S: i64 = 7 * 86_400;

impl Term {
    /// Every term, in the order of their stored discriminants.
    pub const ALL: [Term; 3] = [Term::Stm, Term::Itm, Term::Ltm];

    /// The word used on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Term::Stm => "stm",
            Term::Itm => "itm",
            Term::Ltm => "ltm",
        }
    }

    /// Reads the word of the wire, found in `field`.
    pub fn parse(text: &str, field: Field) -> Result<Term, Invalid> {
        let found = Term::ALL.into_iter().find(|term| term.as_str() == text);
        found.ok_or(Flaw::UnknownWord { one_of: "stm, itm, ltm" }.in_field(field))
    }

    /// Whether its bytes count against the user's `memory_storage`.
    pub const fn is_charged(self) -> bool {
        match self {
            Term::Stm => false,
            Term::Itm | Term::Ltm => true,
        }
    }

    /// When a memory that enters this term at `at` is gone; `None` for never.
    pub const fn expiry_from(self, at: Timestamp) -> Option<Timestamp> {
        match self {
            Term::Stm => Some(at.plus_seconds(STM_LIFE_S)),
            Term::Itm => Some(at.plus_seconds(ITM_LIFE_S)),
            Term::Ltm => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_read_back_and_nothing_else_does() {
        for term in Term::ALL {
            assert_eq!(Term::parse(term.as_str(), Field::Term), Ok(term));
        }
        for bad in ["", "STM", "stm ", "mtm", "long"] {
            let refusal = Term::parse(bad, Field::TargetTerm).expect_err(bad);
            assert_eq!(refusal.field.to_string(), "target_tier");
            assert_eq!(refusal.to_string(), "must be one of stm, itm, ltm");
        }
    }

    #[test]
    fn a_term_says_how_long_and_whether_charged() {
        let at = Timestamp::from_seconds(1_000);
        let rows = Term::ALL.map(|term| (term.is_charged(), term.expiry_from(at)));
        let in_seconds = |seconds| Some(Timestamp::from_seconds(seconds));
        assert_eq!(rows, [(false, in_seconds(4_600)), (true, in_seconds(605_800)), (true, None)]);
        assert!(Term::Stm < Term::Itm && Term::Itm < Term::Ltm);
    }
}
