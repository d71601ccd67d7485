//! What an application should have in mind for a conversation.

use super::search::{FoundMemory, SearchAsk, search_of};
use crate::{cx::Cx, error::AppError};
use novacore_access::{Permit, ReadMemories};
use novacore_memory::{
    Candidate, ContextAsk, Filter, LtmOrder, Memory, Mode, Query, Score, SessionName, Term,
    assemble, limits::RESULTS_MAX,
};
use novacore_store::memories::{MemoryOrder, MemoryQuery};
use novacore_vocab::UserId;

/// For what.
#[derive(Clone, Debug)]
pub struct ContextRequest {
    /// The conversation.
    pub session: Option<SessionName>,
    /// What it is about now.
    pub query: Option<Query>,
    /// Most memories in each part, at most [`RESULTS_MAX`].
    pub limit: usize,
}

/// The parts, each best first.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextFound {
    /// Of this session, the newest first.
    pub stm: Vec<FoundMemory>,
    /// What is read most.
    pub itm: Vec<FoundMemory>,
    /// What is relevant to the query, or newest without one.
    pub ltm: Vec<FoundMemory>,
    /// Why relevance was told by words and not by meaning.
    pub degraded: Option<String>,
}

/// Chooses. Being chosen is a read.
pub async fn context(
    cx: &Cx,
    permit: Permit<ReadMemories>,
    ask: ContextRequest,
) -> Result<ContextFound, AppError> {
    let user = permit.account().user;
    let limit = ask.limit.min(RESULTS_MAX);
    // Somewhat more than are taken: a text that is there twice is taken once.
    let rows_max = limit * 2 + 10;
    let mut candidates: Vec<(Memory, Option<f64>)> = Vec::new();
    if let Some(session) = &ask.session {
        let filter = Filter { session: Some(session.clone()), ..of_term(Term::Stm) };
        candidates.extend(listed(cx, user, filter, MemoryOrder::Newest, rows_max).await?);
    }
    let most_read = listed(cx, user, of_term(Term::Itm), MemoryOrder::MostRead, rows_max);
    candidates.extend(most_read.await?);
    let (mut ltm, mut degraded) = (LtmOrder::Recency, None);
    match ask.query {
        None => {
            let newest = listed(cx, user, of_term(Term::Ltm), MemoryOrder::Newest, rows_max);
            candidates.extend(newest.await?);
        }
        Some(query) => {
            let limit = rows_max.min(RESULTS_MAX);
            let (mode, filter) = (Mode::Semantic, of_term(Term::Ltm));
            let search = SearchAsk { query, vector: None, mode, filter, limit };
            let found = search_of(cx, user, search).await?;
            ltm = match found.mode {
                Mode::Semantic | Mode::Hybrid => LtmOrder::by_meaning(),
                Mode::Keyword => LtmOrder::Relevance { floor: Score::ZERO },
            };
            degraded = found.degraded;
            let shown = |memory| cx.memories.reads.shown(user, memory);
            let scored = found.memories.into_iter().map(|one| (shown(one.memory), Some(one.score)));
            candidates.extend(scored);
        }
    }
    let shown = candidates
        .iter()
        .map(|(memory, score)| Candidate { memory, relevance: score.and_then(Score::new) });
    let session = ask.session.as_ref();
    let chosen = ContextAsk { session, limit, ltm, now: cx.clock.now() };
    let context = assemble(&shown.collect::<Vec<_>>(), &chosen);
    let by_meaning = degraded.is_none();
    let one = |candidate: Candidate<'_>| {
        let score = candidate.relevance.map(Score::get);
        let memory = cx.memories.reads.count_shown(user, candidate.memory.clone(), cx.clock.now());
        // Where words stood in for meaning, the score is no cosine.
        let similarity = score.filter(|_| by_meaning);
        FoundMemory { memory, score: score.unwrap_or(0.0), similarity }
    };
    let read = |part: Vec<Candidate<'_>>| part.into_iter().map(one).collect();
    Ok(ContextFound {
        stm: read(context.stm),
        itm: read(context.itm),
        ltm: read(context.ltm),
        degraded,
    })
}

fn of_term(term: Term) -> Filter {
    Filter { term: Some(term), ..Filter::default() }
}

async fn listed(
    cx: &Cx,
    user: UserId,
    filter: Filter,
    order: MemoryOrder,
    rows_max: usize,
) -> Result<Vec<(Memory, Option<f64>)>, AppError> {
    let query = MemoryQuery { filter, live_at: cx.clock.now(), order, offset: 0, rows_max };
    let page = cx.memories.store.list_memories(user, &query).await?;
    // What is read most includes the reads that the store does not know of yet.
    let shown = page.rows.into_iter().map(|memory| cx.memories.reads.shown(user, memory));
    Ok(shown.map(|memory| (memory, None)).collect())
}
