//! OpenAI's responses.

use super::{Asked, Events, WORD, named};
use serde_json::{Value, json};

fn item(status: &str, text: &str) -> Value {
    json!({"id": "msg_1", "type": "message", "role": "assistant", "status": status,
        "content": [part(text)]})
}

fn part(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

fn response(asked: &Asked, status: &str, output: &Value, usage: &Value) -> Value {
    json!({"id": "resp_1", "object": "response", "created_at": 1, "status": status,
        "model": asked.mode, "output": output, "usage": usage, "error": null,
        "incomplete_details": null, "instructions": null, "metadata": {}, "temperature": 1.0,
        "top_p": 1.0, "parallel_tool_calls": true, "tool_choice": "auto", "tools": []})
}

pub(super) fn whole(asked: &Asked) -> Value {
    let usage = json!({"input_tokens": asked.input, "output_tokens": asked.output(),
        "total_tokens": asked.input + asked.output(),
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0}});
    response(asked, "completed", &json!([item("completed", &asked.text())]), &usage)
}

pub(super) fn stream(asked: &Asked) -> Events {
    let begun = response(asked, "in_progress", &json!([]), &Value::Null);
    let mut opened = item("in_progress", "");
    opened["content"] = json!([]);
    let place = |kind: &str| {
        json!({"type": format!("response.{kind}"), "item_id": "msg_1",
            "output_index": 0, "content_index": 0})
    };
    let with = |kind: &str, name: &str, value: Value| {
        let mut event = place(kind);
        event[name] = value;
        event
    };
    let mut events = vec![
        (json!({"type": "response.created", "response": begun}), 0),
        (json!({"type": "response.in_progress", "response": begun}), 0),
        (json!({"type": "response.output_item.added", "output_index": 0, "item": opened}), 0),
        (with("content_part.added", "part", part("")), 0),
    ];
    let mut word = with("output_text.delta", "delta", json!(WORD));
    word["logprobs"] = json!([]);
    events.extend((0..asked.words).map(|_| (word.clone(), 1)));
    let done = item("completed", &asked.text());
    events.extend([
        (with("output_text.done", "text", json!(asked.text())), 0),
        (with("content_part.done", "part", part(&asked.text())), 0),
        (json!({"type": "response.output_item.done", "output_index": 0, "item": done}), 0),
        (json!({"type": "response.completed", "response": whole(asked)}), 0),
    ]);
    let numbered = events.into_iter().enumerate().map(|(number, (mut event, tokens))| {
        event["sequence_number"] = json!(number);
        (named(&event), tokens)
    });
    numbered.collect()
}
