//! What a provider says of us is not told as if it were said of the caller.

use super::{
    stage::{Answer, Stage, ask, ask_stream},
    upstream::{PROMPT, Upstream},
};
use novacore_gateway::{ModelOptions, Options, ProviderOptions};
use serde_json::json;

async fn call(stage: &Stage, model: &str) -> Answer {
    let mut body = ask(model, 3);
    body["max_tokens"] = json!(10);
    stage.chat_whole(&body).await
}

#[tokio::test]
async fn our_key_and_our_account_are_none_of_the_callers() {
    let stage = Stage::new(5_000).await;
    for model in ["locked", "barred", "unpaid", "poor", "used-up", "used-up-200"] {
        let answer = call(&stage, model).await;
        assert_eq!(answer.status, 503, "{model}: {}", answer.text);
        assert_eq!(answer.json()["error"]["code"], "upstream_unavailable", "{model}");
        assert!(!answer.text.contains("sk-1") && !answer.text.contains("quota"), "{}", answer.text);
        assert_eq!(answer.header("x-should-retry"), "true", "{model}");
    }
    assert_eq!(stage.settled().await, (0, 0));
}

#[tokio::test]
async fn nor_are_they_within_a_stream() {
    let stage = Stage::new(5_000).await;
    let answer = stage.chat_whole(&ask_stream("used-up-late", 3, Some(10))).await;
    assert_eq!(answer.status, 200);
    assert!(answer.text.contains("\"upstream_unavailable\""), "{}", answer.text);
    assert!(!answer.text.contains("sk-1") && !answer.text.contains("quota"), "{}", answer.text);
    // Without a maximum it is streamed for a caller who wants it whole.
    let answer = stage.chat_whole(&ask("used-up-late", 3)).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert!(!answer.text.contains("sk-1") && !answer.text.contains("quota"), "{}", answer.text);
    assert_eq!(stage.settled().await, (0, 0));
}

#[tokio::test]
async fn a_limit_of_our_rate_is_told_from_a_limit_of_the_callers() {
    let stage = Stage::new(5_000).await;
    let answer = call(&stage, "busy").await;
    assert_eq!(answer.status, 429, "{}", answer.text);
    let error = &answer.json()["error"];
    assert_eq!(error["type"], "rate_limit_error", "{error}");
    assert_eq!(error["code"], "upstream_rate_limited", "{error}");
    assert!(!answer.text.contains("sk-1"), "{}", answer.text);
    // The provider knows best when it is worth a try.
    assert_eq!((answer.header("retry-after"), answer.header("x-should-retry")), ("7", "true"));
    assert!(answer.header("ratelimit-policy").is_empty(), "no policy of ours has refused it");
    assert_eq!(stage.settled().await, (0, 0));
}

#[tokio::test]
async fn the_next_one_is_tried_before_anything_is_told() {
    let second = Upstream::start().await;
    for (refused, is_left_alone) in
        [("busy", false), ("used-up", true), ("unpaid", true), ("barred", true), ("poor", true)]
    {
        let change = |options: &mut Options, like: &ProviderOptions| {
            let provider = |name: &str, url: &str, upstream_name: &str| ProviderOptions {
                name: name.to_owned(),
                base_url: url.to_owned(),
                breaker_failures: 1,
                models: vec![ModelOptions {
                    upstream_name: Some(upstream_name.to_owned()),
                    ..ModelOptions::named("model")
                }],
                ..like.clone()
            };
            options.llm.providers = vec![
                provider("first", &like.base_url, refused),
                provider("second", &second.url, "plain"),
            ];
        };
        let stage = Stage::of(5_000, change).await;
        for _ in 0..2 {
            let answer = call(&stage, "model").await;
            assert_eq!((answer.status, answer.words()), (200, 3), "{refused}: {}", answer.text);
        }
        // A rate is over soon; a key or an account that is not accepted now will not be at once.
        assert_eq!(stage.upstream.calls(), if is_left_alone { 1 } else { 2 }, "{refused}");
        let served = i64::try_from(2 * (PROMPT + 3)).unwrap();
        assert_eq!(stage.settled().await, (served, 0), "{refused}");
    }
}

#[tokio::test]
async fn a_caller_of_the_other_dialect_is_told_in_his() {
    let change = |options: &mut Options, _: &ProviderOptions| {
        for provider in &mut options.llm.providers {
            for model in &mut provider.models {
                if model.name == "claude" {
                    model.upstream_name = Some("busy".to_owned());
                }
            }
        }
    };
    let stage = Stage::of(5_000, change).await;
    let body = json!({"model": "claude", "max_tokens": 5,
        "messages": [{"role": "user", "content": "say 1"}]});
    let answer = Answer::of(stage.call("/v1/messages", &[], &body).await).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, "7"), "{}", answer.text);
    assert_eq!(answer.json()["error"]["type"], "rate_limit_error");
    assert_eq!(answer.json()["request_id"], "the-request");
}
