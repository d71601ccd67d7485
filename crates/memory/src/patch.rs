//! Changes of what a memory says.
//!
//! Invariant: a patch never moves the expiry. Otherwise a caller could keep short-term memory,
//! which is not charged, for ever by touching it; what is to stay longer is promoted.
//! Invariant: a patch that changes nothing leaves the memory as it was, revision and all, so it may
//! be repeated.
//! Not here: the term, which only a promotion changes.

use crate::content::Content;
use crate::invalid::{Field, Flaw, Invalid};
use crate::kind::{Kind, Outcome};
use crate::memory::{ChangeError, Memory};
use crate::metadata::Metadata;
use crate::number::{Confidence, EmotionalWeight};
use crate::tag::Tags;
use crate::text::{SessionName, Text};
use novacore_vocab::Timestamp;

/// What a patch says about one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Change<T> {
    /// Absent: stays as it is.
    #[default]
    Keep,
    /// Null: is taken away.
    Clear,
    /// A value: takes the place of what is there.
    Set(T),
}

impl<T> Change<T> {
    fn check<U>(self, check: impl FnOnce(T) -> Result<U, Invalid>) -> Result<Change<U>, Invalid> {
        Ok(match self {
            Change::Keep => Change::Keep,
            Change::Clear => Change::Clear,
            Change::Set(raw) => Change::Set(check(raw)?),
        })
    }

    /// For a field that every memory has.
    fn check_required<U>(
        self,
        field: Field,
        check: impl FnOnce(T) -> Result<U, Invalid>,
    ) -> Result<Option<U>, Invalid> {
        match self {
            Change::Keep => Ok(None),
            Change::Clear => Err(Flaw::Required.in_field(field)),
            Change::Set(raw) => check(raw).map(Some),
        }
    }
}

impl<T: Clone> Change<T> {
    fn apply(&self, slot: &mut Option<T>) {
        match self {
            Change::Keep => {}
            Change::Clear => *slot = None,
            Change::Set(value) => *slot = Some(value.clone()),
        }
    }
}

/// A patch as it was sent, not checked yet; the fields are those of [`crate::Draft`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PatchDraft {
    /// `type`
    pub kind: Change<String>,
    /// `input_context`
    pub input: Change<String>,
    /// `output_response`
    pub output: Change<String>,
    /// `session_id`
    pub session: Change<String>,
    /// `outcome`
    pub outcome: Change<String>,
    /// `emotional_weight`
    pub emotional_weight: Change<f64>,
    /// `confidence_score`
    pub confidence: Change<f64>,
    /// `tags`; the whole list, not additions to it.
    pub tags: Change<Vec<String>>,
    /// `metadata`, as JSON text; the whole object, not members of it.
    pub metadata: Change<String>,
}

impl PatchDraft {
    /// Checks field by field, in the order in which they are declared; the first flaw is told.
    pub fn check(self) -> Result<Patch, Invalid> {
        let kind = |raw: String| Kind::parse(&raw, Field::Kind);
        let input = |raw| Text::parse(raw, Field::Input);
        Ok(Patch {
            kind: self.kind.check_required(Field::Kind, kind)?,
            input: self.input.check_required(Field::Input, input)?,
            output: self.output.check(|raw| Text::parse_any(raw, Field::Output))?,
            session: self.session.check(|raw| SessionName::parse(&raw))?,
            outcome: self.outcome.check(|raw| Outcome::parse(&raw))?,
            emotional_weight: self
                .emotional_weight
                .check(|raw| EmotionalWeight::parse(raw, Field::EmotionalWeight))?,
            confidence: self.confidence.check(|raw| Confidence::parse(raw, Field::Confidence))?,
            tags: self.tags.check(Tags::parse)?,
            metadata: self.metadata.check(|raw| Metadata::parse(&raw))?,
        })
    }
}

