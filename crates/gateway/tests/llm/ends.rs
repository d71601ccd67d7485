//! However a call ends, it is settled once and for what was served.

use super::{
    stage::{Answer, Stage, ask, ask_stream, read_words},
    upstream::PROMPT,
};
use novacore_gateway::{Options, ProviderOptions};
use serde_json::json;

#[tokio::test]
async fn a_caller_who_hangs_up_is_charged_for_what_was_served() {
    let stage = Stage::new(5_000).await;
    let response = stage.chat(&ask_stream("gated", 50, Some(100))).await;
    let mut body = response.into_body().into_data_stream();
    stage.upstream.seen.gate.add_permits(3);
    read_words(&mut body, 3).await;
    drop(body);
    stage.upstream.seen.gate.add_permits(47);
    assert_eq!(stage.settled().await, (i64::try_from(PROMPT + 50).unwrap(), 0));
    assert_eq!(stage.upstream.served(), PROMPT + 50);
}

#[tokio::test]
async fn a_provider_that_breaks_off_is_told_of_and_charged_as_counted() {
    let stage = Stage::new(5_000).await;
    let answer = stage.chat_whole(&ask_stream("breaking", 20, Some(100))).await;
    assert_eq!((answer.status, answer.words()), (200, 20));
    assert!(answer.text.contains("the provider broke off"), "{}", answer.text);
    let (used, held) = stage.settled().await;
    assert!((20..=40).contains(&used) && held == 0, "{used} used, {held} held");
    // Before any word nothing is charged.
    let answer = stage.chat_whole(&ask_stream("breaking", 0, Some(100))).await;
    assert!(answer.text.contains("the provider broke off"), "{}", answer.text);
    assert_eq!(stage.settled().await, (used, 0));
    // Half an answer is none for one who wants it whole.
    let answer = stage.chat_whole(&ask("breaking", 20)).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert_eq!(stage.settled().await, (used, 0));
}

#[tokio::test]
async fn what_was_used_for_nobody_is_the_operators_loss() {
    let stage = Stage::new(5_000).await;
    // Before any word nobody knows of a loss, and a whole answer is none.
    for (model, words, status) in
        [("breaking", 0, 503), ("breaking", 20, 503), ("billed", 1, 503), ("plain", 3, 200)]
    {
        let answer = stage.chat_whole(&ask(model, words)).await;
        assert_eq!(answer.status, status, "{model} {words}: {}", answer.text);
    }
    // What was written to a caller is his.
    let answer = stage.chat_whole(&ask_stream("billed", 1, None)).await;
    assert_eq!((answer.status, answer.words()), (200, 1));
    assert_eq!(stage.settled().await, (i64::try_from(PROMPT + 3 + PROMPT + 1).unwrap(), 0));
    let metrics = stage.metrics();
    let lost = |model: &str, kind: &str, source: &str| {
        let labels = format!("provider=\"main\",model=\"{model}\",kind=\"{kind}\"");
        let name = format!("llm_lost_tokens_total{{{labels},source=\"{source}\"}} ");
        let line = metrics.lines().find_map(|line| line.split_once(&name));
        line.map(|(_, figure)| figure.parse::<u64>().unwrap())
    };
    assert_eq!(lost("breaking", "output", "estimated"), Some(20), "{metrics}");
    assert!(lost("breaking", "input", "estimated").is_some_and(|tokens| tokens > 0));
    assert_eq!(lost("billed", "output", "reported"), Some(1), "{metrics}");
    assert_eq!(lost("billed", "input", "reported"), Some(PROMPT), "{metrics}");
    assert_eq!(lost("plain", "output", "reported"), None);
}

#[tokio::test]
async fn a_provider_that_fails_costs_nothing_and_another_is_tried() {
    let once = |options: &mut Options, _: &ProviderOptions| {
        options.llm.providers.iter_mut().for_each(|provider| provider.breaker_failures = 1);
    };
    let stage = Stage::of(5_000, once).await;
    let mut body = ask("failing", 3);
    body["max_tokens"] = json!(10);
    assert_eq!(stage.chat_whole(&body).await.status, 500);
    assert_eq!(stage.settled().await, (0, 0));
    body["model"] = json!("spare");
    let answer = stage.chat_whole(&body).await;
    assert_eq!((answer.status, answer.words()), (200, 3), "{}", answer.text);
    assert_eq!(stage.settled().await, (i64::try_from(PROMPT + 3).unwrap(), 0));
    assert_eq!(stage.upstream.calls(), 3);
    let metrics = stage.metrics();
    assert!(metrics.contains("llm_fallbacks_total{provider=\"gone\"} 1"), "{metrics}");
    // Those that failed are passed over from now on.
    assert_eq!(stage.chat_whole(&body).await.status, 200);
    assert_eq!(stage.upstream.calls(), 4);
}

