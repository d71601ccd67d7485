//! Streams put together, compared with the answers that the same calls have without a stream.

use novacore_dialects::{Answer, AssembleError, Assembly, Cut, Route, StreamOptions, StreamReader};
use serde_json::{Value, json};

const CHAT_TEXT: &str = include_str!("../testdata/chat_text.sse");
const CHAT_TOOLS: &str = include_str!("../testdata/chat_tools.sse");
const CHAT_ERROR: &str = include_str!("../testdata/chat_error.sse");
const COMPLETIONS: &str = include_str!("../testdata/completions.sse");
const MESSAGES: &str = include_str!("../testdata/messages.sse");
const RESPONSES: &str = include_str!("../testdata/responses.sse");

const CUT: Cut<'_> = Cut {
    choices: 1,
    include_usage: true,
    input_tokens: 7,
    output_tokens: 3,
    id: "cut_1",
    model: "m",
    created_s: 1_700_000_000,
};

fn feed(reader: &mut StreamReader, assembly: &mut Assembly) -> Result<(), AssembleError> {
    while let Some(event) = reader.next_event() {
        assembly.push(&event)?;
    }
    Ok(())
}

/// Assembles `stream`, with our own end if it has none.
fn assemble(route: Route, stream: &str, bytes_max: usize) -> Result<Value, AssembleError> {
    let mut reader = StreamReader::new(StreamOptions::new(route));
    let mut assembly = Assembly::new(route, bytes_max)?;
    reader.push(stream.as_bytes());
    feed(&mut reader, &mut assembly)?;
    reader.push(&reader.end(&CUT));
    feed(&mut reader, &mut assembly)?;
    let body = assembly.finish()?;
    let answer = Answer::read(route, &body).expect("an answer is JSON");
    assert_eq!(answer.usage, reader.usage_so_far(), "the answer says what the stream said");
    Ok(serde_json::from_slice(&body).expect("an answer is JSON"))
}

/// `stream` up to and including the event that contains `last`.
fn until<'s>(stream: &'s str, last: &str) -> &'s str {
    let boundary = if stream.contains("\r\n") { "\r\n\r\n" } else { "\n\n" };
    let at = stream.find(last).expect("the event is in the stream");
    &stream[..at + stream[at..].find(boundary).expect("events end") + boundary.len()]
}

#[test]
fn chat_choices_are_put_together_with_their_logprobs() {
    let got = assemble(Route::Chat, CHAT_TEXT, 100_000).unwrap();
    let choice = |index: u64, text: &str, logprobs: Value| {
        json!({"index": index, "finish_reason": "stop", "logprobs": logprobs,
               "message": {"role": "assistant", "content": text, "refusal": null}})
    };
    let token = |text: &str, logprob: f64| {
        let bytes = text.as_bytes();
        json!({"token": text, "logprob": logprob, "bytes": bytes, "top_logprobs": []})
    };
    let first = json!({"content": [token("Grüß", -0.317_253_05), token(" dich 👋", -1e-7)],
                       "refusal": null});
    let second = json!({"content": [token("Hi", -1.25), token(" there", -0.5)], "refusal": null});
    let want = json!({
        "id": "chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG",
        "object": "chat.completion",
        "created": 1_741_570_283,
        "model": "gpt-4o-mini-2024-07-18",
        "service_tier": "default",
        "system_fingerprint": "fp_06737a9306",
        "choices": [choice(0, "Grüß dich 👋", first), choice(1, "Hi there\n\"you\"", second)],
        "usage": {
            "prompt_tokens": 19, "completion_tokens": 9, "total_tokens": 28,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0,
                "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
        },
    });
    assert_eq!(got, want);
}

