//! Which memories a search, a list or a forgetting is about.
//!
//! Invariant: every condition that is set has to hold; an empty list sets none.
//! Not here: whose memories. Every store looks at one user's rows and at no others. Nor whether a
//! memory has expired, which is no choice of the caller's ([`crate::Memory::is_live`]).

use crate::invalid::{Field, Flaw, Invalid};
use crate::kind::Kind;
use crate::number::Confidence;
use crate::tag::{Tag, Tags};
use crate::term::Term;
use crate::text::SessionName;
use novacore_vocab::Timestamp;

/// Conditions on a memory.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Filter {
    /// Of this term.
    pub term: Option<Term>,
    /// Of one of these kinds.
    pub kinds: Vec<Kind>,
    /// With all of these tags.
    pub tags_all: Tags,
    /// With at least one of these tags.
    pub tags_any: Tags,
    /// Of this session.
    pub session: Option<SessionName>,
    /// Stored within this range.
    pub created: CreatedRange,
    /// With at least this confidence. A memory that states none is left out: nobody said that it
    /// reaches any.
    pub min_confidence: Option<Confidence>,
}

/// A range of time, `[from, to)`, open on a side that is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct CreatedRange {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl CreatedRange {
    /// Refuses a range that ends before or where it begins.
    pub fn new(from: Option<Timestamp>, to: Option<Timestamp>) -> Result<CreatedRange, Invalid> {
        match (from, to) {
            (Some(from), Some(to)) if to <= from => {
                Err(Flaw::RangeEmpty.in_field(Field::CreatedTo))
            }
            _ => Ok(CreatedRange { from, to }),
        }
    }

    /// The first instant inside.
    pub const fn from(self) -> Option<Timestamp> {
        self.from
    }

    /// The first instant after.
    pub const fn to(self) -> Option<Timestamp> {
        self.to
    }

    /// Whether `at` lies inside.
    pub fn contains(self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }
}

/// What a filter looks at; a store need not read a memory's texts for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts<'m> {
    /// Its term.
    pub term: Term,
    /// Its kind.
    pub kind: Kind,
    /// Its tags.
    pub tags: &'m [Tag],
    /// Its session.
    pub session: Option<&'m SessionName>,
    /// When it was stored.
    pub created_at: Timestamp,
    /// Its confidence.
    pub confidence: Option<Confidence>,
}

impl Filter {
    /// Whether a memory with these facts is meant.
    pub fn matches(&self, facts: &Facts<'_>) -> bool {
        let has = |tag| facts.tags.contains(tag);
        self.term.is_none_or(|term| term == facts.term)
            && (self.kinds.is_empty() || self.kinds.contains(&facts.kind))
            && self.session.as_ref().is_none_or(|session| Some(session) == facts.session)
            && self.created.contains(facts.created_at)
            && self.min_confidence.is_none_or(|least| facts.confidence >= Some(least))
            && self.tags_all.as_slice().iter().all(has)
            && (self.tags_any.is_empty() || self.tags_any.as_slice().iter().any(has))
    }

    /// Whether it sets no condition, so that every memory is meant; to forget all of them should be
    /// said in so many words.
    pub fn is_everything(&self) -> bool {
        *self == Filter::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(tags: &[&str]) -> Tags {
        Tags::parse(tags.iter().map(|tag| (*tag).to_owned()).collect()).expect("valid tags")
    }

    fn session(name: &str) -> Option<SessionName> {
        Some(SessionName::parse(name).expect("a valid name"))
    }

    fn confidence(raw: f64) -> Option<Confidence> {
        Some(Confidence::parse(raw, Field::MinConfidence).expect("within range"))
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn created(from: Option<i64>, to: Option<i64>) -> CreatedRange {
        CreatedRange::new(from.map(at), to.map(at)).expect("a range")
    }

    /// Against an itm task of session `s`, tagged a and b, stored at 100, confidence 0.5.
    fn check(filter: Filter, want: bool) {
        let (tags, session) = (tags(&["a", "b"]), session("s"));
        let facts = Facts {
            term: Term::Itm,
            kind: Kind::Task,
            tags: tags.as_slice(),
            session: session.as_ref(),
            created_at: at(100),
            confidence: confidence(0.5),
        };
        assert_eq!(filter.matches(&facts), want, "{filter:?}");
    }

    #[test]
    fn every_condition_that_is_set_has_to_hold() {
        let all = Filter::default;
        check(all(), true);
        for (filter, want) in [
            (Filter { term: Some(Term::Itm), ..all() }, true),
            (Filter { term: Some(Term::Ltm), ..all() }, false),
            (Filter { kinds: vec![Kind::Error, Kind::Task], ..all() }, true),
            (Filter { kinds: vec![Kind::Error], ..all() }, false),
            (Filter { tags_all: tags(&["b", "a"]), ..all() }, true),
            (Filter { tags_all: tags(&["a", "c"]), ..all() }, false),
            (Filter { tags_all: tags(&["A"]), ..all() }, false),
            (Filter { tags_any: tags(&["c", "a"]), ..all() }, true),
            (Filter { tags_any: tags(&["c"]), ..all() }, false),
            (Filter { tags_any: tags(&["a"]), tags_all: tags(&["c"]), ..all() }, false),
            (Filter { session: session("s"), ..all() }, true),
            (Filter { session: session("t"), ..all() }, false),
            (Filter { created: created(Some(100), Some(101)), ..all() }, true),
            (Filter { created: created(Some(101), None), ..all() }, false),
            (Filter { created: created(None, Some(100)), ..all() }, false),
            (Filter { min_confidence: confidence(0.5), ..all() }, true),
            (Filter { min_confidence: confidence(0.51), ..all() }, false),
        ] {
            check(filter.clone(), want);
            assert!(!filter.is_everything());
            let and_more = Filter { term: Some(Term::Stm), ..filter };
            check(and_more, false);
        }
        assert!(all().is_everything());
    }

    #[test]
    fn a_memory_that_states_nothing_meets_no_condition_on_it() {
        let facts = Facts {
            term: Term::Ltm,
            kind: Kind::Lesson,
            tags: &[],
            session: None,
            created_at: at(0),
            confidence: None,
        };
        let all = Filter::default;
        assert!(all().matches(&facts));
        assert!(!Filter { min_confidence: confidence(0.0), ..all() }.matches(&facts));
        assert!(!Filter { session: session("s"), ..all() }.matches(&facts));
        assert!(!Filter { tags_any: tags(&["a"]), ..all() }.matches(&facts));
    }

    #[test]
    fn a_range_ends_after_it_begins() {
        for (from, to) in [(5, 5), (5, 4)] {
            let refusal = CreatedRange::new(Some(at(from)), Some(at(to)));
            assert_eq!(refusal, Err(Flaw::RangeEmpty.in_field(Field::CreatedTo)));
        }
        let range = created(Some(5), Some(6));
        assert_eq!((range.from(), range.to()), (Some(at(5)), Some(at(6))));
    }
}