/// A change of a content, checked.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Patch {
    /// Another kind.
    pub kind: Option<Kind>,
    /// Another input.
    pub input: Option<Text>,
    /// Another output, or none.
    pub output: Change<Text>,
    /// Another session, or none.
    pub session: Change<SessionName>,
    /// Another outcome, or none.
    pub outcome: Change<Outcome>,
    /// Another weight, or none.
    pub emotional_weight: Change<EmotionalWeight>,
    /// Another confidence, or none.
    pub confidence: Change<Confidence>,
    /// Other tags, or none.
    pub tags: Change<Tags>,
    /// Other metadata, or none.
    pub metadata: Change<Metadata>,
}

/// What a patch made of a memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Updated {
    /// The memory after it.
    pub memory: Memory,
    /// What becomes of its embedding.
    pub embedding: EmbeddingFate,
}

/// What becomes of a memory's embedding when its content changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EmbeddingFate {
    /// It still says what the text says.
    Keep,
    /// The text has changed: the old one must not be searched any more.
    Anew,
}

impl Memory {
    /// This memory with `patch` applied at `now`.
    ///
    /// What it counts afterwards is [`crate::charge`]'s to say, and for short-term memory whether
    /// there is room, [`crate::make_room`]'s.
    pub fn update(&self, patch: &Patch, now: Timestamp) -> Result<Updated, ChangeError> {
        self.check_live(now)?;
        let content = patch.applied_to(&self.content);
        if content == self.content {
            return Ok(Updated { memory: self.clone(), embedding: EmbeddingFate::Keep });
        }
        let embedding = if content.embedding_text() == self.content.embedding_text() {
            EmbeddingFate::Keep
        } else {
            EmbeddingFate::Anew
        };
        Ok(Updated { memory: Memory { content, ..self.changed(now) }, embedding })
    }
}

