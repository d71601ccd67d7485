//! OpenAI embeddings: inputs, and no output that counts.

use super::completions::texts_or_tokens;
use super::part::needed;
use super::prompt::Collector;
use crate::json::{ReadError, Value};

pub(super) fn collect<'b>(
    root: Value<'b>,
    collector: &mut Collector<'b>,
) -> Result<u64, ReadError> {
    collector.prompt.prompts = texts_or_tokens(needed(root, "input")?, collector)?;
    Ok(0)
}
