//! OpenAI chat completions, legacy completions and embeddings, whole and in chunks: the one has
//! `message`, the other `delta`, and what is inside is the same.

use super::{Said, index_of};
use crate::json::Value;
use crate::output::OutputKind;
use crate::route::Family;
use crate::usage::Usage;

pub(super) fn read<'t>(root: Value<'t>, said: &mut Said<'t>) {
    if let Some(choices) = root.field("choices") {
        for choice in choices.items() {
            read_choice(choice, said);
        }
    }
    // Groq puts the usage of a stream into a member of its own.
    let usage = root.field("usage").or(root.field("x_groq").and_then(|own| own.field("usage")));
    said.usage = usage.and_then(|usage| Usage::read(Family::OpenAi, usage));
    said.error(root.field("error"));
}

fn read_choice<'t>(choice: Value<'t>, said: &mut Said<'t>) {
    let index = index_of(choice, "index");
    said.output(index, OutputKind::Text, choice.field("text"));
    if let Some(message) = choice.field("delta").or(choice.field("message")) {
        read_message(index, message, said);
    }
    said.finish(index, choice.field("finish_reason"));
}

fn read_message<'t>(index: u64, message: Value<'t>, said: &mut Said<'t>) {
    // A list of parts from servers that mix thinking into it: counted as it is written.
    said.output_json(index, OutputKind::Text, message.field("content"));
    said.output(index, OutputKind::Refusal, message.field("refusal"));
    // Two names of the same; a server that sends both repeats itself.
    let reasoning = message.field("reasoning_content").or(message.field("reasoning"));
    said.output(index, OutputKind::Reasoning, reasoning);
    let transcript = message.field("audio").and_then(|audio| audio.field("transcript"));
    said.output(index, OutputKind::Transcript, transcript);
    let calls = message.field("tool_calls");
    for call in calls.into_iter().flat_map(Value::items) {
        read_call(index, call.field("function").or(call.field("custom")), said);
    }
    read_call(index, message.field("function_call"), said);
}

fn read_call<'t>(index: u64, call: Option<Value<'t>>, said: &mut Said<'t>) {
    let Some(call) = call else { return };
    said.output(index, OutputKind::ToolCall, call.field("name"));
    said.output(index, OutputKind::ToolCall, call.field("arguments").or(call.field("input")));
}
