//! Tools: those that the caller runs are counted as they are written, those that the provider runs
//! have no bound.

use super::part::{kind_of, list};
use super::prompt::{Collector, UnboundedCause};
use crate::json::{ReadError, Value};

/// Reads a list of tools. `of_caller` names the types whose definition is all that the model sees.
pub(super) fn collect<'b>(
    tools: Option<Value<'b>>,
    of_caller: &[&str],
    collector: &mut Collector<'b>,
) -> Result<(), ReadError> {
    let Some(tools) = tools else { return Ok(()) };
    for tool in list(tools)? {
        tool.unique_members()?;
        collector.prompt.tools += 1;
        collector.count(tool)?;
        let kind = kind_of(tool)?;
        if !of_caller.contains(&&*kind) {
            collector.unbounded(tool.field("type").unwrap_or(tool), UnboundedCause::HostedTool);
        }
    }
    Ok(())
}
