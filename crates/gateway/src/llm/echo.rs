//! A provider that is none: it answers with the words it was sent, for trials without a key.
//!
//! Not here: embeddings, for which there is nothing to say.

use super::{
    asked::{Asked, Output},
    options::Tokenizer,
};
use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use bytes::Bytes;
use novacore_dialects::{ErrorBody, ErrorKind, Request, Route};
use serde_json::{Value, json};
use std::convert::Infallible;

/// How the answer counts its own words.
const TOKENIZER: Tokenizer = Tokenizer::O200k;

/// What is said, and how much that is.
struct Said {
    model: String,
    pieces: Vec<String>,
    input: u64,
    output: u64,
    is_cut: bool,
}

/// The answer to a call.
pub(crate) fn answer(asked: &Asked, stream: bool) -> Response<Body> {
    let said = said(asked);
    let (events, whole) = match asked.route {
        Route::Chat => chat(&said),
        Route::Completions => completions(&said),
        Route::Responses => responses(&said),
        Route::Messages => messages(&said),
        Route::Embeddings => return no_embeddings(),
    };
    if !stream {
        return respond(StatusCode::OK, "application/json", Body::from(whole.to_string()));
    }
    let events = events.into_iter().map(|event| Ok::<_, Infallible>(Bytes::from(event)));
    let body = Body::from_stream(futures::stream::iter(events));
    respond(StatusCode::OK, "text/event-stream", body)
}

