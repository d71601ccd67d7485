//! What a call used in the end, and what the ledger is told of it.

use novacore_dialects::Usage;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The provider said all it had to say.
    Complete,
    /// It was cut where its hold ended.
    Cut,
    /// The caller went away, and the answer was not read to its end.
    HangUp,
    /// The provider broke off.
    BrokenOff,
    /// The server stopped.
    Stopped,
    /// Nothing came of it; nothing is charged.
    Void,
}

impl Ending {
    /// The word for it in the ledger, logs and metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Ending::Complete => "complete",
            Ending::Cut => "cut",
            Ending::HangUp => "hang_up",
            Ending::BrokenOff => "broken_off",
            Ending::Stopped => "stopped",
            Ending::Void => "void",
        }
    }
}

/// What a call used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// All tokens that are charged.
    pub(crate) tokens: u64,
    /// Of these the input.
    pub(crate) input: u64,
    /// Whether the provider did not say so.
    pub(crate) is_estimated: bool,
    pub(crate) ending: Ending,
    pub(crate) usage: Option<Usage>,
    /// What the provider used for an answer that nobody was given.
    pub(crate) lost: Option<Lost>,
}

/// Tokens that a provider used and nobody is charged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) is_estimated: bool,
}

impl Verdict {
    /// What the provider reported, else what was counted.
    pub(crate) fn new(usage: Option<Usage>, counted: (u64, u64), ending: Ending) -> Verdict {
        let reported = usage.and_then(|usage| Some((usage.total()?, usage.total_input())));
        let (input, output) = counted;
        match reported {
            Some((tokens, said)) => {
                let input = said.unwrap_or(tokens).min(tokens);
                Verdict { tokens, input, is_estimated: false, ending, usage, lost: None }
            }
            None => {
                let tokens = input + output;
                Verdict { tokens, input, is_estimated: true, ending, usage, lost: None }
            }
        }
    }

    /// Nothing is charged.
    pub(crate) const fn void() -> Verdict {
        let (ending, usage, lost) = (Ending::Void, None, None);
        Verdict { tokens: 0, input: 0, is_estimated: false, ending, usage, lost }
    }

    /// Nothing is charged for what is not delivered, though the provider may charge for it.
    pub(crate) const fn undelivered(self) -> Verdict {
        let (input, is_estimated) = (self.input, self.is_estimated);
        let lost = Lost { input, output: self.tokens - self.input, is_estimated };
        Verdict { lost: Some(lost), ..Verdict::void() }
    }

    /// The entry's metadata. Names are bounded by the configuration, so that it always fits.
    pub(crate) fn metadata(&self, provider: &str, model: &str, request: &str) -> Arc<str> {
        let mut told = Map::new();
        let mut tell = |name: &str, value: Value| drop(told.insert(name.to_owned(), value));
        tell("provider", json!(provider));
        tell("model", json!(model));
        tell("request_id", json!(request));
        tell("ended", json!(self.ending.as_str()));
        tell("input", json!(self.input));
        tell("output", json!(self.tokens - self.input));
        if self.is_estimated {
            tell("estimated", json!(true));
        }
        if let Some(usage) = &self.usage {
            for (name, figure) in [
                ("cached_input", usage.cached_input),
                ("cache_creation", usage.cache_creation),
                ("reasoning", usage.reasoning),
                ("audio_input", usage.audio_input),
                ("audio_output", usage.audio_output),
            ] {
                if let Some(figure) = figure {
                    tell(name, json!(figure));
                }
            }
        }
        Value::Object(told).to_string().into()
    }
}