#[test]
fn tool_calls_are_put_together() {
    let got = assemble(Route::Chat, CHAT_TOOLS, 100_000).unwrap();
    let call = |id: &str, name: &str, arguments: &str| {
        let function = json!({"name": name, "arguments": arguments});
        json!({"id": id, "type": "function", "function": function})
    };
    assert_eq!(
        got["choices"],
        json!([{"index": 0, "finish_reason": "tool_calls", "logprobs": null, "message": {
            "role": "assistant", "content": null, "refusal": null,
            "reasoning_content": "I should look it up.",
            "tool_calls": [
                call("call_DdmO9pD3xa9XTPNJ32zg2hcA", "get_weather", "{\"location\":\"Paris\"}"),
                call("call_2", "get_time", "{}"),
            ],
        }}])
    );
    assert_eq!(got.get("usage"), None);
}

#[test]
fn text_may_follow_a_null_and_a_null_may_follow_text() {
    let chunk = |content: &str, reason: &str| {
        format!(
            "data: {{\"id\":\"x\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{content}}},\
             \"finish_reason\":{reason}}}]}}\n\n"
        )
    };
    let chunks = [("null", "null"), ("\"a\"", "null"), ("\"b\"", "null"), ("null", "\"stop\"")];
    let stream: String = chunks.iter().map(|(content, reason)| chunk(content, reason)).collect();
    let got = assemble(Route::Chat, &stream, 1_000).unwrap();
    assert_eq!(got["choices"][0]["message"]["content"], "ab");
}

#[test]
fn legacy_completions_are_put_together() {
    let got = assemble(Route::Completions, COMPLETIONS, 100_000).unwrap();
    assert_eq!(got["object"], "text_completion");
    assert_eq!(
        got["choices"],
        json!([{"index": 0, "text": "Once upon a time", "logprobs": null,
                "finish_reason": "length"}])
    );
}

#[test]
fn messages_are_put_together_block_by_block() {
    let got = assemble(Route::Messages, MESSAGES, 100_000).unwrap();
    let want = json!({
        "id": "msg_01XFDUDYJgAACzvnptvVoYEL", "type": "message", "role": "assistant",
        "model": "claude-sonnet-4-20250514",
        "content": [
            {"type": "thinking", "thinking": "The user asks for 東京.",
             "signature": "EqQBCgIYAhIM1gbcDa9GJwZA2b3h"},
            {"type": "text", "text": "Let me check the weather."},
            {"type": "tool_use", "id": "toolu_01T1x1fJ34qAmk2tNTrN7Up6", "name": "get_weather",
             "input": {"location": "東京"}},
        ],
        "stop_reason": "tool_use", "stop_sequence": null,
        "usage": {"input_tokens": 25, "cache_creation_input_tokens": 100,
                  "cache_read_input_tokens": 2_000, "output_tokens": 89,
                  "service_tier": "standard"},
    });
    assert_eq!(got, want);
}

#[test]
fn a_cut_stream_becomes_an_answer_that_was_too_long() {
    let got = assemble(Route::Chat, until(CHAT_TOOLS, "{\\\"loc"), 100_000).unwrap();
    let choice = &got["choices"][0];
    assert_eq!(choice["finish_reason"], "length");
    assert_eq!(choice["message"]["tool_calls"][0]["function"]["arguments"], "{\"loc");
    assert_eq!(got["usage"]["total_tokens"], 10);

    let got = assemble(Route::Messages, until(MESSAGES, "Let me"), 100_000).unwrap();
    assert_eq!(got["content"][1]["text"], "Let me");
    assert_eq!(
        (&got["stop_reason"], &got["usage"]["output_tokens"]),
        (&json!("max_tokens"), &json!(3))
    );
    let got = assemble(Route::Messages, until(MESSAGES, "{\\\"location\\\":"), 100_000).unwrap();
    assert_eq!(got["content"][2]["input"], json!({}));

    let got = assemble(Route::Responses, until(RESPONSES, "\"delta\":\"Hi\""), 100_000).unwrap();
    assert_eq!(
        (&got["status"], &got["id"]),
        (&json!("incomplete"), &json!("resp_67c9fdcecf488190bdd9a0409de3a1ec07b8b0ad4e5eb654"),)
    );
    assert_eq!(got["incomplete_details"], json!({"reason": "max_output_tokens"}));
    let content = json!([{"type": "output_text", "text": "Hi", "annotations": []}]);
    assert_eq!(got["output"][0]["content"], content);
    let got = assemble(Route::Responses, until(RESPONSES, "{\\\"city\\\":\""), 100_000).unwrap();
    assert_eq!(got["output"][0]["status"], "completed");
    assert_eq!(got["output"][1]["arguments"], "{\"city\":");
    assert_eq!(got["output"][1]["status"], "incomplete");

    for route in [Route::Chat, Route::Completions, Route::Messages, Route::Responses] {
        let got = assemble(route, "", 100_000).unwrap();
        assert_eq!((&got["id"], &got["model"]), (&json!("cut_1"), &json!("m")), "{route:?}");
    }
}