impl Patch {
    fn applied_to(&self, content: &Content) -> Content {
        let mut after = content.clone();
        after.kind = self.kind.unwrap_or(after.kind);
        if let Some(input) = &self.input {
            after.input = input.clone();
        }
        self.output.apply(&mut after.output);
        self.session.apply(&mut after.session);
        self.outcome.apply(&mut after.outcome);
        self.emotional_weight.apply(&mut after.emotional_weight);
        self.confidence.apply(&mut after.confidence);
        match &self.tags {
            Change::Keep => {}
            Change::Clear => after.tags = Tags::default(),
            Change::Set(tags) => after.tags = tags.clone(),
        }
        self.metadata.apply(&mut after.metadata);
        after
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{content::Draft, embedding::Dims, size::charge, term::Term};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn draft() -> Draft {
        Draft {
            kind: "task".into(),
            input: "in".into(),
            output: Some("out".into()),
            session: Some("s".into()),
            outcome: Some("neutral".into()),
            emotional_weight: Some(0.5),
            confidence: Some(0.5),
            tags: vec!["t".into()],
            metadata: Some("{\"m\":1}".into()),
        }
    }

    fn memory(term: Term) -> Memory {
        let id = "00000000-0000-7000-8000-000000000001".parse().expect("a UUID");
        let dims = Dims::new(384).expect("a dimension");
        Memory::new(id, term, draft().check().expect("a valid draft"), dims, at(0))
    }

    fn set(text: &str) -> Change<String> {
        Change::Set(text.to_owned())
    }

    fn updated(patch: PatchDraft) -> Updated {
        let patch = patch.check().expect("a valid patch");
        memory(Term::Itm).update(&patch, at(60)).expect("a live memory")
    }

    #[test]
    fn a_patch_changes_what_it_names_and_no_expiry() {
        let before = memory(Term::Itm);
        let got = updated(PatchDraft { output: set("longer"), ..PatchDraft::default() });
        let content = Draft { output: Some("longer".into()), ..draft() }.check();
        let want = Memory {
            content: content.expect("a valid draft"),
            changed_at: at(60),
            revision: 2,
            ..before.clone()
        };
        assert_eq!(got, Updated { memory: want, embedding: EmbeddingFate::Anew });
        assert_eq!(got.memory.expires_at, before.expires_at);
        assert_eq!(charge(Some(&before), Some(&got.memory)), 3);
    }

    #[test]
    fn null_takes_away_what_may_be_absent() {
        let got = updated(PatchDraft {
            output: Change::Clear,
            session: Change::Clear,
            outcome: Change::Clear,
            emotional_weight: Change::Clear,
            confidence: Change::Clear,
            tags: Change::Clear,
            metadata: Change::Clear,
            ..PatchDraft::default()
        });
        let least = Draft { kind: "task".into(), input: "in".into(), ..Draft::default() };
        assert_eq!(Ok(got.memory.content.clone()), least.check());
        // Output, tag and its four bytes, metadata.
        assert_eq!(charge(Some(&memory(Term::Itm)), Some(&got.memory)), -(3 + 5 + 7));

        for (patch, field) in [
            (PatchDraft { kind: Change::Clear, ..PatchDraft::default() }, Field::Kind),
            (PatchDraft { input: Change::Clear, ..PatchDraft::default() }, Field::Input),
        ] {
            assert_eq!(patch.check(), Err(Flaw::Required.in_field(field)));
        }
    }

    #[test]
    fn a_refusal_names_the_field_of_the_wire() {
        let none = PatchDraft::default;
        for (patch, field) in [
            (PatchDraft { kind: set("dream"), ..none() }, "type"),
            (PatchDraft { input: set(" "), ..none() }, "input_context"),
            (PatchDraft { output: set("\0"), ..none() }, "output_response"),
            (PatchDraft { session: set(""), ..none() }, "session_id"),
            (PatchDraft { outcome: set("ok"), ..none() }, "outcome"),
            (PatchDraft { emotional_weight: Change::Set(2.0), ..none() }, "emotional_weight"),
            (PatchDraft { confidence: Change::Set(f64::NAN), ..none() }, "confidence_score"),
            (PatchDraft { tags: Change::Set(vec!["a".into(), "".into()]), ..none() }, "tags[1]"),
            (PatchDraft { metadata: set("null"), ..none() }, "metadata"),
        ] {
            let refusal = patch.check().expect_err(field);
            assert_eq!(refusal.field.to_string(), field);
        }
    }

    #[test]
    fn only_changed_text_is_embedded_anew() {
        let none = PatchDraft::default;
        for (patch, want) in [
            (PatchDraft { input: set("other"), ..none() }, EmbeddingFate::Anew),
            (PatchDraft { output: Change::Clear, ..none() }, EmbeddingFate::Anew),
            (PatchDraft { kind: set("lesson"), ..none() }, EmbeddingFate::Keep),
            (PatchDraft { tags: Change::Clear, ..none() }, EmbeddingFate::Keep),
            (PatchDraft { metadata: set("{}"), ..none() }, EmbeddingFate::Keep),
            (PatchDraft { session: set("s2"), ..none() }, EmbeddingFate::Keep),
        ] {
            let got = updated(patch.clone());
            assert_eq!((got.embedding, got.memory.revision), (want, 2), "{patch:?}");
        }
    }

    #[test]
    fn a_patch_that_changes_nothing_may_be_repeated() {
        for patch in [
            PatchDraft::default(),
            PatchDraft {
                input: set("in"),
                tags: Change::Set(vec!["t".into()]),
                ..Default::default()
            },
        ] {
            let got = updated(patch);
            let want = Updated { memory: memory(Term::Itm), embedding: EmbeddingFate::Keep };
            assert_eq!(got, want);
        }
    }

    #[test]
    fn what_is_gone_cannot_be_changed() {
        let refusal = memory(Term::Stm).update(&Patch::default(), at(3_600));
        assert_eq!(refusal, Err(ChangeError::Expired { at: at(3_600) }));
    }
}
