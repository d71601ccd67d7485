//! OpenAI embeddings: inputs, and no output that counts.

use super::completions::texts_or_tokens;
use super::prompt::Collector;
use crate::json::{Object, ReadError};

pub(super) fn collect<'b>(
    root: &Object<'b>,
    collector: &mut Collector<'b>,
) -> Result<u64, ReadError> {
    collector.prompt.prompts = texts_or_tokens(root.needed("input")?, collector)?;
    Ok(0)
}