#[test]
fn a_whole_response_is_that_of_its_last_event() {
    let got = assemble(Route::Responses, RESPONSES, 100_000).unwrap();
    assert_eq!((&got["status"], &got["usage"]["total_tokens"]), (&json!("completed"), &json!(48)));
    assert_eq!(got["output"].as_array().map(Vec::len), Some(2));
}

#[test]
fn what_cannot_be_assembled_is_refused() {
    let chunk = |delta: &str| {
        format!("data: {{\"id\":\"x\",\"choices\":[{{\"index\":0,\"delta\":{delta}}}]}}\n\n")
    };
    let block = |start: &str| {
        format!("{}data: {start}\n\n", until(MESSAGES, "message_start\"").replace("\r\n", "\n"))
    };
    let unsupported = |what: &str| AssembleError::Unsupported(what.to_owned());
    for (route, stream, want) in [
        (Route::Chat, CHAT_ERROR.to_owned(), AssembleError::Provider),
        (Route::Chat, "data: {half\n\n".to_owned(), AssembleError::Unread),
        (Route::Chat, chunk("{\"audio\":{\"data\":\"QQ==\"}}"), unsupported("audio")),
        (Route::Chat, chunk("{\"content\":[{\"type\":\"text\"}]}"), unsupported("content")),
        (
            Route::Chat,
            chunk(&format!("{{\"content\":\"{}\"}}", "x".repeat(2_000))),
            AssembleError::TooLong,
        ),
        (
            Route::Messages,
            block("{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{}}"),
            AssembleError::Order,
        ),
        (
            Route::Messages,
            block("{\"type\":\"content_block_start\",\"index\":9999,\"content_block\":{}}"),
            AssembleError::TooLong,
        ),
    ] {
        assert_eq!(assemble(route, &stream, 1_500).unwrap_err(), want, "{stream}");
    }
    assert_eq!(Assembly::new(Route::Embeddings, 1).unwrap_err(), AssembleError::NoStream);
    let mut reader = StreamReader::new(StreamOptions::new(Route::Chat));
    let mut assembly = Assembly::new(Route::Chat, 100_000).unwrap();
    reader.push(until(CHAT_TEXT, "Gr").as_bytes());
    feed(&mut reader, &mut assembly).unwrap();
    assert_eq!(assembly.finish().unwrap_err(), AssembleError::Incomplete);
}

#[test]
fn what_is_kept_is_bounded_however_long_the_stream() {
    let chunk = "data: {\"id\":\"x\",\"created\":1,\"model\":\"m\",\"system_fingerprint\":\"fp\",\
                 \"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"logprobs\":null}]}\n\n";
    let stream = chunk.repeat(5_000);
    let got = assemble(Route::Chat, &stream, 6_000).unwrap();
    assert_eq!(got["choices"][0]["message"]["content"], "a".repeat(5_000));
    assert_eq!(assemble(Route::Chat, &stream, 5_000).unwrap_err(), AssembleError::TooLong);
}
