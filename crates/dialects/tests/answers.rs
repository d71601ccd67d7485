//! Whole answers: usage, what was written, errors.

use novacore_dialects::{Answer, OutputKind, Route, Usage};

fn read(route: Route, body: &str) -> Answer<'_> {
    Answer::read(route, body.as_bytes()).expect("the body is JSON")
}

fn written(answer: &Answer<'_>) -> Vec<(OutputKind, String)> {
    answer.outputs.iter().map(|output| (output.kind, output.text.clone().into_owned())).collect()
}

#[test]
fn a_chat_answer_reports_every_figure() {
    let body = r#"{"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion",
        "created":1741569952,"model":"gpt-4.1-2025-04-14","choices":[{"index":0,"message":{
        "role":"assistant","content":"Hello! How can I assist you today?","refusal":null,
        "annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":1117,
        "completion_tokens":46,"total_tokens":1163,"prompt_tokens_details":{"cached_tokens":1024,
        "audio_tokens":8},"completion_tokens_details":{"reasoning_tokens":20,"audio_tokens":2,
        "accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"service_tier":"default"}"#;
    let answer = read(Route::Chat, body);
    let usage = answer.usage.unwrap();
    let Usage { input, cached_input, cache_creation, output, reasoning, .. } = usage;
    assert_eq!((input, cached_input, cache_creation), (Some(1_117), Some(1_024), None));
    assert_eq!((output, reasoning, usage.total()), (Some(46), Some(20), Some(1_163)));
    assert_eq!((usage.audio_input, usage.audio_output), (Some(8), Some(2)));
    assert_eq!(written(&answer), [(OutputKind::Text, "Hello! How can I assist you today?".into())]);
    assert_eq!(answer.finishes[0].reason, "stop");
    assert_eq!(answer.model.as_deref(), Some("gpt-4.1-2025-04-14"));
}

#[test]
fn the_other_answers_report_theirs() {
    let body = r#"{"object":"list","data":[{"object":"embedding","embedding":[0.0023,-0.0093],
        "index":0}],"model":"text-embedding-3","usage":{"prompt_tokens":8,"total_tokens":8}}"#;
    let usage = read(Route::Embeddings, body).usage.unwrap();
    assert_eq!((usage.total(), usage.output), (Some(8), None));

    let body = r#"{"id":"resp_1","object":"response","status":"incomplete","error":null,
        "incomplete_details":{"reason":"max_output_tokens"},"model":"o4-mini","output":[
        {"type":"reasoning","summary":[{"type":"summary_text","text":"Hm"}]},
        {"type":"message","role":"assistant","content":[{"type":"output_text","text":"In a"}]},
        {"type":"function_call","name":"f","arguments":"{}"}],"usage":{"input_tokens":36,
        "input_tokens_details":{"cached_tokens":0},"output_tokens":87,
        "output_tokens_details":{"reasoning_tokens":64},"total_tokens":123}}"#;
    let answer = read(Route::Responses, body);
    assert_eq!(answer.usage.and_then(|usage| usage.total()), Some(123));
    assert_eq!(answer.usage.and_then(|usage| usage.cached_input), Some(0));
    assert_eq!(answer.finishes[0].reason, "max_output_tokens");
    let (text, call) = (OutputKind::Text, OutputKind::ToolCall);
    assert_eq!(
        written(&answer),
        [
            (OutputKind::Reasoning, "Hm".into()),
            (text, "In a".into()),
            (call, "f".into()),
            (call, "{}".into()),
        ]
    );

    let body = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-opus-4",
        "content":[{"type":"thinking","thinking":"Hm","signature":"s"},{"type":"text","text":"Hi"},
        {"type":"tool_use","id":"t","name":"f","input":{"a":1}}],"stop_reason":"tool_use",
        "stop_sequence":null,"usage":{"input_tokens":2095,"cache_creation_input_tokens":0,
        "cache_read_input_tokens":null,"output_tokens":503}}"#;
    let answer = read(Route::Messages, body);
    let usage = answer.usage.unwrap();
    assert_eq!((usage.cache_creation, usage.cached_input), (Some(0), None));
    assert_eq!(usage.total(), Some(2_598));
    assert_eq!(written(&answer).last().unwrap(), &(call, "{\"a\":1}".into()));
}

#[test]
fn errors_are_told_from_answers() {
    for (route, body, kind, message) in [
        (
            Route::Chat,
            r#"{"error":{"message":"Rate limit","type":"requests","param":null,
                "code":"rate_limit_exceeded"}}"#,
            "rate_limit_exceeded",
            "Rate limit",
        ),
        (Route::Chat, r#"{"error":"model not found"}"#, "", "model not found"),
        (
            Route::Messages,
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            "overloaded_error",
            "Overloaded",
        ),
        (
            Route::Responses,
            r#"{"error":{"code":"server_error","message":"m"}}"#,
            "server_error",
            "m",
        ),
    ] {
        let error = read(route, body).error.expect(body);
        assert_eq!((&*error.kind, &*error.message), (kind, message));
    }
    assert_eq!(Answer::read(Route::Chat, b"<html>").unwrap_err().at, 0);
    assert_eq!(read(Route::Chat, "[1]").usage, None);
}
