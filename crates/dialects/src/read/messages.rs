//! Anthropic messages, whole and in events.

use super::{Said, index_of};
use crate::json::Value;
use crate::output::OutputKind;
use crate::route::Family;
use crate::usage::Usage;

pub(super) fn read_event<'t>(root: Value<'t>, said: &mut Said<'t>) {
    let kind = root.field("type").and_then(Value::as_str).unwrap_or_default();
    let index = index_of(root, "index");
    match &*kind {
        "message_start" => {
            if let Some(message) = root.field("message") {
                said.names(message);
                read_message(message, said);
            }
        }
        "content_block_start" => {
            if let Some(block) = root.field("content_block") {
                read_block(index, block, said);
            }
        }
        "content_block_delta" => {
            if let Some(delta) = root.field("delta") {
                said.output(index, OutputKind::Text, delta.field("text"));
                said.output(index, OutputKind::Reasoning, delta.field("thinking"));
                said.output(index, OutputKind::ToolCall, delta.field("partial_json"));
            }
        }
        "message_delta" => {
            let reason = root.field("delta").and_then(|delta| delta.field("stop_reason"));
            said.finish(0, reason);
            read_usage(root, said);
        }
        "message_stop" => said.is_last = true,
        "error" | "" => said.error(root.field("error")),
        _ => {}
    }
}

pub(super) fn read_message<'t>(root: Value<'t>, said: &mut Said<'t>) {
    let blocks = root.field("content").into_iter().flat_map(Value::items);
    for (index, block) in (0..).zip(blocks) {
        read_block(index, block, said);
    }
    said.finish(0, root.field("stop_reason"));
    said.error(root.field("error"));
    read_usage(root, said);
}

fn read_usage<'t>(object: Value<'t>, said: &mut Said<'t>) {
    let usage = object.field("usage");
    said.usage = usage.and_then(|usage| Usage::read(Family::Anthropic, usage));
}

fn read_block<'t>(index: u64, block: Value<'t>, said: &mut Said<'t>) {
    said.output(index, OutputKind::Text, block.field("text"));
    said.output(index, OutputKind::Reasoning, block.field("thinking"));
    said.output(index, OutputKind::ToolCall, block.field("name"));
    said.output_json(index, OutputKind::ToolCall, block.field("input"));
}
