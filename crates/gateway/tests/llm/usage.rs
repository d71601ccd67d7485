//! What a provider reports is what is charged, in every dialect and shape.

use super::{
    stage::{Answer, PROVIDER_KEY, Stage, ask, ask_stream},
    upstream::PROMPT,
};
use serde_json::json;

fn total(words: u64) -> i64 {
    i64::try_from(PROMPT + words).unwrap()
}

#[tokio::test]
async fn a_whole_answer_is_charged_as_reported() {
    let stage = Stage::new(1_000).await;
    let mut body = ask("plain", 7);
    body["max_tokens"] = json!(50);
    let answer = stage.chat_whole(&body).await;
    assert_eq!((answer.status, answer.words()), (200, 7), "{}", answer.text);
    assert_eq!(stage.settled().await, (total(7), 0));
    assert_eq!(stage.upstream.served(), PROMPT + 7);
}

#[tokio::test]
async fn a_call_without_maximum_is_streamed_and_put_together() {
    let stage = Stage::new(1_000).await;
    let answer = stage.chat_whole(&ask("plain", 300)).await;
    assert_eq!((answer.status, answer.words()), (200, 300), "{}", answer.text);
    assert_eq!(answer.json()["usage"]["completion_tokens"], 300);
    assert_eq!(stage.upstream.seen.last.lock().await.1["stream"], true);
    assert_eq!(stage.settled().await, (total(300), 0));
}

#[tokio::test]
async fn a_stream_passes_as_the_caller_asked_for_it() {
    let stage = Stage::new(1_000).await;
    let answer = stage.chat_whole(&ask_stream("plain", 5, Some(20))).await;
    assert_eq!(answer.header("content-type"), "text/event-stream; charset=utf-8");
    assert_eq!(answer.words(), 5);
    // It was we who asked for usage.
    assert!(!answer.text.contains("usage"), "{}", answer.text);
    assert!(answer.text.ends_with("data: [DONE]\n\n"));
    let mut body = ask_stream("plain", 5, Some(20));
    body["stream_options"] = json!({"include_usage": true});
    let answer = stage.chat_whole(&body).await;
    assert!(answer.text.contains("\"completion_tokens\":5"), "{}", answer.text);
    assert_eq!(stage.settled().await, (2 * total(5), 0));
}

#[tokio::test]
async fn anthropic_is_spoken_too() {
    let stage = Stage::new(1_000).await;
    for stream in [false, true] {
        let mut body = ask("claude", 6);
        body["max_tokens"] = json!(30);
        body["stream"] = json!(stream);
        let answer = Answer::of(stage.call("/v1/messages", &[], &body).await).await;
        assert_eq!((answer.status, answer.words()), (200, 6), "{}", answer.text);
    }
    assert_eq!(stage.settled().await, (2 * total(6), 0));
    let (headers, _) = &*stage.upstream.seen.last.lock().await;
    assert_eq!(headers["x-api-key"], PROVIDER_KEY);
    assert_eq!(headers["anthropic-version"], "2023-06-01");
    assert!(!headers.contains_key("authorization"));
}

#[tokio::test]
async fn a_provider_sees_its_own_key_and_nothing_of_the_caller() {
    let stage = Stage::new(1_000).await;
    let forged = [
        ("x-user-id", "someone"),
        ("x-service-token", "secret"),
        ("cookie", "a=b"),
        ("openai-organization", "org"),
        ("x_user_tier", "pro"),
    ];
    let mut body = ask("plain", 1);
    body["max_tokens"] = json!(10);
    let answer = stage.call("/v1/chat/completions", &forged, &body).await;
    assert_eq!(answer.status(), 200);
    let (headers, _) = &*stage.upstream.seen.last.lock().await;
    assert_eq!(headers["authorization"], format!("Bearer {PROVIDER_KEY}"));
    for (name, _) in forged {
        assert!(!headers.contains_key(name), "{name}");
    }
    let mut known: Vec<_> = headers.keys().map(|name| name.as_str()).collect();
    known.sort_unstable();
    let (framing, own) =
        (["content-length", "content-type", "host", "user-agent"], "authorization");
    assert_eq!(known, [&["accept", "accept-encoding", own][..], &framing].concat());
}

