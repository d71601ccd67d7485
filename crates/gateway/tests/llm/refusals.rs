//! What is refused is refused in the caller's dialect, and costs nothing.

use super::stage::{Answer, Stage, ask};
use axum::{body::Body, http::Request};
use serde_json::json;

#[tokio::test]
async fn a_quota_that_is_used_up_is_told_in_the_dialect() {
    let stage = Stage::new(50).await;
    let mut body = ask("plain", 3);
    body["max_tokens"] = json!(100);
    let answer = stage.chat_whole(&body).await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.json()["error"]["type"], "insufficient_quota");
    assert_eq!(answer.header("x-should-retry"), "false");
    assert!(answer.header("ratelimit-policy").starts_with("\"llm_tokens."), "{:?}", answer.headers);
    assert!(!answer.header("retry-after").is_empty());
    body["model"] = json!("claude");
    let answer = Answer::of(stage.call("/v1/messages", &[], &body).await).await;
    assert_eq!((answer.status, answer.json()["type"].as_str()), (429, Some("error")));
    assert_eq!(answer.json()["error"]["type"], "insufficient_quota");
    assert_eq!(answer.json()["request_id"], "the-request");
    assert_eq!(answer.header("request-id"), "the-request");
    assert_eq!((stage.settled().await, stage.upstream.calls()), ((0, 0), 0));
}

#[tokio::test]
async fn nothing_is_sent_while_the_store_is_down() {
    let stage = Stage::new(5_000).await;
    let mut body = ask("plain", 3);
    body["max_tokens"] = json!(10);
    stage.memory.set_writable(false);
    let answer = stage.chat_whole(&body).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert!(!answer.header("retry-after").is_empty());
    assert_eq!(stage.upstream.calls(), 0);
    stage.memory.set_writable(true);
    assert_eq!(stage.chat_whole(&body).await.status, 200);
}

#[tokio::test]
async fn who_shows_nothing_is_not_heard() {
    let stage = Stage::new(5_000).await;
    let body = || Body::from(ask("plain", 3).to_string());
    for (name, value) in [
        ("x-nothing", "1"),
        ("authorization", "Bearer nonsense"),
        ("x-api-key", "nonsense"),
        ("x-service-token", "the-service-token-of-the-tests-0123456789"),
    ] {
        let request = Request::post("/v1/chat/completions").header(name, value);
        let answer = Answer::of(stage.send(request.body(body()).unwrap()).await).await;
        assert_eq!(answer.status, 401, "{name}");
        assert_eq!(answer.json()["error"]["code"], "invalid_api_key", "{name}");
    }
    // The SDK of Anthropic shows its key so.
    let request = Request::post("/v1/messages").header("x-api-key", stage.token());
    let ask = json!({"model": "claude", "max_tokens": 5,
        "messages": [{"role": "user", "content": "say 1"}]});
    let answer = stage.send(request.body(Body::from(ask.to_string())).unwrap()).await;
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn what_cannot_be_read_or_bounded_is_told_with_its_field() {
    let stage = Stage::new(5_000).await;
    let messages = json!([{"role": "user", "content": "x"}]);
    let file = json!([{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]);
    for (body, status, param) in [
        (json!({"messages": messages}), 400, "model"),
        (json!({"model": "plain", "messages": messages, "max_tokens": -1}), 400, "max_tokens"),
        (json!({"model": "none", "messages": messages}), 404, "model"),
        (json!({"model": "claude", "messages": messages}), 404, "model"),
        (json!({"model": "plain", "messages": file}), 422, "messages[0].content[0].file.file_id"),
    ] {
        let answer = stage.chat_whole(&body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
        assert_eq!(answer.json()["error"]["param"], param, "{body}");
    }
    assert_eq!((stage.settled().await, stage.upstream.calls()), ((0, 0), 0));
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused() {
    let stage = Stage::new(5_000).await;
    let long = json!({"model": "plain", "messages": [{"role": "user",
        "content": "x".repeat(33 << 20)}]});
    let answer = stage.chat_whole(&long).await;
    assert_eq!((answer.status, stage.upstream.calls()), (413, 0));
}

#[tokio::test]
async fn models_are_listed_to_those_who_may_call_them() {
    let stage = Stage::new(5_000).await;
    let get = |path: &str, token: &str| {
        let request = Request::get(path).header("authorization", format!("Bearer {token}"));
        request.body(Body::empty()).unwrap()
    };
    let answer = Answer::of(stage.send(get("/v1/models", stage.token())).await).await;
    let names: Vec<_> = answer.json()["data"].as_array().unwrap().clone();
    assert!(names.iter().any(|model| model["id"] == "claude" && model["owned_by"] == "anthropic"));
    let answer = Answer::of(stage.send(get("/v1/models/plain", stage.token())).await).await;
    assert_eq!(answer.json()["id"], "plain");
    // As SDKs write it, and as people do.
    for path in ["/v1/models/meta%2Fllama%3A3", "/v1/models/meta/llama:3"] {
        let answer = Answer::of(stage.send(get(path, stage.token())).await).await;
        assert_eq!((answer.status, &answer.json()["id"]), (200, &json!("meta/llama:3")), "{path}");
    }
    // Decoded once: a name that is encoded twice, or no text, is another one.
    for path in ["meta%252Fllama%3A3", "%FF", "..%2Fmeta%2Fllama%3A3", "meta%2Fllama%3A3%2F"] {
        let path = format!("/v1/models/{path}");
        assert_eq!(stage.send(get(&path, stage.token())).await.status(), 404, "{path}");
    }
    assert_eq!(stage.send(get("/v1/models/none", stage.token())).await.status(), 404);
    assert_eq!(stage.send(get("/v1/models", "nonsense")).await.status(), 401);
}
