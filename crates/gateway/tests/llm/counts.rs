//! Counting a prompt beforehand: what would be held, and nothing is.

use super::stage::{Answer, Stage};
use axum::{body::Body, http::Request};
use novacore_gateway::{ModelOptions, Options, ProviderOptions, Tokenizer};
use serde_json::{Value, json};

const COUNT: &str = "/v1/messages/count_tokens";

fn body(model: &str) -> Value {
    json!({"model": model, "system": "Answer in one word.",
        "messages": [{"role": "user", "content": "Is it so? say 1"}],
        "tools": [{"name": "look", "input_schema": {"type": "object"}}]})
}

/// With a model of Anthropic's dialect that waits before it says anything, one whose tokenizer is
/// not known, and one that may not see images.
async fn stage() -> Stage {
    let change = |options: &mut Options, _: &ProviderOptions| {
        for provider in options.llm.providers.iter_mut().filter(|it| it.name == "anthropic") {
            let waits = ModelOptions {
                upstream_name: Some("gated".to_owned()),
                tokenizer: Tokenizer::O200k,
                margin_percent: 10,
                ..ModelOptions::named("waits")
            };
            provider.models.push(waits);
            provider.models.push(ModelOptions::named("unknown"));
        }
    };
    Stage::of(100_000, change).await
}

async fn count(stage: &Stage, body: &Value) -> Answer {
    Answer::of(stage.call(COUNT, &[], body).await).await
}

#[tokio::test]
async fn it_is_what_a_call_would_hold() {
    let stage = stage().await;
    let mut body = body("waits");
    let counted = count(&stage, &body).await;
    assert_eq!(counted.status, 200, "{}", counted.text);
    assert_eq!(counted.header("content-type"), "application/json");
    let counted = counted.json()["input_tokens"].as_i64().unwrap();
    // Nothing was held for it, and nobody asked.
    assert_eq!((stage.settled().await, stage.upstream.calls()), ((0, 0), 0));
    body["max_tokens"] = json!(100);
    body["stream"] = json!(true);
    let answer = stage.call("/v1/messages", &[], &body).await;
    assert_eq!(stage.now().await, (0, counted + 100));
    stage.upstream.seen.gate.add_permits(1);
    assert_eq!(Answer::of(answer).await.status, 200);
    assert_eq!(stage.settled().await.1, 0);
}

#[tokio::test]
async fn of_a_tokenizer_that_is_not_known_it_is_the_bytes() {
    let stage = stage().await;
    let [known, unknown] = ["waits", "unknown"].map(body);
    let known = count(&stage, &known).await.json()["input_tokens"].as_u64().unwrap();
    let unknown = count(&stage, &unknown).await.json()["input_tokens"].as_u64().unwrap();
    let bytes = "Answer in one word.Is it so? say 1".len() as u64;
    assert!(unknown > bytes && unknown > known, "{unknown} of {bytes} bytes, {known}");
}

#[tokio::test]
async fn what_cannot_be_called_is_not_counted() {
    let stage = stage().await;
    let mut image = body("waits");
    image["messages"][0]["content"] = json!([{"type": "image", "source": {"type": "base64",
        "media_type": "image/png", "data": "QQ=="}}]);
    for (body, status, kind) in [
        (body("none"), 404, "not_found_error"),
        (body("plain"), 404, "not_found_error"),
        (json!({"model": "waits"}), 400, "invalid_request_error"),
        (image, 422, "invalid_request_error"),
    ] {
        let answer = count(&stage, &body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
        assert_eq!(answer.json()["error"]["type"], kind, "{body}");
    }
    let unknown = Request::post(COUNT).body(Body::from(body("waits").to_string())).unwrap();
    assert_eq!(stage.send(unknown).await.status(), 401);
    let token = format!("Bearer {}", stage.token());
    let read = Request::get(COUNT).header("authorization", token).body(Body::empty()).unwrap();
    assert_eq!(stage.send(read).await.status(), 404);
}
