//! What an application wants remembered.
//!
//! Invariant: every part was checked by its own type, so a [`Content`] has a size within bounds.

use crate::invalid::{Field, Invalid};
use crate::kind::{Kind, Outcome};
use crate::metadata::Metadata;
use crate::number::{Confidence, EmotionalWeight};
use crate::tag::Tags;
use crate::text::{SessionName, Text};
use std::borrow::Cow;

/// What a memory says, without when it was stored and how long it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// What it is about.
    pub kind: Kind,
    /// What the user said, or the situation.
    pub input: Text,
    /// What was answered, or done.
    pub output: Option<Text>,
    /// The conversation it belongs to, as the caller names it.
    pub session: Option<SessionName>,
    /// How it went.
    pub outcome: Option<Outcome>,
    /// How much it moved the user.
    pub emotional_weight: Option<EmotionalWeight>,
    /// How sure the application is of it.
    pub confidence: Option<Confidence>,
    /// Its tags.
    pub tags: Tags,
    /// The caller's own JSON object. Absent counts nothing, an empty object its two bytes.
    pub metadata: Option<Metadata>,
}

impl Content {
    /// The text of which an embedding is made: input and output, a line each.
    ///
    /// The input comes first, since models cut what is too long for them. Tags and metadata are for
    /// filters and stay out, so changing them never calls for a new embedding.
    pub fn embedding_text(&self) -> Cow<'_, str> {
        match self.output.as_ref().map(Text::as_str) {
            None | Some("") => Cow::Borrowed(self.input.as_str()),
            Some(output) => Cow::Owned(format!("{}\n{output}", self.input.as_str())),
        }
    }
}

/// A content as it was sent, not checked yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// `type`
    pub kind: String,
    /// `input_context`
    pub input: String,
    /// `output_response`
    pub output: Option<String>,
    /// `session_id`
    pub session: Option<String>,
    /// `outcome`
    pub outcome: Option<String>,
    /// `emotional_weight`
    pub emotional_weight: Option<f64>,
    /// `confidence_score`
    pub confidence: Option<f64>,
    /// `tags`
    pub tags: Vec<String>,
    /// `metadata`, as JSON text.
    pub metadata: Option<String>,
}

impl Draft {
    /// Checks field by field, in the order in which they are declared; the first flaw is told.
    pub fn check(self) -> Result<Content, Invalid> {
        Ok(Content {
            kind: Kind::parse(&self.kind, Field::Kind)?,
            input: Text::parse(self.input, Field::Input)?,
            output: self.output.map(|raw| Text::parse_any(raw, Field::Output)).transpose()?,
            session: self.session.map(|raw| SessionName::parse(&raw)).transpose()?,
            outcome: self.outcome.map(|raw| Outcome::parse(&raw)).transpose()?,
            emotional_weight: self
                .emotional_weight
                .map(|raw| EmotionalWeight::parse(raw, Field::EmotionalWeight))
                .transpose()?,
            confidence: self
                .confidence
                .map(|raw| Confidence::parse(raw, Field::Confidence))
                .transpose()?,
            tags: Tags::parse(self.tags)?,
            metadata: self.metadata.map(|raw| Metadata::parse(&raw)).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invalid::Flaw;

    fn draft() -> Draft {
        Draft { kind: "lesson".into(), input: "in".into(), ..Draft::default() }
    }

    #[test]
    fn the_least_content_is_a_kind_and_an_input() {
        let content = draft().check().expect("a valid draft");
        assert_eq!((content.kind, content.input.as_str()), (Kind::Lesson, "in"));
        assert_eq!(content.output, None);
        assert!(content.tags.is_empty());
    }

    #[test]
    fn a_refusal_names_the_field_of_the_wire() {
        type Spoil = fn(&mut Draft);
        let spoiled: [(Spoil, &str); 9] = [
            (|draft| draft.kind = "dream".into(), "type"),
            (|draft| draft.input = "\0".into(), "input_context"),
            (|draft| draft.output = Some("a\0".into()), "output_response"),
            (|draft| draft.session = Some("\0".into()), "session_id"),
            (|draft| draft.outcome = Some("ok".into()), "outcome"),
            (|draft| draft.emotional_weight = Some(f64::NAN), "emotional_weight"),
            (|draft| draft.confidence = Some(-0.1), "confidence_score"),
            (|draft| draft.tags = ["a", "b", "c\0"].map(str::to_owned).into(), "tags[2]"),
            (|draft| draft.metadata = Some("[]".into()), "metadata"),
        ];
        for (spoil, field) in spoiled {
            let mut draft = draft();
            spoil(&mut draft);
            let refusal = draft.check().expect_err(field);
            assert_eq!(refusal.field.to_string(), field);
        }
        // Of several flaws the first in this order is told.
        let mut draft = draft();
        for (spoil, _) in spoiled.iter().rev() {
            spoil(&mut draft);
        }
        assert_eq!(draft.check().map_err(|refusal| refusal.field), Err(Field::Kind));
    }

    #[test]
    fn an_embedding_is_made_of_input_and_output() {
        let text = |output: Option<&str>| {
            let draft = Draft { output: output.map(str::to_owned), ..draft() };
            draft.check().expect("a valid draft").embedding_text().into_owned()
        };
        assert_eq!(text(None), "in");
        assert_eq!(text(Some("")), "in");
        assert_eq!(text(Some("out")), "in\nout");
    }

    #[test]
    fn an_empty_output_is_a_text() {
        let draft = Draft { output: Some(String::new()), ..draft() };
        assert!(draft.check().expect("a valid draft").output.is_some());
        let refusal = Draft { input: String::new(), ..self::draft() }.check();
        assert_eq!(refusal, Err(Flaw::Empty.in_field(Field::Input)));
    }
}
