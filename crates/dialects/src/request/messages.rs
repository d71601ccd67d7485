//! Anthropic messages.

use super::part::{count_members, list, needed, string_or_parts};
use super::prompt::{Collector, UnboundedCause};
use super::tools::{self, ToolTypes};
use crate::json::{Object, ReadError, Value, Why};

/// What the provider adds by itself, member by member.
const HOSTED: &[(&str, UnboundedCause)] =
    &[("mcp_servers", UnboundedCause::HostedTool), ("container", UnboundedCause::StoredContext)];

/// A tool without type is the caller's own; types that a provider describes carry their date.
const TOOLS: &ToolTypes = &ToolTypes {
    whole: &["", "custom"],
    described: &["bash_", "text_editor_", "computer_", "memory_"],
};

/// Blocks that say all there is to them in the body.
const WHOLE_BLOCKS: &[&str] = &["text", "tool_use", "thinking", "redacted_thinking"];

pub(super) fn collect<'b>(
    root: &Object<'b>,
    collector: &mut Collector<'b>,
) -> Result<u64, ReadError> {
    if let Some(system) = root.field("system") {
        collector.prompt.messages += 1;
        string_or_parts(system, collector, collect_block)?;
    }
    for message in list(root.needed("messages")?)? {
        message.unique_members()?;
        collector.prompt.messages += 1;
        count_members(message, &["content"], collector)?;
        if let Some(content) = message.field("content") {
            string_or_parts(content, collector, collect_block)?;
        }
    }
    tools::collect(root.field("tools"), TOOLS, collector)?;
    if let Some(config) = root.field("output_config").or(root.field("output_format")) {
        collector.count(config)?;
    }
    for (name, cause) in HOSTED {
        let is_empty = |value: &Value<'_>| value.is_array() && value.items().next().is_none();
        if let Some(value) = root.field(name).filter(|value| !is_empty(value)) {
            collector.unbounded(value, *cause);
        }
    }
    if let Some(management) = root.field("context_management") {
        collect_management(management, collector)?;
    }
    collector.prompt.prompts = 1;
    Ok(1)
}

/// A compaction reads the whole prompt once more, beside what the answer reports.
fn collect_management<'b>(
    management: Value<'b>,
    collector: &mut Collector<'b>,
) -> Result<(), ReadError> {
    management.unique_members()?;
    let Some(edits) = management.field("edits") else { return Ok(()) };
    for edit in list(edits)? {
        let is_compaction = edit.unique_members()?.iter().any(|member| {
            member.key() == "type" && member.value.as_str().is_some_and(|t| t.contains("compact"))
        });
        if is_compaction {
            collector.unbounded(edit, UnboundedCause::HostedTool);
        }
    }
    Ok(())
}

fn collect_block<'b>(
    kind: &str,
    block: Value<'b>,
    collector: &mut Collector<'b>,
) -> Result<(), ReadError> {
    match kind {
        kind if WHOLE_BLOCKS.contains(&kind) => count_members(block, &["type"], collector),
        "image" | "document" => collect_source(kind, block, collector),
        "tool_result" | "search_result" => {
            count_members(block, &["type", "content"], collector)?;
            match block.field("content") {
                Some(content) => string_or_parts(content, collector, collect_block),
                None => Ok(()),
            }
        }
        _ => {
            collector.unbounded(block, UnboundedCause::UnknownKind);
            collector.count(block)
        }
    }
}

/// Images and documents name where their bytes are.
fn collect_source<'b>(
    kind: &str,
    block: Value<'b>,
    collector: &mut Collector<'b>,
) -> Result<(), ReadError> {
    count_members(block, &["type", "source"], collector)?;
    let source = needed(block, "source")?;
    source.unique_members()?;
    let [from, content] = source.fields(["type", "content"])?;
    let from = from.and_then(Value::as_str);
    match (kind, from.as_deref()) {
        ("image", Some("base64" | "url")) => collector.image(source),
        ("document", Some("base64")) => collector.file(source),
        ("document", Some("text")) => collector.count(source)?,
        ("document", Some("content")) => {
            let content = content.ok_or_else(|| source.fault(Why::Missing("content")))?;
            string_or_parts(content, collector, collect_block)?;
        }
        _ => collector.unbounded(source, UnboundedCause::StoredFile),
    }
    Ok(())
}
