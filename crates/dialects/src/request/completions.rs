//! OpenAI's legacy completions: one or more prompts, as texts or as tokens.

use super::choices;
use super::prompt::Collector;
use crate::json::{Object, ReadError, Value, Why};

pub(super) fn collect<'b>(
    root: &Object<'b>,
    collector: &mut Collector<'b>,
) -> Result<u64, ReadError> {
    let prompts = match root.field("prompt") {
        Some(prompt) => texts_or_tokens(prompt, collector)?,
        None => 1,
    };
    collector.prompt.prompts = prompts;
    if let Some(suffix) = root.field("suffix") {
        collector.count_text(suffix)?;
    }
    let each = choices(root.field("n"))?.max(choices(root.field("best_of"))?);
    // Both are bounded far below the square root of the range.
    Ok(each * prompts)
}

/// A string, a list of strings, a list of tokens, or a list of lists of tokens; how many inputs
/// that is.
pub(super) fn texts_or_tokens<'b>(
    value: Value<'b>,
    collector: &mut Collector<'b>,
) -> Result<u64, ReadError> {
    const WANTED: &str = "a string, a list of strings, or lists of token numbers";
    if value.is_string() {
        collector.count(value)?;
        return Ok(1);
    }
    if !value.is_array() {
        return Err(value.fault(Why::Expected(WANTED)));
    }
    let (mut inputs, mut tokens) = (0, 0);
    for item in value.items() {
        if item.is_string() {
            collector.count(item)?;
            inputs += 1;
        } else if item.as_u64().is_some() {
            tokens += 1;
        } else if item.is_array() && item.items().all(|token| token.as_u64().is_some()) {
            collector.prompt.token_ids += item.items().count() as u64;
            inputs += 1;
        } else {
            return Err(item.fault(Why::Expected(WANTED)));
        }
    }
    collector.prompt.token_ids += tokens;
    // Numbers at the top are one input, however many.
    Ok(inputs + u64::from(tokens > 0))
}