#[tokio::test]
async fn unknown_members_reach_the_provider_untouched() {
    let stage = Stage::new(1_000).await;
    let text = r#"{ "model" : "plain" ,"x_new":[1.50,{"a":null}], "max_tokens":10,
        "messages":[{"role":"user","content":"say 1"}] }"#;
    let request = axum::http::Request::post("/v1/chat/completions")
        .header("authorization", format!("Bearer {}", stage.token()))
        .body(axum::body::Body::from(text))
        .unwrap();
    assert_eq!(stage.send(request).await.status(), 200);
    let (_, body) = &*stage.upstream.seen.last.lock().await;
    assert_eq!(body["x_new"], json!([1.5, {"a": null}]));
}

#[tokio::test]
async fn no_report_is_estimated_and_says_so() {
    let stage = Stage::new(1_000).await;
    for body in [ask_stream("silent", 40, Some(50)), {
        let mut body = ask("silent", 40);
        body["max_tokens"] = json!(50);
        body
    }] {
        assert_eq!(stage.chat_whole(&body).await.words(), 40);
    }
    let (used, held) = stage.settled().await;
    // The prompt is counted as the provider would, give or take its framing.
    assert!((2 * total(40) - 20..=2 * total(40) + 20).contains(&used), "{used}");
    assert_eq!(held, 0);
    let metrics = stage.metrics();
    assert!(metrics.contains("source=\"estimated\""), "{metrics}");
}

#[tokio::test]
async fn what_was_charged_on_the_way_is_corrected_when_less_is_reported() {
    let stage = Stage::new(5_000).await;
    let answer = stage.chat_whole(&ask_stream("modest", 1_000, None)).await;
    assert_eq!(answer.words(), 1_000);
    assert_eq!(stage.settled().await, (total(250), 0));
}

#[tokio::test]
async fn a_long_stream_is_charged_on_the_way() {
    let stage = Stage::new(5_000).await;
    let response = stage.chat(&ask_stream("gated", 400, None)).await;
    let mut body = response.into_body().into_data_stream();
    stage.upstream.seen.gate.add_permits(390);
    super::stage::read_words(&mut body, 390).await;
    // As much as a crash could lose now: what is not charged yet.
    let mut charged = 0;
    for _ in 0..1_000 {
        charged = stage.now().await.0;
        if charged > 390 - 2 * 128 {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert!(charged > 390 - 2 * 128, "{charged}");
    stage.upstream.seen.gate.add_permits(10);
    drop(body);
    assert_eq!(stage.settled().await, (total(400), 0));
}

#[tokio::test]
async fn the_echo_answers_in_every_dialect() {
    let stage = Stage::new(10_000).await;
    let messages = json!([{"role": "user", "content": "hello hello"}]);
    let calls = [
        ("/v1/chat/completions", json!({"model": "echo", "messages": messages})),
        ("/v1/messages", json!({"model": "echo", "messages": messages, "max_tokens": 20})),
        ("/v1/responses", json!({"model": "echo", "input": "hello hello"})),
        ("/v1/completions", json!({"model": "echo", "prompt": "hello hello"})),
    ];
    for (path, body) in calls {
        for stream in [false, true] {
            let mut body = body.clone();
            body["stream"] = json!(stream);
            let answer = Answer::of(stage.call(path, &[], &body).await).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            assert!(answer.words() >= 2, "{path}: {}", answer.text);
        }
    }
    let (used, held) = stage.settled().await;
    assert!(used > 0 && held == 0);
    let metrics = stage.metrics();
    assert!(!metrics.contains("source=\"estimated\""), "{metrics}");
}
