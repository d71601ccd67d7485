//! However many calls run at once: the quota is never exceeded, and all of it can be used.

use super::{
    stage::{Answer, Stage, ask, ask_stream},
    upstream::PROMPT,
};
use serde_json::json;
use std::sync::Arc;

/// Prompt and maximum of a call with room for one word.
async fn held_for_one(words: u64) -> i64 {
    let stage = Stage::new(1_000_000).await;
    let response = stage.chat(&ask_stream("gated", 1, Some(words))).await;
    let (_, held) = stage.now().await;
    drop(response);
    stage.upstream.seen.gate.add_permits(1);
    stage.gateway.idle().await;
    held
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_200_calls_with_room_for_10_exactly_10_are_admitted() {
    let each = held_for_one(90).await;
    let stage = Arc::new(Stage::new(10 * each).await);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let stage = stage.clone();
        calls.spawn(async move { stage.chat(&ask_stream("gated", 90, Some(90))).await });
    }
    let (mut admitted, mut refused) = (Vec::new(), 0);
    while let Some(response) = calls.join_next().await {
        let response = response.unwrap();
        match response.status().as_u16() {
            200 => admitted.push(response),
            429 => refused += 1,
            status => panic!("{status}"),
        }
    }
    assert_eq!((admitted.len(), refused), (10, 190));
    stage.upstream.seen.gate.add_permits(10 * 90);
    for response in admitted {
        assert_eq!(Answer::of(response).await.words(), 90);
    }
    let (used, held) = stage.settled().await;
    assert_eq!((used, held), (i64::try_from(10 * (PROMPT + 90)).unwrap(), 0));
    assert_eq!(stage.upstream.served(), 10 * (PROMPT + 90));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_maximum_the_quota_is_used_up_and_not_exceeded() {
    const CAP: i64 = 20_000;
    let stage = Arc::new(Stage::new(CAP).await);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let stage = stage.clone();
        calls.spawn(async move { stage.chat_whole(&ask_stream("plain", 2_000, None)).await });
    }
    let (mut admitted, mut cut) = (0, 0);
    while let Some(answer) = calls.join_next().await {
        let answer = answer.unwrap();
        match answer.status {
            200 => {
                admitted += 1;
                cut += usize::from(answer.text.contains("\"finish_reason\":\"length\""));
                assert!(answer.text.ends_with("data: [DONE]\n\n"));
            }
            429 => assert_eq!(answer.header("x-should-retry"), "false"),
            status => panic!("{status}: {}", answer.text),
        }
    }
    let (used, held) = stage.settled().await;
    assert!(admitted > 0 && cut > 0, "{admitted} admitted, {cut} cut");
    assert_eq!(held, 0);
    assert!((CAP * 99 / 100..=CAP).contains(&used), "{used} of {CAP}, {admitted} calls");
}

#[tokio::test]
async fn a_provider_that_exceeds_the_maximum_is_cut_at_the_hold() {
    let stage = Stage::new(400).await;
    for stream in [true, false] {
        let mut body = ask_stream("lying", 5_000, Some(90));
        body["stream"] = json!(stream);
        let answer = stage.chat_whole(&body).await;
        assert_eq!((answer.status, answer.words()), (200, 90), "stream: {stream}");
        assert!(answer.text.contains("\"finish_reason\":\"length\""), "{}", answer.text);
    }
    let (used, held) = stage.settled().await;
    assert!((2 * 90..=400).contains(&used) && held == 0, "{used} used, {held} held");
}

#[tokio::test]
async fn one_that_is_trusted_and_lies_is_charged_in_full() {
    let stage = Stage::new(400).await;
    let mut body = ask("lying-trusted", 500);
    body["max_tokens"] = json!(90);
    assert_eq!(stage.chat_whole(&body).await.words(), 500);
    assert_eq!(stage.settled().await, (i64::try_from(PROMPT + 500).unwrap(), 0));
    assert_eq!(stage.chat_whole(&body).await.status, 429);
}

#[tokio::test]
async fn one_call_after_another_finds_the_room_that_the_last_one_left() {
    let each = held_for_one(90).await;
    let used_each = i64::try_from(PROMPT + 10).unwrap();
    // Room for one hold beside nine answers.
    let stage = Stage::new(9 * used_each + each).await;
    for _ in 0..10 {
        let answer = stage.chat_whole(&ask_stream("plain", 10, Some(90))).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    assert_eq!(stage.settled().await, (10 * used_each, 0));
}

#[tokio::test]
async fn nobody_takes_every_place() {
    let stage = Stage::with(1_000_000, |holds| holds.calls_per_user_max = 2).await;
    let body = ask_stream("gated", 1, Some(10));
    let call = || stage.chat(&body);
    let open = [call().await, call().await];
    let refused = call().await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["x-should-retry"], "true");
    drop(open);
    stage.upstream.seen.gate.add_permits(2);
    stage.gateway.idle().await;
    stage.upstream.seen.gate.add_permits(1);
    assert_eq!(call().await.status(), 200);
}

#[tokio::test]
async fn bodies_take_no_more_memory_than_they_may() {
    let stage = Stage::with(1_000_000, |holds| {
        holds.body_bytes_max = 100 << 10;
        holds.bodies_bytes_max = 150 << 10;
    })
    .await;
    let mut long = ask_stream("gated", 1, Some(10));
    long["x"] = json!("x".repeat(80 << 10));
    let open = stage.chat(&long).await;
    assert_eq!(open.status(), 200);
    assert_eq!(stage.chat(&long).await.status(), 503);
    // A short one has room.
    let short = stage.chat(&ask_stream("gated", 1, Some(10))).await;
    assert_eq!(short.status(), 200);
    drop((open, short));
    stage.upstream.seen.gate.add_permits(2);
    stage.gateway.idle().await;
    stage.upstream.seen.gate.add_permits(1);
    assert_eq!(stage.chat(&long).await.status(), 200);
}

#[tokio::test]
async fn a_new_call_leaves_a_step_to_each_that_is_open() {
    let body = ask_stream("gated", 1, None);
    let stage = Stage::new(1_000_000).await;
    let response = stage.chat(&body).await;
    let each = stage.now().await.1;
    drop(response);
    stage.upstream.seen.gate.add_permits(1);
    stage.gateway.idle().await;
    // Room for two, and then for two and the next step of the first.
    for (room, status) in [(127, 429), (128, 200)] {
        let stage = Stage::new(2 * each + room).await;
        let first = stage.chat(&body).await;
        assert_eq!(first.status(), 200);
        let second = stage.chat(&body).await;
        assert_eq!(second.status(), status, "{room} left");
        if status == 429 {
            assert_eq!(second.headers()["x-should-retry"], "false");
            assert!(second.headers().contains_key("ratelimit"));
        }
        stage.upstream.seen.gate.add_permits(2);
        drop((first, second));
        stage.gateway.idle().await;
    }
}

#[tokio::test]
async fn a_call_without_maximum_gets_the_last_tokens_that_are_left() {
    let stage = Stage::new(1_000_000).await;
    let response = stage.chat(&ask_stream("gated", 1, None)).await;
    let each = stage.now().await.1;
    drop(response);
    stage.upstream.seen.gate.add_permits(1);
    stage.gateway.idle().await;
    let stage = Stage::new(each + 50).await;
    let answer = stage.chat_whole(&ask_stream("plain", 300, None)).await;
    assert_eq!((answer.status, answer.words()), (200, 128 + 50));
}
