//! OpenAI responses, whole and in events.
//!
//! Invariant: text counts where it comes as a delta; the events that repeat it whole (`.done`) do
//! not count again.

use super::{Said, index_of};
use crate::json::Value;
use crate::output::OutputKind;
use crate::route::Family;
use crate::usage::Usage;

pub(super) fn read_event<'t>(root: Value<'t>, said: &mut Said<'t>) {
    let Some(kind) = root.field("type").and_then(Value::as_str) else {
        return said.error(root.field("error"));
    };
    let index = index_of(root, "output_index");
    let delta = root.field("delta");
    match &*kind {
        "response.output_text.delta" => said.output(index, OutputKind::Text, delta),
        "response.refusal.delta" => said.output(index, OutputKind::Refusal, delta),
        "response.reasoning_text.delta" | "response.reasoning_summary_text.delta" => {
            said.output(index, OutputKind::Reasoning, delta);
        }
        "response.audio.transcript.delta" => said.output(index, OutputKind::Transcript, delta),
        "response.output_item.added" => {
            let name = root.field("item").and_then(|item| item.field("name"));
            said.output(index, OutputKind::ToolCall, name);
        }
        "response.completed" | "response.incomplete" | "response.failed" => {
            said.is_last = true;
            read_end(root, said);
        }
        "error" => said.error(Some(root.field("error").unwrap_or(root))),
        // The arguments of functions, of tools of the provider, code that it runs.
        other if other.ends_with(".delta") => said.output(index, OutputKind::ToolCall, delta),
        _ => {}
    }
    if let Some(response) = root.field("response") {
        said.names(response);
    }
}

fn read_end<'t>(root: Value<'t>, said: &mut Said<'t>) {
    let Some(response) = root.field("response") else { return };
    let usage = response.field("usage");
    said.usage = usage.and_then(|usage| Usage::read(Family::OpenAi, usage));
    said.error(response.field("error"));
    let why = response.field("incomplete_details").and_then(|why| why.field("reason"));
    said.finish(0, why.or(response.field("status")));
}

pub(super) fn read_response<'t>(root: Value<'t>, said: &mut Said<'t>) {
    let usage = root.field("usage");
    said.usage = usage.and_then(|usage| Usage::read(Family::OpenAi, usage));
    said.error(root.field("error"));
    let why = root.field("incomplete_details").and_then(|why| why.field("reason"));
    said.finish(0, why.or(root.field("status")));
    let items = root.field("output").into_iter().flat_map(Value::items);
    for (index, item) in (0..).zip(items) {
        read_item(index, item, said);
    }
}

fn read_item<'t>(index: u64, item: Value<'t>, said: &mut Said<'t>) {
    for name in ["name", "arguments", "input"] {
        said.output_json(index, OutputKind::ToolCall, item.field(name));
    }
    let is_reasoning = item.field("type").is_some_and(|kind| kind.raw() == "\"reasoning\"");
    for part in item.field("summary").into_iter().flat_map(Value::items) {
        said.output(index, OutputKind::Reasoning, part.field("text"));
    }
    let text = if is_reasoning { OutputKind::Reasoning } else { OutputKind::Text };
    for part in item.field("content").into_iter().flat_map(Value::items) {
        said.output(index, text, part.field("text"));
        said.output(index, OutputKind::Refusal, part.field("refusal"));
        said.output(index, OutputKind::Transcript, part.field("transcript"));
    }
}
