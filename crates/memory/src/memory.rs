//! A memory, and how it comes to be, lives on, and is promoted.
//!
//! Invariant: `expires_at` is that of the term, counted from when the memory entered it; nothing
//! but a promotion moves it.
//! Invariant: the number of dimensions stays what it was at first, so the size changes with what
//! the caller changes and with nothing else.
//! Invariant: each change raises the revision by one and never turns `changed_at` back.
//! Not here: changes of the content (`patch`), what a memory counts (`size`).

use crate::content::Content;
use crate::embedding::Dims;
use crate::filter::Facts;
use crate::invalid::Field;
use crate::term::Term;
use novacore_vocab::{MemoryId, Timestamp};
use thiserror::Error;

/// What an application stored for its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Its id.
    pub id: MemoryId,
    /// How long it is kept.
    pub term: Term,
    /// What it says.
    pub content: Content,
    /// The dimensions of embeddings as configured when it was stored.
    pub dims: Dims,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it was last changed; equal to `created_at` until then.
    pub changed_at: Timestamp,
    /// From when on it is gone; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// How often it was read, and when last.
    pub access: Access,
    /// Its last promotion.
    pub promoted: Option<Promotion>,
    /// Counts its changes, from 1. Being read is no change.
    pub revision: u64,
}

/// How often a memory was read, and when last.
///
/// Kept without a write per read: reads are counted elsewhere and added in any order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Access {
    /// How often; `access_count` on the wire.
    pub count: u64,
    /// When last; `last_accessed_at` on the wire.
    pub last_at: Option<Timestamp>,
}

/// From which term a memory rose to the one it is in, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Promotion {
    /// The term before.
    pub from: Term,
    /// When.
    pub at: Timestamp,
}

/// A change that a memory does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ChangeError {
    /// It is gone, though its row may still be there; to callers, there is no such memory.
    #[error("the memory has expired")]
    Expired {
        /// When.
        at: Timestamp,
    },
    /// It is in this term already.
    #[error("the memory is {} already", .term.as_str())]
    SameTerm {
        /// The term.
        term: Term,
    },
    /// The target is shorter than what it has: promotion only goes up.
    #[error("a memory that is {} cannot become {}", .from.as_str(), .to.as_str())]
    LowerTerm {
        /// The term it is in.
        from: Term,
        /// The term asked for.
        to: Term,
    },
}

impl ChangeError {
    /// The field of the request that is wrong, if it is one.
    pub const fn field(&self) -> Option<Field> {
        match self {
            ChangeError::Expired { .. } => None,
            ChangeError::SameTerm { .. } | ChangeError::LowerTerm { .. } => Some(Field::TargetTerm),
        }
    }
}

impl Access {
    /// These reads and `others`, whichever came first.
    pub fn plus(self, others: Access) -> Access {
        Access {
            count: self.count.saturating_add(others.count),
            last_at: self.last_at.max(others.last_at),
        }
    }
}

impl Memory {
    /// A memory stored at `now`.
    pub fn new(id: MemoryId, term: Term, content: Content, dims: Dims, now: Timestamp) -> Memory {
        Memory {
            id,
            term,
            content,
            dims,
            created_at: now,
            changed_at: now,
            expires_at: term.expiry_from(now),
            access: Access::default(),
            promoted: None,
            revision: 1,
        }
    }

