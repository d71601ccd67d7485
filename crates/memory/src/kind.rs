//! What a memory is about, and how what it tells of went.

use crate::invalid::{Field, Flaw, Invalid};

/// What a memory is about; `type` on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Something learned.
    Lesson,
    /// Something done, or to be done.
    Task,
    /// Something said.
    Conversation,
    /// Something that went wrong.
    Error,
    /// A thought about what happened.
    Reflection,
    /// Something reached.
    Achievement,
}

impl Kind {
    /// Every kind, in the order of their stored discriminants.
    pub const ALL: [Kind; 6] = [
        Kind::Lesson,
        Kind::Task,
        Kind::Conversation,
        Kind::Error,
        Kind::Reflection,
        Kind::Achievement,
    ];

    /// The word used on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Lesson => "lesson",
            Kind::Task => "task",
            Kind::Conversation => "conversation",
            Kind::Error => "error",
            Kind::Reflection => "reflection",
            Kind::Achievement => "achievement",
        }
    }

    /// Reads the word of the wire, found in `field`.
    pub fn parse(text: &str, field: Field) -> Result<Kind, Invalid> {
        const ONE_OF: &str = "lesson, task, conversation, error, reflection, achievement";
        let found = Kind::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or(Flaw::UnknownWord { one_of: ONE_OF }.in_field(field))
    }
}

/// How what a memory tells of went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Well.
    Success,
    /// Badly.
    Failure,
    /// Neither.
    Neutral,
}

impl Outcome {
    /// Every outcome, in the order of their stored discriminants.
    pub const ALL: [Outcome; 3] = [Outcome::Success, Outcome::Failure, Outcome::Neutral];

    /// The word used on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Success => "success",
            Outcome::Failure => "failure",
            Outcome::Neutral => "neutral",
        }
    }

    /// Reads the word of the wire.
    pub fn parse(text: &str) -> Result<Outcome, Invalid> {
        const ONE_OF: &str = "success, failure, neutral";
        let found = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == text);
        found.ok_or(Flaw::UnknownWord { one_of: ONE_OF }.in_field(Field::Outcome))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_and_nothing_else_does() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str(), Field::Kind), Ok(kind));
            let refusal = Kind::parse(&kind.as_str().to_uppercase(), Field::Kind);
            let refusal = refusal.expect_err("upper case");
            assert_eq!(refusal.field, Field::Kind);
            assert!(refusal.to_string().contains(kind.as_str()), "the message lists every word");
        }
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::parse(outcome.as_str()), Ok(outcome));
            let refusal = Outcome::parse("").expect_err("no word");
            assert_eq!(refusal.field, Field::Outcome);
            assert!(refusal.to_string().contains(outcome.as_str()), "the message lists every word");
        }
    }
}
