//! OpenAI's chat, and the legacy completions.

use super::{Asked, Events, WORD, data};
use serde_json::{Value, json};

/// What a tool is given, in the pieces in which it is streamed.
const ARGUMENTS: [&str; 4] = ["{\"ci", "ty\":\"Grü", "n\\u0061u\",\"n\"", ":[1,2]}"];

fn usage(asked: &Asked) -> Value {
    json!({"prompt_tokens": asked.input, "completion_tokens": asked.output(),
        "total_tokens": asked.input + asked.output(),
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 0}})
}

fn call(arguments: &str) -> Value {
    json!({"id": "call_1", "type": "function",
        "function": {"name": "weather", "arguments": arguments}})
}

pub(super) fn whole(asked: &Asked) -> Value {
    let message = if asked.is("tools") {
        json!({"role": "assistant", "content": null, "refusal": null,
            "tool_calls": [call(&ARGUMENTS.concat())]})
    } else {
        json!({"role": "assistant", "content": asked.text(), "refusal": null})
    };
    let reason = if asked.is("tools") { "tool_calls" } else { "stop" };
    let choices: Vec<Value> = (0..asked.outputs)
        .map(|index| {
            json!({"index": index, "message": message, "logprobs": null, "finish_reason": reason})
        })
        .collect();
    let mut body = json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1,
        "model": asked.mode, "choices": choices});
    if !asked.is("silent") {
        body["usage"] = usage(asked);
    }
    body
}

fn chunk(asked: &Asked, index: i64, delta: &Value, reason: &Value) -> String {
    let mut chunk = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
        "model": asked.mode, "choices": [{"index": index, "delta": delta, "logprobs": null,
            "finish_reason": reason}]});
    if asked.includes_usage {
        chunk["usage"] = Value::Null;
    }
    data(&chunk)
}

pub(super) fn stream(asked: &Asked) -> Events {
    let mut events = Events::new();
    for index in 0..asked.outputs {
        let role = json!({"role": "assistant", "content": ""});
        events.push((chunk(asked, index, &role, &Value::Null), 0));
    }
    if asked.is("tools") {
        // The words are those of the call.
        events.push((chunk(asked, 0, &json!({"tool_calls": [start()]}), &Value::Null), 0));
        for piece in ARGUMENTS {
            let piece = json!({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]});
            events.push((chunk(asked, 0, &piece, &Value::Null), 0));
        }
    } else {
        for _ in 0..asked.words {
            for index in 0..asked.outputs {
                let word = json!({"content": WORD});
                events.push((chunk(asked, index, &word, &Value::Null), 1));
            }
        }
    }
    if asked.is("breaking") {
        return events;
    }
    let (reason, tokens) =
        if asked.is("tools") { ("tool_calls", asked.output()) } else { ("stop", 0) };
    for index in 0..asked.outputs {
        events.push((chunk(asked, index, &json!({}), &json!(reason)), 0));
    }
    if asked.includes_usage && !asked.is("silent") {
        events.push((
            data(&json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
                "model": asked.mode, "choices": [], "usage": usage(asked)})),
            0,
        ));
    }
    events.push(("data: [DONE]\n\n".to_owned(), tokens));
    events
}

fn start() -> Value {
    let mut start = call("");
    start["index"] = json!(0);
    start
}

fn completion(asked: &Asked, text: &str, reason: &Value) -> Value {
    json!({"id": "cmpl-1", "object": "text_completion", "created": 1, "model": asked.mode,
        "choices": [{"index": 0, "text": text, "logprobs": null, "finish_reason": reason}]})
}

pub(super) fn legacy_whole(asked: &Asked) -> Value {
    let mut body = completion(asked, &asked.text(), &json!("stop"));
    body["usage"] = usage(asked);
    body
}

pub(super) fn legacy_stream(asked: &Asked) -> Events {
    let word = data(&completion(asked, WORD, &Value::Null));
    let mut events: Events = (0..asked.words).map(|_| (word.clone(), 1)).collect();
    events.push((data(&completion(asked, "", &json!("stop"))), 0));
    if asked.includes_usage {
        let mut last = completion(asked, "", &Value::Null);
        last["choices"] = json!([]);
        last["usage"] = usage(asked);
        events.push((data(&last), 0));
    }
    events.push(("data: [DONE]\n\n".to_owned(), 0));
    events
}
