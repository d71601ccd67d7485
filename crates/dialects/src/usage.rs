//! What a provider says that a call used.
//!
//! Invariant: an explicit zero is `Some(0)`, a figure that is missing, `null` or no whole number of
//! at most 2^53 - 1 is `None`; nothing is guessed.
//! Not here: estimates.

use crate::json::Value;
use crate::route::Family;
use novacore_vocab::AMOUNT_ABS_MAX;

/// Tokens, as reported. Where the figures overlap depends on the family: OpenAI's input contains
/// the cached part and its output the reasoning, Anthropic's input contains neither cache figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Whose figures these are.
    pub family: Family,
    /// Input (OpenAI: all of it; Anthropic: what was neither read from nor written to the cache).
    pub input: Option<u64>,
    /// Input that was read from a cache.
    pub cached_input: Option<u64>,
    /// Input that was written to a cache.
    pub cache_creation: Option<u64>,
    /// Output.
    pub output: Option<u64>,
    /// The part of the output that is reasoning.
    pub reasoning: Option<u64>,
    /// The part of the input that is audio.
    pub audio_input: Option<u64>,
    /// The part of the output that is audio.
    pub audio_output: Option<u64>,
    /// The total, where one is stated.
    pub stated_total: Option<u64>,
}

impl Usage {
    pub(crate) const fn none(family: Family) -> Usage {
        Usage {
            family,
            input: None,
            cached_input: None,
            cache_creation: None,
            output: None,
            reasoning: None,
            audio_input: None,
            audio_output: None,
            stated_total: None,
        }
    }

    /// Reads a `usage` object; `None` if it says nothing.
    pub(crate) fn read(family: Family, value: Value<'_>) -> Option<Usage> {
        let usage = match family {
            Family::OpenAi => openai(value),
            Family::Anthropic => anthropic(value),
        };
        (usage != Usage::none(family)).then_some(usage)
    }

    /// All tokens that count: `llm_tokens`. `None` if the report does not say enough.
    ///
    /// OpenAI: input + output, or the stated total where that is more: some compatible servers
    /// leave reasoning out of the output and put it into the total only. A report without output
    /// counts by its total (embeddings). Anthropic: input + both cache figures + output.
    pub fn total(&self) -> Option<u64> {
        match self.family {
            Family::OpenAi => {
                let sum = self.input.zip(self.output).map(|(input, output)| input + output);
                sum.max(self.stated_total)
            }
            Family::Anthropic => {
                let cache = self.cached_input.unwrap_or(0) + self.cache_creation.unwrap_or(0);
                Some(self.input? + cache + self.output?)
            }
        }
        .map(|total| total.min(AMOUNT_ABS_MAX.unsigned_abs()))
    }

    /// All input, cached too.
    pub fn total_input(&self) -> Option<u64> {
        match self.family {
            Family::OpenAi => self.input,
            Family::Anthropic => {
                let cache = self.cached_input.unwrap_or(0) + self.cache_creation.unwrap_or(0);
                self.input.map(|input| input + cache)
            }
        }
    }

    /// Takes in a later report of the same stream. Its figures are cumulative: input never
    /// shrinks (a zero in a later report says that it was not counted again), of the output the
    /// last word counts.
    pub(crate) fn update(&mut self, later: &Usage) {
        self.input = self.input.max(later.input);
        self.cached_input = self.cached_input.max(later.cached_input);
        self.cache_creation = self.cache_creation.max(later.cache_creation);
        self.audio_input = self.audio_input.max(later.audio_input);
        self.output = later.output.or(self.output);
        self.reasoning = later.reasoning.or(self.reasoning);
        self.audio_output = later.audio_output.or(self.audio_output);
        self.stated_total = later.stated_total.or(self.stated_total);
    }
}

/// A figure of an object that may be missing.
fn figure(object: Option<Value<'_>>, name: &str) -> Option<u64> {
    let figure = object?.field(name)?.as_u64()?;
    Some(figure).filter(|figure| *figure <= AMOUNT_ABS_MAX.unsigned_abs())
}

