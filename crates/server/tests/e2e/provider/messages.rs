//! Anthropic's messages.

use super::{Asked, CACHE_MADE, CACHED, Events, WORD, named};
use serde_json::{Value, json};

const INPUT: [&str; 4] = ["", "{\"city\": \"Grü", "nau\", \"n\": [1,", " 2]}"];

fn usage(asked: &Asked, output: i64) -> Value {
    let mut usage = json!({"input_tokens": asked.input, "output_tokens": output});
    if asked.is("cached") {
        usage["cache_read_input_tokens"] = json!(CACHED);
        usage["cache_creation_input_tokens"] = json!(CACHE_MADE);
    }
    usage
}

fn message(asked: &Asked, content: &Value, reason: &Value, output: i64) -> Value {
    json!({"id": "msg_1", "type": "message", "role": "assistant", "model": asked.mode,
        "content": content, "stop_reason": reason, "stop_sequence": null,
        "usage": usage(asked, output)})
}

fn reason(asked: &Asked) -> Value {
    json!(if asked.is("tools") { "tool_use" } else { "end_turn" })
}

pub(super) fn whole(asked: &Asked) -> Value {
    let mut content = Vec::new();
    if asked.is("thinking") {
        content.push(json!({"type": "thinking", "thinking": asked.text(), "signature": "c2ln"}));
    }
    if asked.is("tools") {
        let input: Value = serde_json::from_str(&INPUT.concat()).expect("JSON");
        content.push(json!({"type": "tool_use", "id": "toolu_1", "name": "weather",
            "input": input}));
    } else {
        content.push(json!({"type": "text", "text": asked.text()}));
    }
    message(asked, &json!(content), &reason(asked), asked.output())
}

/// One block: how it begins, and its deltas with their tokens.
fn block(events: &mut Events, index: usize, start: &Value, deltas: Vec<(Value, i64)>) {
    let start = json!({"type": "content_block_start", "index": index, "content_block": start});
    events.push((named(&start), 0));
    for (delta, tokens) in deltas {
        let delta = json!({"type": "content_block_delta", "index": index, "delta": delta});
        events.push((named(&delta), tokens));
    }
    events.push((named(&json!({"type": "content_block_stop", "index": index})), 0));
}

pub(super) fn stream(asked: &Asked) -> Events {
    let start = message(asked, &json!([]), &Value::Null, 1);
    let mut events = vec![(named(&json!({"type": "message_start", "message": start})), 0)];
    events.push((named(&json!({"type": "ping"})), 0));
    let (mut index, mut left) = (0, asked.words);
    if asked.is("thinking") {
        let half = left / 2;
        let word = json!({"type": "thinking_delta", "thinking": WORD});
        let mut deltas: Vec<_> = (0..half).map(|_| (word.clone(), 1)).collect();
        deltas.push((json!({"type": "signature_delta", "signature": "c2ln"}), 0));
        let start = json!({"type": "thinking", "thinking": "", "signature": ""});
        block(&mut events, index, &start, deltas);
        (index, left) = (index + 1, left - half);
    }
    if asked.is("tools") {
        let piece = |text: &&str| (json!({"type": "input_json_delta", "partial_json": text}), 0);
        let start = json!({"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}});
        block(&mut events, index, &start, INPUT.iter().map(piece).collect());
    } else {
        let word = json!({"type": "text_delta", "text": WORD});
        let deltas = (0..left).map(|_| (word.clone(), 1)).collect();
        block(&mut events, index, &json!({"type": "text", "text": ""}), deltas);
    }
    if asked.is("breaking") {
        return events;
    }
    let tokens = if asked.is("tools") { asked.output() } else { 0 };
    let last = json!({"type": "message_delta",
        "delta": {"stop_reason": reason(asked), "stop_sequence": null},
        "usage": {"output_tokens": asked.output()}});
    events.push((named(&last), tokens));
    events.push((named(&json!({"type": "message_stop"})), 0));
    events
}
