//! What an application should have in mind: parts of a user's memory, chosen for a conversation.
//!
//! Short term: what was stored in this session, newest first. Intermediate: what is read most, then
//! what was read last. Long term: what is relevant to the query, above a floor; without a query,
//! what is newest.
//!
//! Invariant: no memory and no text is there twice; the shorter term has it, since it is the closer
//! to the conversation.
//! Invariant: what has expired, and short-term memory of other sessions, is not there, whatever
//! candidates are given.
//! Invariant: the outcome depends on which candidates there are, not on their order.

use crate::hit::Score;
use crate::memory::Memory;
use crate::term::Term;
use crate::text::{SessionName, Text};
use novacore_vocab::{MemoryId, Timestamp};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// The cosine below which a long-term memory has nothing to do with a query.
///
/// Of the default model, related texts have 0.25 to 0.67 and unrelated ones stay below 0.1.
pub const RELEVANCE_FLOOR: f64 = 0.25;

/// What a context is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ContextAsk<'a> {
    /// The conversation. Without one there is no short-term part: what was said elsewhere an hour
    /// ago is not what this one is about.
    pub session: Option<&'a SessionName>,
    /// Most memories in each part.
    pub limit: usize,
    /// How long-term memory is chosen.
    pub ltm: LtmOrder,
    /// The time; what has expired by then is left out.
    pub now: Timestamp,
}

/// How long-term memory is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LtmOrder {
    /// The most relevant, of those that reach the floor. What has no score is left out.
    Relevance {
        /// The least score that will do: [`RELEVANCE_FLOOR`] for cosines. Scores of words are above
        /// zero wherever a word was found, so there any floor up to zero takes them all.
        floor: Score,
    },
    /// The newest.
    Recency,
}

impl LtmOrder {
    /// The most relevant by the cosine to a query.
    pub fn by_meaning() -> LtmOrder {
        LtmOrder::Relevance { floor: Score::new(RELEVANCE_FLOOR).expect("a finite constant") }
    }
}

/// A memory that may become part of a context.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate<'m> {
    /// The memory.
    pub memory: &'m Memory,
    /// How relevant it is to the query, if there is one and it was scored.
    pub relevance: Option<Score>,
}

/// The parts of a context, each best first.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Context<'m> {
    /// Short term.
    pub stm: Vec<Candidate<'m>>,
    /// Intermediate.
    pub itm: Vec<Candidate<'m>>,
    /// Long term.
    pub ltm: Vec<Candidate<'m>>,
}

/// Chooses from `candidates`, which may be more than will be taken, of any term and in any order.
///
/// A store need not hand over all memories of a user: per part somewhat more than the limit, in the
/// part's order, leaves room for texts that are there twice.
pub fn assemble<'m>(candidates: &[Candidate<'m>], ask: &ContextAsk<'_>) -> Context<'m> {
    let mut live: Vec<Candidate<'m>> = candidates.to_vec();
    live.retain(|candidate| candidate.memory.is_live(ask.now));
    let of_term = |term| live.iter().copied().filter(move |one| one.memory.term == term);

    let mut stm: Vec<Candidate<'m>> = of_term(Term::Stm)
        .filter(|one| ask.session.is_some() && one.memory.content.session.as_ref() == ask.session)
        .collect();
    stm.sort_by_key(newest_first);
    let mut itm: Vec<Candidate<'m>> = of_term(Term::Itm).collect();
    itm.sort_by_key(|one| {
        let access = one.memory.access;
        (Reverse((access.count, access.last_at)), newest_first(one))
    });
    let mut ltm: Vec<Candidate<'m>> = of_term(Term::Ltm).collect();
    match ask.ltm {
        LtmOrder::Recency => ltm.sort_by_key(newest_first),
        LtmOrder::Relevance { floor } => {
            ltm.retain(|one| one.relevance >= Some(floor));
            ltm.sort_by_key(|one| (Reverse(one.relevance), newest_first(one)));
        }
    }

    let mut taken = Taken::default();
    Context {
        stm: taken.first_of(stm, ask.limit),
        itm: taken.first_of(itm, ask.limit),
        ltm: taken.first_of(ltm, ask.limit),
    }
}

fn newest_first(candidate: &Candidate<'_>) -> (Reverse<Timestamp>, MemoryId) {
    (Reverse(candidate.memory.created_at), candidate.memory.id)
}

/// What is part of the context already.
#[derive(Default)]
struct Taken<'m> {
    ids: BTreeSet<MemoryId>,
    texts: BTreeSet<(&'m str, &'m str)>,
}