fn respond(status: StatusCode, media: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

fn no_embeddings() -> Response<Body> {
    let body = ErrorBody {
        kind: ErrorKind::NotFound,
        message: "the echo has no embeddings",
        field: None,
        request_id: None,
    };
    let body = body.json(novacore_dialects::Family::OpenAi);
    respond(StatusCode::NOT_FOUND, "application/json", Body::from(body))
}

/// The last message of the prompt, word by word, up to the maximum.
fn said(asked: &Asked) -> Said {
    let read = Request::read(asked.route, &asked.body).ok();
    let parts = read.as_ref().map_or(&[][..], |read| &read.prompt.parts);
    // A message's text stands beside its role.
    let last = parts.iter().rev().take(2).max_by_key(|part| part.bytes_max());
    let text = last.map_or_else(String::new, |part| part.text().into_owned());
    let most = match asked.output {
        Output::Stated(tokens) => tokens,
        Output::Open(most) => most.unwrap_or(u64::MAX),
    };
    let (mut pieces, mut output, mut is_cut) = (Vec::new(), 0, false);
    for piece in text.split_inclusive(' ') {
        let tokens = TOKENIZER.count(piece);
        is_cut = output + tokens > most;
        if is_cut {
            break;
        }
        output += tokens;
        pieces.push(piece.to_owned());
    }
    Said { model: asked.model.clone(), pieces, input: asked.prompt_likely, output, is_cut }
}

impl Said {
    fn text(&self) -> String {
        self.pieces.concat()
    }

    fn reason<'r>(&self, stop: &'r str, length: &'r str) -> &'r str {
        if self.is_cut { length } else { stop }
    }

    fn usage(&self) -> Value {
        json!({"prompt_tokens": self.input, "completion_tokens": self.output,
               "total_tokens": self.input + self.output})
    }
}

fn data(value: &Value) -> String {
    format!("data: {value}\n\n")
}

fn named(value: &Value) -> String {
    format!("event: {}\ndata: {value}\n\n", value["type"].as_str().unwrap_or_default())
}

fn chat(said: &Said) -> (Vec<String>, Value) {
    let chunk = |delta: Value, reason: Value| {
        data(&json!({"id": "chatcmpl-echo", "object": "chat.completion.chunk", "created": 0,
            "model": said.model,
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}))
    };
    let reason = said.reason("stop", "length");
    let mut events = vec![chunk(json!({"role": "assistant", "content": ""}), Value::Null)];
    events.extend(said.pieces.iter().map(|text| chunk(json!({"content": text}), Value::Null)));
    events.push(chunk(json!({}), json!(reason)));
    events.push(data(&json!({"id": "chatcmpl-echo", "object": "chat.completion.chunk",
        "created": 0, "model": said.model, "choices": [], "usage": said.usage()})));
    events.push("data: [DONE]\n\n".to_owned());
    let whole = json!({"id": "chatcmpl-echo", "object": "chat.completion", "created": 0,
        "model": said.model, "usage": said.usage(),
        "choices": [{"index": 0, "finish_reason": reason, "logprobs": null,
            "message": {"role": "assistant", "content": said.text(), "refusal": null}}]});
    (events, whole)
}

fn completions(said: &Said) -> (Vec<String>, Value) {
    let answer = |text: &str, reason: Value| {
        json!({"id": "cmpl-echo", "object": "text_completion", "created": 0, "model": said.model,
            "choices": [{"index": 0, "text": text, "finish_reason": reason, "logprobs": null}]})
    };
    let reason = json!(said.reason("stop", "length"));
    let pieces = said.pieces.iter();
    let mut events: Vec<_> = pieces.map(|text| data(&answer(text, Value::Null))).collect();
    events.push(data(&answer("", reason.clone())));
    events.push(data(&json!({"id": "cmpl-echo", "object": "text_completion", "created": 0,
        "model": said.model, "choices": [], "usage": said.usage()})));
    events.push("data: [DONE]\n\n".to_owned());
    let mut whole = answer(&said.text(), reason);
    whole["usage"] = said.usage();
    (events, whole)
}

fn messages(said: &Said) -> (Vec<String>, Value) {
    let reason = said.reason("end_turn", "max_tokens");
    let message = |content: Value, reason: Value, output: u64| {
        json!({"id": "msg_echo", "type": "message", "role": "assistant", "model": said.model,
            "content": content, "stop_reason": reason, "stop_sequence": null,
            "usage": {"input_tokens": said.input, "output_tokens": output}})
    };
    let start = message(json!([]), Value::Null, 0);
    let mut events = vec![
        named(&json!({"type": "message_start", "message": start})),
        named(&json!({"type": "content_block_start", "index": 0,
            "content_block": {"type": "text", "text": ""}})),
    ];
    events.extend(said.pieces.iter().map(|text| {
        named(&json!({"type": "content_block_delta", "index": 0,
            "delta": {"type": "text_delta", "text": text}}))
    }));
    events.push(named(&json!({"type": "content_block_stop", "index": 0})));
    events.push(named(&json!({"type": "message_delta",
        "delta": {"stop_reason": reason, "stop_sequence": null},
        "usage": {"output_tokens": said.output}})));
    events.push(named(&json!({"type": "message_stop"})));
    let content = json!([{"type": "text", "text": said.text()}]);
    (events, message(content, json!(reason), said.output))
}

fn responses(said: &Said) -> (Vec<String>, Value) {
    let text = said.text();
    let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": []});
    let item = |status: &str, content: Value| {
        json!({"id": "msg_echo", "type": "message", "role": "assistant", "status": status,
            "content": content})
    };
    let response = |status: &str, output: Value, usage: Value| {
        let details = if said.is_cut && status == "incomplete" {
            json!({"reason": "max_output_tokens"})
        } else {
            Value::Null
        };
        json!({"id": "resp_echo", "object": "response", "created_at": 0, "status": status,
            "model": said.model, "output": output, "usage": usage, "error": null,
            "incomplete_details": details, "instructions": null, "metadata": {},
            "parallel_tool_calls": true, "tool_choice": "auto", "tools": []})
    };
    let usage = json!({"input_tokens": said.input, "output_tokens": said.output,
        "total_tokens": said.input + said.output,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0}});
    let status = said.reason("completed", "incomplete");
    let done = item(status, json!([part(&text)]));
    let whole = response(status, json!([done]), usage);
    let begun = response("in_progress", json!([]), Value::Null);
    let mut events = vec![
        json!({"type": "response.created", "response": begun}),
        json!({"type": "response.output_item.added", "output_index": 0,
            "item": item("in_progress", json!([]))}),
        json!({"type": "response.content_part.added", "item_id": "msg_echo", "output_index": 0,
            "content_index": 0, "part": part("")}),
    ];
    events.extend(said.pieces.iter().map(|text| {
        json!({"type": "response.output_text.delta", "item_id": "msg_echo", "output_index": 0,
            "content_index": 0, "delta": text})
    }));
    events.extend([
        json!({"type": "response.output_text.done", "item_id": "msg_echo", "output_index": 0,
            "content_index": 0, "text": text}),
        json!({"type": "response.content_part.done", "item_id": "msg_echo", "output_index": 0,
            "content_index": 0, "part": part(&text)}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": done}),
        json!({"type": format!("response.{status}"), "response": whole.clone()}),
    ]);
    for (number, event) in events.iter_mut().enumerate() {
        event["sequence_number"] = json!(number);
    }
    (events.iter().map(named).collect(), whole)
}
