//! Tools: those that the caller runs are counted as they are written, those that the provider runs
//! have no bound. Between them are tools that the caller runs and the provider describes: they are
//! short, of a length that is not told, and get a number of their own.

use super::part::{kind_of, list};
use super::prompt::{Collector, UnboundedCause};
use crate::json::{ReadError, Value};

/// The types of tools of one dialect.
pub(super) struct ToolTypes {
    /// Those whose definition is all that the model sees.
    pub(super) whole: &'static [&'static str],
    /// How the types begin that the caller runs and the provider describes.
    pub(super) described: &'static [&'static str],
}

/// Reads a list of tools.
pub(super) fn collect<'b>(
    tools: Option<Value<'b>>,
    types: &ToolTypes,
    collector: &mut Collector<'b>,
) -> Result<(), ReadError> {
    let Some(tools) = tools else { return Ok(()) };
    for tool in list(tools)? {
        tool.unique_members()?;
        collector.prompt.tools += 1;
        collector.count(tool)?;
        let kind = kind_of(tool)?;
        if types.described.iter().any(|prefix| kind.starts_with(prefix)) {
            collector.prompt.described_tools += 1;
        } else if !types.whole.contains(&&*kind) {
            collector.unbounded(tool.field("type").unwrap_or(tool), UnboundedCause::HostedTool);
        }
    }
    Ok(())
}
