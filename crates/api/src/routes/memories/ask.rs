//! From the shapes of the wire to drafts, patches and filters.

use super::invalid;
use crate::body::Pairs;
use novacore_app::memories::NewMemory;
use novacore_edge::Failure;
use novacore_memory::{
    Change, Confidence, CreatedRange, Draft, Field, Filter, Invalid, Kind, PatchDraft, SessionName,
    Tags, Term,
};
use novacore_vocab::Timestamp;
use novacore_wire::{
    memories::{ForgetRequest, SearchRequest, Sent, StmRequest, StoreRequest, UpdateRequest},
    metadata::Metadata,
};

fn text_of(metadata: &Metadata) -> String {
    metadata.text().as_ref().to_owned()
}

/// What is to be stored.
pub(super) fn new_memory(ask: StoreRequest) -> Result<NewMemory, Failure> {
    let draft = Draft {
        kind: ask.r#type,
        input: ask.input_context,
        output: ask.output_response,
        session: ask.session_id,
        outcome: ask.outcome,
        emotional_weight: ask.emotional_weight,
        confidence: ask.confidence_score,
        tags: ask.tags.unwrap_or_default(),
        metadata: ask.metadata.as_ref().map(text_of),
    };
    let content = draft.check().map_err(invalid)?;
    let term = Term::parse(&ask.tier, Field::Term).map_err(invalid)?;
    Ok(NewMemory { content, term, vector: ask.embedding })
}

/// A turn of a conversation, which is short-term memory.
pub(super) fn new_turn(session: String, ask: StmRequest) -> Result<NewMemory, Failure> {
    let tokens = ask.tokens.map(|tokens| tokens.0.get());
    if tokens.is_some_and(|tokens| tokens < 0) {
        return Err(Failure::invalid("tokens", "must not be negative"));
    }
    let draft = Draft {
        kind: Kind::Conversation.as_str().to_owned(),
        input: ask.input,
        output: ask.output,
        session: Some(session),
        metadata: tokens.map(|tokens| format!("{{\"tokens\":{tokens}}}")),
        ..Draft::default()
    };
    let content = draft.check().map_err(|flawed| renamed(flawed, in_turn(flawed.field)))?;
    Ok(NewMemory { content, term: Term::Stm, vector: None })
}

/// The names of a turn's fields, where they are others than a memory's.
fn in_turn(field: Field) -> Option<&'static str> {
    [(Field::Input, "input"), (Field::Output, "output")]
        .into_iter()
        .find_map(|(known, name)| (known == field).then_some(name))
}

fn renamed(flawed: Invalid, name: Option<&str>) -> Failure {
    match name {
        Some(name) => Failure::invalid(name, flawed.flaw),
        None => invalid(flawed),
    }
}

fn change<T>(sent: Sent<T>) -> Change<T> {
    change_to(sent, |value| value)
}

fn change_to<T, U>(sent: Sent<T>, value: impl FnOnce(T) -> U) -> Change<U> {
    match sent {
        Sent::Absent => Change::Keep,
        Sent::Null => Change::Clear,
        Sent::Value(sent) => Change::Set(value(sent)),
    }
}

/// What a patch changes.
pub(super) fn patch(ask: UpdateRequest) -> PatchDraft {
    PatchDraft {
        kind: change(ask.r#type),
        input: change(ask.input_context),
        output: change(ask.output_response),
        session: change(ask.session_id),
        outcome: change(ask.outcome),
        emotional_weight: change(ask.emotional_weight),
        confidence: change(ask.confidence_score),
        tags: change(ask.tags),
        metadata: change_to(ask.metadata, |metadata| text_of(&metadata)),
    }
}

/// The conditions of searches, lists and forgetting, as they are sent.
#[derive(Default)]
struct Conditions {
    tier: Option<String>,
    memory_type: Option<String>,
    tags_all: Vec<String>,
    tags_any: Vec<String>,
    session: Option<String>,
    created: (Option<Timestamp>, Option<Timestamp>),
    min_confidence: Option<f64>,
}

impl Conditions {
    fn check(self) -> Result<Filter, Invalid> {
        let (from, to) = self.created;
        let term = self.tier.map(|word| Term::parse(&word, Field::Term)).transpose()?;
        let kind =
            self.memory_type.map(|word| Kind::parse(&word, Field::MemoryType)).transpose()?;
        let least = |raw| Confidence::parse(raw, Field::MinConfidence);
        Ok(Filter {
            term,
            kinds: kind.into_iter().collect(),
            tags_all: Tags::parse_all_of(self.tags_all)?,
            tags_any: Tags::parse_any_of(self.tags_any)?,
            session: self.session.map(|name| SessionName::parse(&name)).transpose()?,
            created: CreatedRange::new(from, to)?,
            min_confidence: self.min_confidence.map(least).transpose()?,
        })
    }
}

/// Which memories a search is about.
pub(super) fn search_filter(ask: &mut SearchRequest) -> Result<Filter, Failure> {
    let conditions = Conditions {
        tier: ask.tier.take(),
        memory_type: ask.memory_type.take(),
        tags_all: ask.tags_all.take().unwrap_or_default(),
        tags_any: ask.tags_any.take().unwrap_or_default(),
        session: ask.session_id.take(),
        created: (ask.created_from, ask.created_to),
        min_confidence: ask.min_confidence,
    };
    conditions.check().map_err(invalid)
}

/// Which memories are to be forgotten. All of them only if that is said.
pub(super) fn forget_filter(ask: ForgetRequest) -> Result<Filter, Failure> {
    let all = ask.all.unwrap_or(false);
    let conditions = Conditions {
        tier: ask.tier,
        memory_type: ask.memory_type,
        tags_all: ask.tags_all.unwrap_or_default(),
        tags_any: ask.tags_any.unwrap_or_default(),
        session: ask.session_id,
        created: (ask.created_from, ask.created_to),
        min_confidence: ask.min_confidence,
    };
    let filter = conditions.check().map_err(invalid)?;
    match (all, filter.is_everything()) {
        (true, true) | (false, false) => Ok(filter),
        (true, false) => Err(Failure::invalid("all", "must not stand beside a condition")),
        (false, true) => {
            let why = "must be true to forget all memories; else give a condition";
            Err(Failure::invalid("all", why))
        }
    }
}

/// Which memories a list is about.
pub(super) fn list_filter(pairs: &Pairs) -> Result<Filter, Failure> {
    let text = |name| Ok::<_, Failure>(pairs.one(name)?.map(str::to_owned));
    let min_confidence = match pairs.one("min_confidence")? {
        None => None,
        Some(text) => {
            let number = text.parse().map_err(|_| Failure::invalid("min_confidence", "no number"));
            Some(number?)
        }
    };
    let conditions = Conditions {
        tier: text("tier")?,
        memory_type: text("memory_type")?,
        tags_all: pairs.all("tag"),
        session: text("session_id")?,
        created: (time(pairs, "created_from")?, time(pairs, "created_to")?),
        min_confidence,
        ..Conditions::default()
    };
    // Here it is given again and again under one name.
    let is_tag = |field| matches!(field, Field::TagsAll | Field::TagAll(_));
    conditions.check().map_err(|flawed| renamed(flawed, is_tag(flawed.field).then_some("tag")))
}

fn time(pairs: &Pairs, name: &str) -> Result<Option<Timestamp>, Failure> {
    let Some(text) = pairs.one(name)? else { return Ok(None) };
    text.parse().map(Some).map_err(|error| Failure::invalid(name, error))
}