#[tokio::test]
async fn what_a_provider_refuses_is_passed_on_but_not_its_word_on_our_key() {
    let stage = Stage::new(5_000).await;
    let mut body = ask("strict", 3);
    body["max_tokens"] = json!(10);
    let answer = stage.chat_whole(&body).await;
    assert_eq!((answer.status, answer.text.as_str()), (400, r#"{"error":{"message":"no"}}"#));
    body["model"] = json!("locked");
    let answer = stage.chat_whole(&body).await;
    assert_eq!(answer.status, 503);
    assert!(!answer.text.contains("sk-1"), "{}", answer.text);
    assert_eq!(stage.settled().await, (0, 0));
}

#[tokio::test]
async fn a_server_that_stops_settles_what_is_under_way() {
    let stage = Stage::new(5_000).await;
    let response = stage.chat(&ask_stream("gated", 50, Some(100))).await;
    let mut body = response.into_body().into_data_stream();
    stage.upstream.seen.gate.add_permits(5);
    read_words(&mut body, 5).await;
    stage.gateway.drain().await;
    let (used, held) = stage.now().await;
    assert!((5..=5 + 25).contains(&used) && held == 0, "{used} used, {held} held");
}

#[tokio::test]
async fn a_call_under_a_key_is_made_once() {
    let stage = Stage::new(5_000).await;
    let key = [("idempotency-key", "once")];
    let mut body = ask("plain", 3);
    body["max_tokens"] = json!(10);
    let first = stage.call("/v1/chat/completions", &key, &body).await;
    assert_eq!(first.status(), 200);
    let again = Answer::of(stage.call("/v1/chat/completions", &key, &body).await).await;
    assert_eq!(again.status, 409, "{}", again.text);
    assert_eq!(stage.settled().await, (i64::try_from(PROMPT + 3).unwrap(), 0));
    assert_eq!(stage.upstream.calls(), 1);
}

#[tokio::test]
async fn a_call_that_came_to_nothing_may_be_made_again_under_its_key() {
    let stage = Stage::new(5_000).await;
    let key = [("idempotency-key", "again")];
    let mut body = ask("failing", 3);
    body["max_tokens"] = json!(10);
    for calls in 1..=3 {
        let failed = stage.call("/v1/chat/completions", &key, &body).await;
        assert_eq!(failed.status(), 500);
        stage.gateway.idle().await;
        assert_eq!(stage.upstream.calls(), calls);
    }
    body["model"] = json!("plain");
    let made = stage.call("/v1/chat/completions", &key, &body).await;
    assert_eq!(made.status(), 200);
    let again = stage.call("/v1/chat/completions", &key, &body).await;
    assert_eq!(again.status(), 409);
    assert_eq!(stage.settled().await, (i64::try_from(PROMPT + 3).unwrap(), 0));
}

#[tokio::test]
async fn a_call_is_settled_when_the_store_is_back() {
    let stage = Stage::new(5_000).await;
    let response = stage.chat(&ask_stream("gated", 300, None)).await;
    let mut body = response.into_body().into_data_stream();
    stage.upstream.seen.gate.add_permits(300);
    read_words(&mut body, 100).await;
    stage.memory.set_writable(false);
    while futures::StreamExt::next(&mut body).await.is_some() {}
    assert!(stage.now().await.1 > 0, "it is held until it is settled");
    stage.memory.set_writable(true);
    let (used, held) = stage.settled().await;
    assert!(used >= 100 && held == 0, "{used} used, {held} held");
}

#[tokio::test]
async fn a_server_that_stops_does_not_wait_for_a_store_that_is_gone() {
    let stage = Stage::new(5_000).await;
    let response = stage.chat(&ask_stream("gated", 50, Some(100))).await;
    let mut body = response.into_body().into_data_stream();
    stage.upstream.seen.gate.add_permits(5);
    read_words(&mut body, 5).await;
    stage.memory.set_writable(false);
    // It would go on for twenty minutes otherwise.
    stage.gateway.drain().await;
    assert!(stage.now().await.1 > 0, "what is not settled runs out");
}
