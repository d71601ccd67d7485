//! Probes, metrics, the API's description.

use crate::stage::{As, Stage};
use insta::assert_snapshot;

#[tokio::test]
async fn a_store_that_takes_nothing_is_alive_but_not_ready() {
    let stage = Stage::new();
    assert_snapshot!(stage.get(As::Nobody, "/health").await.show(&[]), @r#"
    200
    {
      "status": "ok",
      "store": {"accountsLoaded":0,"derivedLag":0,"entries":0,"queueDepth":0,"writable":true}
    }
    "#);
    assert_eq!(stage.get(As::Nobody, "/health/ready").await.status, 200);
    stage.memory.set_writable(false);
    assert_snapshot!(stage.get(As::Nobody, "/health").await.show(&[]), @r#"
    503
    {
      "status": "read_only",
      "store": {"accountsLoaded":0,"derivedLag":0,"entries":0,"queueDepth":0,"writable":false},
      "why": "the disk is full"
    }
    "#);
    assert_eq!(stage.get(As::Nobody, "/health/ready").await.status, 503);
    assert_eq!(stage.get(As::Nobody, "/health/live").await.status, 200);
    assert_snapshot!(stage.get(As::Nobody, "/api/status").await.show(&["version"]), @r#"
    200
    {
      "service": "novacore",
      "status": "read_only",
      "timestamp": "2026-11-24T12:00:00Z",
      "version": "..."
    }
    "#);
}

#[tokio::test]
async fn metrics_count_decisions_and_requests() {
    let stage = Stage::new();
    stage.used(1, "llm_tokens", 5).await;
    stage.get(As::User(1), "/api/usage/timeseries/llm_tokens").await;
    let text = stage.get(As::Nobody, "/metrics").await.text;
    for line in [
        r#"novacore_decisions_total{outcome="admitted",resource="llm_tokens"} 1"#,
        r#"novacore_http_requests_total{method="POST",route="/usage/record",status="201"} 1"#,
        r#"route="/api/usage/timeseries/{resource}",status="200"} 1"#,
        "novacore_http_request_duration_seconds_bucket",
        "novacore_commit_duration_seconds_count",
        "novacore_batch_commands_count",
        "novacore_queue_depth 0",
        "novacore_watermark_lag_entries 0",
        "novacore_writable 1",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
}

#[tokio::test]
async fn the_description_and_its_page_are_there() {
    let stage = Stage::new();
    let document = stage.get(As::Nobody, "/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let page = stage.get(As::Nobody, "/docs").await;
    assert!(page.text.contains("/api/usage/reservations"));
    assert!(!page.text.contains("<script") && !page.text.contains("http://"));
}
