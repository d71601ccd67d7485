//! OpenAI responses: items instead of messages, and much that the provider may remember.

use super::part::{count_members, kind_of, string_or_parts};
use super::prompt::{Collector, UnboundedCause};
use super::tools::{self, ToolTypes};
use crate::json::{Object, ReadError, Value, Why};

/// What the provider adds by itself, member by member.
const REMEMBERED: &[(&str, UnboundedCause)] = &[
    ("previous_response_id", UnboundedCause::StoredContext),
    ("conversation", UnboundedCause::StoredContext),
    ("prompt", UnboundedCause::StoredContext),
];

const TOOLS: &ToolTypes =
    &ToolTypes { whole: &["function", "custom"], described: &["local_shell", "apply_patch"] };

/// Items that say all there is to them in the body.
const WHOLE_ITEMS: &[&str] = &[
    "function_call",
    "custom_tool_call",
    "reasoning",
    "local_shell_call",
    "local_shell_call_output",
    "apply_patch_call",
    "apply_patch_call_output",
];

pub(super) fn collect<'b>(
    root: &Object<'b>,
    collector: &mut Collector<'b>,
) -> Result<u64, ReadError> {
    for (name, cause) in REMEMBERED {
        if let Some(value) = root.field(name) {
            collector.unbounded(value, *cause);
        }
    }
    if let Some(value) = root.field("background").filter(|value| value.as_bool() != Some(false)) {
        collector.unbounded(value, UnboundedCause::Background);
    }
    for name in ["instructions", "input"] {
        if let Some(value) = root.field(name) {
            collect_items(value, collector)?;
        }
    }
    tools::collect(root.field("tools"), TOOLS, collector)?;
    if let Some(format) = root.field("text") {
        collector.count(format)?;
    }
    collector.prompt.prompts = 1;
    Ok(1)
}

fn collect_items<'b>(value: Value<'b>, collector: &mut Collector<'b>) -> Result<(), ReadError> {
    if value.is_string() {
        collector.prompt.messages += 1;
        return collector.count(value);
    }
    if !value.is_array() {
        return Err(value.fault(Why::Expected("a string or a list")));
    }
    for item in value.items() {
        item.unique_members()?;
        collector.prompt.messages += 1;
        collect_item(item, collector)?;
    }
    Ok(())
}

fn collect_item<'b>(item: Value<'b>, collector: &mut Collector<'b>) -> Result<(), ReadError> {
    match &*kind_of(item)? {
        "message" | "" if item.field("role").is_some() => {
            collect_inside(item, "content", collector)
        }
        "function_call_output" | "custom_tool_call_output" => {
            collect_inside(item, "output", collector)
        }
        kind if WHOLE_ITEMS.contains(&kind) => count_members(item, &["type"], collector),
        // An item without type and role is a reference by its id.
        "item_reference" | "" => {
            collector.unbounded(item, UnboundedCause::StoredContext);
            Ok(())
        }
        _ => {
            collector.unbounded(item, UnboundedCause::UnknownKind);
            collector.count(item)
        }
    }
}

/// Counts an item whose member `name` is a string or a list of parts.
fn collect_inside<'b>(
    item: Value<'b>,
    name: &str,
    collector: &mut Collector<'b>,
) -> Result<(), ReadError> {
    count_members(item, &["type", name], collector)?;
    match item.field(name) {
        Some(content) => string_or_parts(content, collector, collect_part),
        None => Ok(()),
    }
}

fn collect_part<'b>(
    kind: &str,
    part: Value<'b>,
    collector: &mut Collector<'b>,
) -> Result<(), ReadError> {
    let stored = part.field("file_id").or(part.field("file_url"));
    match kind {
        "input_text" | "output_text" | "refusal" | "summary_text" | "reasoning_text" => {
            count_members(part, &["type"], collector)?;
        }
        "input_image" | "input_file" if stored.is_some() => {
            collector.unbounded(stored.unwrap_or(part), UnboundedCause::StoredFile);
        }
        "input_image" => collector.image(part),
        "input_file" => collector.file(part),
        "input_audio" => collector.audio(part),
        _ => {
            collector.unbounded(part, UnboundedCause::UnknownKind);
            collector.count(part)?;
        }
    }
    Ok(())
}
