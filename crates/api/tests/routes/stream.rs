//! The stream of one's own usage.

use crate::{
    refusals::refused,
    stage::{As, Stage, user},
};
use axum::{
    body::{Body, BodyDataStream},
    http::{Request, Response},
};
use futures::StreamExt;
use insta::assert_snapshot;
use serde_json::{Value, json};

async fn open(stage: &Stage, number: u128, life_s: i64, last: Option<&str>) -> Response<Body> {
    use tower::ServiceExt;
    let token = format!("Bearer {}", stage.token(number, life_s));
    let request = Request::builder().uri("/api/usage/stream").header("authorization", token);
    let request = match last {
        Some(id) => request.header("last-event-id", id),
        None => request,
    };
    stage.routes.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

/// The events of a stream that has said at once that it is open.
async fn begun(response: Response<Body>) -> BodyDataStream {
    let mut events = response.into_body().into_data_stream();
    assert_eq!(next(&mut events).await, ": open\n\n");
    events
}

async fn next(stream: &mut BodyDataStream) -> String {
    let chunk = stream.next().await.expect("an event").expect("a whole one");
    String::from_utf8(chunk.to_vec()).unwrap()
}

#[tokio::test]
async fn events_come_as_they_happen_to_their_owner() {
    let stage = Stage::new();
    stage.used(1, "llm_tokens", 1).await;
    let response = open(&stage, 1, 600, None).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut events = begun(response).await;
    stage.used(2, "llm_tokens", 5).await;
    stage.used(1, "llm_tokens", 800).await;
    assert_snapshot!(next(&mut events).await, @r#"
    id: 2
    event: usage
    data: {"entryId":"01a20d6d-5a00-76d5-9890-300000000002","version":2,"kind":"record","resourceType":"llm_tokens","amount":800,"held":0,"recordedAt":"2026-11-24T12:00:00Z","countedAt":"2026-11-24T12:00:00Z","occurredAt":"2026-11-24T12:00:00Z","flags":[]}
    "#);
    assert_snapshot!(next(&mut events).await, @r#"
    id: 3
    event: threshold
    data: {"entryId":"01a20d6d-5a00-76d5-9890-300000000003","version":3,"kind":"threshold","resourceType":"llm_tokens","amount":0,"held":0,"recordedAt":"2026-11-24T12:00:00Z","countedAt":"2026-11-24T12:00:00Z","occurredAt":"2026-11-24T12:00:00Z","flags":[],"threshold":{"limitName":"day","window":"day","percent":80,"limit":1000,"used":801}}
    "#);
}

#[tokio::test]
async fn it_goes_on_where_it_broke_off() {
    let stage = Stage::new();
    for amount in 1..=3 {
        stage.used(1, "messages", amount).await;
    }
    let mut events = begun(open(&stage, 1, 600, Some("1")).await).await;
    stage.used(1, "messages", 4).await;
    for version in 2..=4 {
        assert!(next(&mut events).await.starts_with(&format!("id: {version}\n")));
    }
    assert_eq!(open(&stage, 1, 600, Some("x")).await.status(), 422);
}

#[tokio::test(start_paused = true)]
async fn it_beats_and_ends_with_the_token() {
    let stage = Stage::new();
    let mut events = begun(open(&stage, 1, 40, None).await).await;
    assert_eq!(next(&mut events).await, ": heartbeat\n\n");
    assert_eq!(next(&mut events).await, ": heartbeat\n\n");
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn a_user_has_at_most_so_many() {
    let stage = Stage::new();
    let mut streams = Vec::new();
    for _ in 0..64 {
        streams.push(open(&stage, 1, 600, None).await);
    }
    let refused = stage.get(As::User(1), "/api/usage/stream").await;
    assert_snapshot!(refused.show(&[]), @r#"
    429
    content-type: application/problem+json
    ratelimit-policy: "streams.open";q=64
    ratelimit: "streams.open";r=0
    {
      "detail": "at most 64 streams may be open",
      "error": "Too many streams",
      "held": 0,
      "limit": 64,
      "limit_name": "open",
      "message": "at most 64 streams may be open",
      "remaining": 0,
      "requested": 1,
      "resets_at": null,
      "resource_type": "streams",
      "status": 429,
      "title": "Too many streams",
      "type": "urn:novacore:problem:too-many-streams",
      "upgrade_to": null,
      "used": 64
    }
    "#);
    assert_eq!(open(&stage, 2, 600, None).await.status(), 200);
    streams.pop();
    assert_eq!(open(&stage, 1, 600, None).await.status(), 200);
}

/// The next event, within a second.
async fn soon(stream: &mut BodyDataStream) -> String {
    let next = tokio::time::timeout(std::time::Duration::from_secs(1), next(stream));
    next.await.expect("it is told at once")
}

/// A stream looks by itself after some seconds; none of this may wait for that.
#[tokio::test(start_paused = true)]
async fn refusals_and_changed_limits_are_told_without_an_id() {
    let stage = Stage::new();
    let mut events = begun(open(&stage, 1, 600, None).await).await;
    refused(&stage, 2, 1_001).await;
    refused(&stage, 1, 1_002).await;
    assert_snapshot!(soon(&mut events).await, @r#"
    event: refusal
    data: {"at":"2026-11-24T12:00:00Z","resourceType":"llm_tokens","limit":"day","window":"day","cap":1000,"used":0,"held":0,"requested":1002,"remaining":1000,"resetsAt":"2026-11-25T00:00:00Z"}
    "#);
    let put = async |path: String, body: Value| {
        let answer = stage.put(As::User(9), &path, body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    };
    let told = |tier: &str| format!("event: account\ndata: {{\"tier\":\"{tier}\"}}\n\n");
    let base = format!("/api/admin/users/{}", user(1));
    put(format!("{base}/tier"), json!({"tier": "basic", "reason": "paid"})).await;
    assert_eq!(soon(&mut events).await, told("basic"));
    put(format!("{base}/overrides/messages"), json!({"cap": 7, "reason": "x"})).await;
    assert_eq!(soon(&mut events).await, told("basic"));
    let limits = json!({"llm_tokens": [{"cap": 9, "window": "day"}]});
    let body = json!({"limits": limits, "reason": "less"});
    put("/api/admin/tiers/basic".to_owned(), body).await;
    assert_eq!(soon(&mut events).await, told("basic"));
    let path = format!("{base}/tier");
    put(path, json!({"tier": "pro", "reason": "more"})).await;
    assert_eq!(soon(&mut events).await, told("pro"));
    // What changes nothing of his limits is not told: another's, his role, another tier.
    let other = format!("/api/admin/users/{}", user(2));
    put(format!("{other}/tier"), json!({"tier": "basic", "reason": "paid"})).await;
    put(format!("{base}/role"), json!({"role": "subscriber", "reason": "x"})).await;
    put("/api/admin/tiers/gold".to_owned(), json!({"limits": {}, "reason": "new"})).await;
    stage.used(1, "llm_tokens", 1).await;
    assert!(soon(&mut events).await.starts_with("id: 1\nevent: usage\n"));
}

#[tokio::test]
async fn an_administrator_follows_the_user_he_names() {
    use tower::ServiceExt;
    let stage = Stage::new();
    let request = Request::builder()
        .uri("/api/usage/stream")
        .header("authorization", format!("Bearer {}", stage.token(9, 600)))
        .header("novacore-user", user(1).to_string());
    let request = request.body(Body::empty()).unwrap();
    let response = stage.routes.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let mut events = begun(response).await;
    stage.used(9, "llm_tokens", 2).await;
    stage.used(1, "llm_tokens", 1).await;
    assert!(next(&mut events).await.contains("\"amount\":1,"));
}