impl<'m> Taken<'m> {
    /// The first `limit` of `ranked` that are not there yet.
    fn first_of(&mut self, ranked: Vec<Candidate<'m>>, limit: usize) -> Vec<Candidate<'m>> {
        ranked.into_iter().filter(|candidate| self.is_new(candidate)).take(limit).collect()
    }

    fn is_new(&mut self, candidate: &Candidate<'m>) -> bool {
        let content = &candidate.memory.content;
        let text = (content.input.as_str(), content.output.as_ref().map_or("", Text::as_str));
        self.ids.insert(candidate.memory.id) && self.texts.insert(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{content::Draft, embedding::Dims, memory::Access};

    const HOUR_S: i64 = 3_600;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn session(name: &str) -> SessionName {
        SessionName::parse(name).expect("a valid name")
    }

    fn memory(number: u128, term: Term, input: &str, second: i64) -> Memory {
        let draft = Draft {
            kind: "conversation".into(),
            input: input.into(),
            session: Some("s".into()),
            ..Draft::default()
        };
        let id = format!("{number:032x}").parse().expect("a UUID");
        let dims = Dims::new(384).expect("a dimension");
        Memory::new(id, term, draft.check().expect("a valid draft"), dims, at(second))
    }

    fn read(memory: Memory, count: u64, last: i64) -> Memory {
        Memory { access: Access { count, last_at: Some(at(last)) }, ..memory }
    }

    fn scored(memory: &Memory, relevance: f64) -> Candidate<'_> {
        Candidate { memory, relevance: Score::new(relevance) }
    }

    fn inputs<'m>(part: &[Candidate<'m>]) -> Vec<&'m str> {
        part.iter().map(|candidate| candidate.memory.content.input.as_str()).collect()
    }

    fn ask(session: Option<&SessionName>, limit: usize, ltm: LtmOrder) -> ContextAsk<'_> {
        ContextAsk { session, limit, ltm, now: at(100) }
    }

    #[test]
    fn each_part_has_its_order() {
        let memories = [
            memory(1, Term::Stm, "older", 10),
            memory(2, Term::Stm, "newer", 20),
            read(memory(3, Term::Itm, "read once, just now", 5), 1, 99),
            read(memory(4, Term::Itm, "read often, long ago", 6), 9, 7),
            read(memory(5, Term::Itm, "read often, just now", 7), 9, 98),
            memory(6, Term::Itm, "never read", 90),
            memory(7, Term::Ltm, "early and apt", 1),
            memory(8, Term::Ltm, "late and apt", 2),
            memory(9, Term::Ltm, "latest and beside the point", 3),
            memory(10, Term::Ltm, "not scored yet", 4),
        ];
        let relevance = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.9, 0.25, 0.249, f64::NAN];
        let rows = memories.iter().zip(relevance);
        let candidates: Vec<Candidate> =
            rows.map(|(memory, score)| scored(memory, score)).collect();
        let name = session("s");

        let context = assemble(&candidates, &ask(Some(&name), 10, LtmOrder::by_meaning()));
        assert_eq!(inputs(&context.stm), ["newer", "older"]);
        assert_eq!(
            inputs(&context.itm),
            ["read often, just now", "read often, long ago", "read once, just now", "never read",]
        );
        assert_eq!(inputs(&context.ltm), ["early and apt", "late and apt"]);

        let context = assemble(&candidates, &ask(Some(&name), 2, LtmOrder::Recency));
        assert_eq!(inputs(&context.stm), ["newer", "older"]);
        assert_eq!(inputs(&context.itm), ["read often, just now", "read often, long ago"]);
        assert_eq!(inputs(&context.ltm), ["not scored yet", "latest and beside the point"]);
    }

    #[test]
    fn what_has_expired_or_was_said_elsewhere_is_left_out() {
        let live = memory(1, Term::Stm, "live", 100 - HOUR_S + 1);
        let gone = memory(2, Term::Stm, "gone", 100 - HOUR_S);
        let candidates = [&live, &gone].map(|memory| scored(memory, 0.0));
        let (here, elsewhere) = (session("s"), session("other"));
        for (session, want) in [(Some(&here), &["live"][..]), (Some(&elsewhere), &[]), (None, &[])]
        {
            let context = assemble(&candidates, &ask(session, 10, LtmOrder::Recency));
            assert_eq!(inputs(&context.stm), want);
        }
    }

    #[test]
    fn nothing_is_there_twice_and_the_shorter_term_has_it() {
        let memories = [
            memory(1, Term::Stm, "same", 10),
            memory(2, Term::Itm, "same", 20),
            memory(3, Term::Itm, "other", 20),
            memory(4, Term::Ltm, "other", 30),
            memory(5, Term::Ltm, "own", 30),
        ];
        let mut candidates: Vec<Candidate> =
            memories.iter().map(|memory| scored(memory, 0.5)).collect();
        candidates.extend_from_within(..);
        let name = session("s");
        // The limit counts what is left after that.
        let context = assemble(&candidates, &ask(Some(&name), 1, LtmOrder::by_meaning()));
        assert_eq!(inputs(&context.stm), ["same"]);
        assert_eq!(inputs(&context.itm), ["other"]);
        assert_eq!(inputs(&context.ltm), ["own"]);
    }

    /// A store may read the parts one after the other, and a memory may rise and change in between.
    #[test]
    fn a_memory_that_was_read_before_and_after_a_change_is_there_once() {
        let before = memory(1, Term::Stm, "before", 10);
        let after = memory(1, Term::Itm, "after", 10);
        let candidates = [&after, &before].map(|memory| scored(memory, 0.5));
        let name = session("s");
        let context = assemble(&candidates, &ask(Some(&name), 10, LtmOrder::Recency));
        assert_eq!(inputs(&context.stm), ["before"]);
        assert_eq!(inputs(&context.itm), [""; 0]);
    }

    #[test]
    fn an_output_makes_another_text() {
        let plain = memory(1, Term::Ltm, "in", 10);
        let mut answered = memory(2, Term::Ltm, "in", 20);
        answered.content.output = Text::parse("out".into(), crate::Field::Output).ok();
        let candidates = [&plain, &answered].map(|memory| scored(memory, 0.5));
        let context = assemble(&candidates, &ask(None, 10, LtmOrder::Recency));
        assert_eq!(inputs(&context.ltm), ["in", "in"]);
    }
}