fn openai(value: Value<'_>) -> Usage {
    let (here, inside) = (Some(value), |name: &str| value.field(name));
    let input = inside("prompt_tokens_details").or(inside("input_tokens_details"));
    let output = inside("completion_tokens_details").or(inside("output_tokens_details"));
    Usage {
        family: Family::OpenAi,
        input: figure(here, "prompt_tokens").or(figure(here, "input_tokens")),
        cached_input: figure(input, "cached_tokens").or(figure(here, "prompt_cache_hit_tokens")),
        cache_creation: figure(input, "cache_write_tokens"),
        output: figure(here, "completion_tokens").or(figure(here, "output_tokens")),
        reasoning: figure(output, "reasoning_tokens"),
        audio_input: figure(input, "audio_tokens"),
        audio_output: figure(output, "audio_tokens"),
        stated_total: figure(here, "total_tokens"),
    }
}

fn anthropic(value: Value<'_>) -> Usage {
    let here = Some(value);
    Usage {
        input: figure(here, "input_tokens"),
        cached_input: figure(here, "cache_read_input_tokens"),
        cache_creation: figure(here, "cache_creation_input_tokens"),
        output: figure(here, "output_tokens"),
        ..Usage::none(Family::Anthropic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::document;

    fn total(family: Family, text: &str) -> Option<u64> {
        Usage::read(family, document(text.as_bytes()).unwrap())?.total()
    }

    #[test]
    fn the_total_is_all_input_and_all_output() {
        for (family, text, want) in [
            (Family::OpenAi, r#"{"prompt_tokens":10,"completion_tokens":5}"#, Some(15)),
            (Family::OpenAi, r#"{"prompt_tokens":0,"completion_tokens":0}"#, Some(0)),
            // Reasoning outside of the output.
            (
                Family::OpenAi,
                r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":40,
                    "completion_tokens_details":{"reasoning_tokens":25}}"#,
                Some(40),
            ),
            // Embeddings.
            (Family::OpenAi, r#"{"prompt_tokens":8,"total_tokens":8}"#, Some(8)),
            // Half a report is no report.
            (Family::OpenAi, r#"{"prompt_tokens":8}"#, None),
            (Family::OpenAi, r#"{"prompt_tokens":8,"completion_tokens":null}"#, None),
            (Family::OpenAi, r#"{"prompt_tokens":8.0,"completion_tokens":-1}"#, None),
            (Family::OpenAi, r#"{"total_tokens":18446744073709551615}"#, None),
            (Family::OpenAi, r#"[]"#, None),
            (
                Family::Anthropic,
                r#"{"input_tokens":3,"cache_read_input_tokens":100,
                    "cache_creation_input_tokens":20,"output_tokens":7}"#,
                Some(130),
            ),
            (Family::Anthropic, r#"{"input_tokens":3,"output_tokens":7}"#, Some(10)),
            (Family::Anthropic, r#"{"output_tokens":7}"#, None),
        ] {
            assert_eq!(total(family, text), want, "{text}");
        }
    }

    #[test]
    fn zero_and_missing_differ() {
        let read = |text: &str| Usage::read(Family::OpenAi, document(text.as_bytes()).unwrap());
        assert_eq!(read(r#"{"completion_tokens":0}"#).unwrap().output, Some(0));
        assert_eq!(read(r#"{"prompt_tokens":0}"#).unwrap().output, None);
        assert_eq!(read("{}"), None);
    }

    #[test]
    fn a_later_report_never_takes_input_back() {
        let read = |text: &str| Usage::read(Family::Anthropic, document(text.as_bytes()).unwrap());
        let mut usage = read(r#"{"input_tokens":25,"output_tokens":1}"#).unwrap();
        usage.update(&read(r#"{"input_tokens":0,"output_tokens":15}"#).unwrap());
        usage.update(&read(r#"{"output_tokens":12}"#).unwrap());
        assert_eq!((usage.input, usage.output, usage.total()), (Some(25), Some(12), Some(37)));
    }
}