    /// Whether it is still there at `now`: strictly before its expiry.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expires_at| now < expires_at)
    }

    /// Refuses if it is gone at `now`.
    pub fn check_live(&self, now: Timestamp) -> Result<(), ChangeError> {
        match self.expires_at {
            Some(at) if at <= now => Err(ChangeError::Expired { at }),
            Some(_) | None => Ok(()),
        }
    }

    /// This memory in a longer term, in which its life begins anew.
    pub fn promote(&self, target: Term, now: Timestamp) -> Result<Memory, ChangeError> {
        self.check_live(now)?;
        if target == self.term {
            return Err(ChangeError::SameTerm { term: target });
        }
        if target < self.term {
            return Err(ChangeError::LowerTerm { from: self.term, to: target });
        }
        Ok(Memory {
            term: target,
            expires_at: target.expiry_from(now),
            promoted: Some(Promotion { from: self.term, at: now }),
            ..self.changed(now)
        })
    }

    /// What a filter looks at.
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            term: self.term,
            kind: self.content.kind,
            tags: self.content.tags.as_slice(),
            session: self.content.session.as_ref(),
            created_at: self.created_at,
            confidence: self.content.confidence,
        }
    }

    /// A copy that notes a change at `now`.
    pub(crate) fn changed(&self, now: Timestamp) -> Memory {
        Memory {
            changed_at: self.changed_at.max(now),
            revision: self.revision.saturating_add(1),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Draft;

    const HOUR_S: i64 = 3_600;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn memory(term: Term) -> Memory {
        let draft = Draft { kind: "task".into(), input: "in".into(), ..Draft::default() };
        let id = "00000000-0000-7000-8000-000000000001".parse().expect("a UUID");
        let dims = Dims::new(384).expect("a dimension");
        Memory::new(id, term, draft.check().expect("a valid draft"), dims, at(0))
    }

    #[test]
    fn a_memory_lives_until_just_before_its_expiry() {
        let instant = |micros| Timestamp::from_micros(micros);
        for (term, end) in [(Term::Stm, HOUR_S), (Term::Itm, 7 * 24 * HOUR_S)] {
            let memory = memory(term);
            let end_micros = end * 1_000_000;
            assert!(memory.is_live(at(0)));
            assert!(memory.is_live(instant(end_micros - 1)));
            assert!(!memory.is_live(instant(end_micros)));
            assert_eq!(memory.check_live(instant(end_micros - 1)), Ok(()));
            assert_eq!(memory.check_live(at(end)), Err(ChangeError::Expired { at: at(end) }));
        }
        assert!(memory(Term::Ltm).is_live(Timestamp::MAX));
    }

    #[test]
    fn promotion_goes_up_and_begins_the_life_of_the_term() {
        let rises = [(Term::Stm, Term::Itm), (Term::Stm, Term::Ltm), (Term::Itm, Term::Ltm)];
        for (from, to) in rises {
            let before = memory(from);
            let after = before.promote(to, at(60)).expect("a rise");
            let want = Memory {
                term: to,
                changed_at: at(60),
                expires_at: to.expiry_from(at(60)),
                promoted: Some(Promotion { from, at: at(60) }),
                revision: 2,
                ..before
            };
            assert_eq!(after, want);
        }
    }

    #[test]
    fn promotion_to_the_same_or_a_shorter_term_is_refused() {
        for from in Term::ALL {
            for to in Term::ALL.into_iter().filter(|to| *to <= from) {
                let want = if from == to {
                    ChangeError::SameTerm { term: from }
                } else {
                    ChangeError::LowerTerm { from, to }
                };
                let refusal = memory(from).promote(to, at(60)).expect_err("no rise");
                assert_eq!(refusal, want);
                assert_eq!(
                    refusal.field().map(|field| field.to_string()).as_deref(),
                    Some("target_tier")
                );
            }
        }
        assert_eq!(
            memory(Term::Ltm).promote(Term::Stm, at(60)).map_err(|refusal| refusal.to_string()),
            Err("a memory that is ltm cannot become stm".to_owned())
        );
    }

    #[test]
    fn what_is_gone_cannot_be_promoted() {
        let refusal = memory(Term::Stm).promote(Term::Ltm, at(HOUR_S));
        assert_eq!(refusal, Err(ChangeError::Expired { at: at(HOUR_S) }));
    }

    #[test]
    fn a_clock_that_steps_back_does_not_turn_the_last_change_back() {
        let later = memory(Term::Stm).promote(Term::Itm, at(60)).expect("a rise");
        let latest = later.promote(Term::Ltm, at(50)).expect("a rise");
        assert_eq!((latest.changed_at, latest.revision), (at(60), 3));
    }

    #[test]
    fn reads_add_up_in_any_order() {
        let reads = |count, last_at| Access { count, last_at };
        let early = reads(2, Some(at(5)));
        let late = reads(3, Some(at(9)));
        assert_eq!(early.plus(late), reads(5, Some(at(9))));
        assert_eq!(late.plus(early), early.plus(late));
        assert_eq!(Access::default().plus(early), early);
        assert_eq!(reads(u64::MAX, None).plus(early).count, u64::MAX);
    }
}
