//! Bad input: the right problem each, nothing written, never a 500.

use crate::stage::{As, SERVICE_TOKEN, Stage, user};
use axum::{
    body::Body,
    http::{HeaderValue, Request},
};
use serde_json::json;

const RECORD: (&str, &str) = ("POST", "/usage/record");

fn record(amount: &str) -> String {
    format!(r#"{{"userId":"{}","resourceType":"llm_tokens","amount":{amount}}}"#, user(1))
}

#[tokio::test]
async fn bodies_that_are_not_what_they_should_be() {
    let stage = Stage::new();
    let huge = format!(r#"{{"a":"{}"}}"#, "x".repeat(10 << 20));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let nested =
        record(&format!(r#"1,"metadata":{{"a":{}1{}}}"#, "[".repeat(300), "]".repeat(300)));
    let large = record(&format!(r#"1,"metadata":{{"a":"{}"}}"#, "x".repeat(2_048)));
    for (body, status, field) in [
        ("", 400, None),
        ("{", 400, None),
        ("nonsense", 400, None),
        ("\u{feff}{}", 400, None),
        ("null", 422, Some("body")),
        ("[]", 422, Some("body")),
        ("{}", 422, Some("userId")),
        (&record("\"5\""), 422, Some("amount")),
        (&record("null"), 422, Some("amount")),
        (&record("1.5"), 422, Some("amount")),
        (&record("1e2"), 422, Some("amount")),
        (&record("1e400"), 422, Some("amount")),
        (&record("9007199254740992"), 422, Some("amount")),
        (&record("0"), 422, Some("amount")),
        (&record("-5"), 422, Some("corrects")),
        (&record("5").replace("llm_tokens", "images"), 422, Some("resourceType")),
        (&record("5").replace("llm_tokens", "LLM tokens"), 422, Some("resourceType")),
        (&record("5").replace("0198", "x198"), 422, Some("userId")),
        (&record(r#"5,"amount":6"#), 422, Some("amount")),
        (&record(r#"5,"metadata":[]"#), 422, Some("metadata")),
        (&record(r#"5,"occurredAt":"2020-01-01T00:00:00Z""#), 422, Some("occurredAt")),
        (&record(r#"5,"occurredAt":"yesterday""#), 422, Some("occurredAt")),
        (&record(r#"5,"enforce":"yes""#), 422, Some("enforce")),
        (&nested, 422, Some("metadata")),
        (&large, 422, Some("metadata")),
        (&deep, 422, Some("body")),
        (&huge, 413, None),
    ] {
        let answer = stage.call_with(RECORD, As::Service, &[], body.to_owned()).await;
        let start: String = body.chars().take(120).collect();
        assert_eq!(answer.status, status, "{start}: {}", answer.text);
        assert_eq!(answer.json()["field"].as_str(), field, "{start}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }
    let not_text = stage.call_with(RECORD, As::Service, &[], b"{\"a\":\"\xff\"}".to_vec()).await;
    assert_eq!(not_text.status, 400);
    let other = [("content-type", "text/plain")];
    assert_eq!(stage.call_with(RECORD, As::Service, &other, record("5")).await.status, 415);
    assert_eq!(stage.memory.entry_count(), 0);
}

#[tokio::test]
async fn counters_stay_in_their_range_and_levels_above_zero() {
    let stage = Stage::new();
    stage.used(1, "memory_storage", 9_007_199_254_740_991).await;
    let more = record("1").replace("llm_tokens", "memory_storage");
    let answer = stage.call_with(RECORD, As::Service, &[], more).await;
    assert_eq!(answer.json()["type"], "urn:novacore:problem:counter-range");
    let less = record("-9007199254740991").replace("llm_tokens", "memory_storage");
    assert_eq!(stage.call_with(RECORD, As::Service, &[], less.clone()).await.status, 201);
    let answer = stage.call_with(RECORD, As::Service, &[], less).await;
    assert_eq!(answer.json()["type"], "urn:novacore:problem:level-below-zero");
    assert_eq!(answer.json()["available"], 0);
}

#[tokio::test]
async fn native_bodies_refuse_what_they_do_not_know() {
    let stage = Stage::new();
    let one = |amounts: &str| format!(r#"{{"userId":"{}","amounts":{amounts}}}"#, user(1));
    let five = r#"{"resourceType":"llm_tokens","amount":5}"#;
    for (body, field) in [
        (one(&format!("[{five},{five}]")), "amounts"),
        (one("[]"), "amounts"),
        (one(&format!("[{}]", [five; 9].join(","))), "amounts"),
        (one(r#"[{"resourceType":"llm_tokens","amount":-5}]"#), "amount"),
        (one(&format!(r#"[{five}],"ttlSeconds":0"#)), "ttlSeconds"),
        (one(&format!(r#"[{five}],"ttlSeconds":3601"#)), "ttlSeconds"),
        (one(&format!(r#"[{five}],"ttlSeconds":1e400"#)), "ttlSeconds"),
        (one(&format!(r#"[{five}],"ttl":60"#)), "ttl"),
        (one(&format!(r#"[{five}],"onExpiry":"explode""#)), "onExpiry"),
        (one(r#"[{"resourceType":"llm_tokens","amount":5,"x":1}]"#), "amounts[0].x"),
    ] {
        let call = ("POST", "/usage/reservations");
        let answer = stage.call_with(call, As::Service, &[], body.clone()).await;
        assert_eq!(answer.status, 422, "{body}: {}", answer.text);
        assert_eq!(answer.json()["field"], field, "{body}");
    }
    assert_eq!(stage.memory.entry_count(), 0);
}

#[tokio::test]
async fn paths_and_queries_that_are_not_what_they_should_be() {
    let stage = Stage::new();
    for (path, status) in [
        ("/api/usage%2Fstats", 400),
        ("/api/usage/%2e%2e/admin/tiers", 400),
        ("/api/usage/../admin/tiers", 400),
        ("/api/usage/./stats", 400),
        ("/api//usage/stats", 400),
        ("/api/usage/stats%00", 400),
        ("/api/usage/timeseries/llm%5Ctokens", 400),
        ("/api/usage/timeseries/..", 400),
        ("/api/usage/timeseries/%ff", 400),
        ("/api/usage/timeseries/images", 422),
        ("/api/usage/timeseries/Images", 422),
        ("/api/usage/reservations/%ff", 400),
        ("/api/usage/reservations/res_x_1", 404),
        ("/api/usage/nothing", 404),
        ("/api/usage/stats/", 404),
        ("/api/usage/stats?days=0", 422),
        ("/api/usage/stats?days=366", 422),
        ("/api/usage/stats?days=100000", 422),
        ("/api/usage/stats?days=-1", 422),
        ("/api/usage/stats?days=1e2", 422),
        ("/api/usage/stats?days=99999999999999999999", 422),
        ("/api/usage/stats?days=", 422),
        ("/api/usage/history?days=x", 422),
    ] {
        let answer = stage.get(As::User(1), path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        assert_eq!(answer.json()["status"], status);
    }
    let answer = stage.call_with(("DELETE", "/api/usage/stats"), As::User(1), &[], "").await;
    assert_eq!(answer.json()["type"], "urn:novacore:problem:method-not-allowed");
}

#[tokio::test]
async fn headers_that_are_not_what_they_should_be() {
    let stage = Stage::new();
    let long = "k".repeat(256);
    for (name, value, status) in
        [("idempotency-key", "", 422), ("idempotency-key", &*long, 422), ("x-user-id", "me", 422)]
    {
        let answer = stage.call_with(RECORD, As::Service, &[(name, value)], record("5")).await;
        assert_eq!(answer.status, status, "{name}: {value}: {}", answer.text);
    }
    let twice = [("idempotency-key", "a"), ("idempotency-key", "b")];
    assert_eq!(stage.call_with(RECORD, As::Service, &twice, record("5")).await.status, 422);
    for authorization in
        ["", "Bearer", "Bearer ", "Basic dTpw", "bearer x.y.z", &"Bearer x".repeat(20_000)]
    {
        let headers = [("authorization", authorization)];
        let answer = stage.call_with(("GET", "/api/usage/tier"), As::Nobody, &headers, "").await;
        assert_eq!(answer.status, 401, "{authorization:.40}: {}", answer.text);
    }
    let raw = Request::builder().uri("/usage/tier").header("x-service-token", SERVICE_TOKEN);
    let raw = raw.header("x-user-id", HeaderValue::from_bytes(b"\xff").unwrap());
    assert_eq!(stage.send(raw.body(Body::empty()).unwrap()).await.status, 422);
    assert_eq!(stage.memory.entry_count(), 0);
}

#[tokio::test]
async fn a_full_disk_is_said_and_passes() {
    let stage = Stage::new();
    stage.memory.set_writable(false);
    let answer = stage.call_with(RECORD, As::Service, &[], record("5")).await;
    assert_eq!(
        (answer.status, &answer.json()["type"]),
        (503, &json!("urn:novacore:problem:storage-full"))
    );
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(stage.get(As::User(1), "/api/usage/tokens").await.status, 200);
    stage.memory.set_writable(true);
    assert_eq!(stage.call_with(RECORD, As::Service, &[], record("5")).await.status, 201);
}
