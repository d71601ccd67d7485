//! POST /memory/stm/store, GET /memory/stm/retrieve/{session_id}, DELETE
//! /memory/stm/clear/{session_id}

use super::{inputs, lesson, level, stored, with};
use crate::stage::{As, Stage};
use insta::assert_snapshot;
use serde_json::json;

#[tokio::test]
async fn a_turn_is_short_term_memory_of_its_session() {
    let stage = Stage::new();
    let turn = json!({"input": "hello", "output": "hi", "tokens": 7, "unknown": 1});
    let path = "/api/memory/stm/store?session_id=s+1";
    let answer = stage.post(As::User(1), path, turn).await;
    assert_snapshot!(answer.show(&["id"]), @r#"
    201
    {
      "access_count": 0,
      "confidence_score": null,
      "constitution_valid": null,
      "created_at": "2026-11-24T12:00:00Z",
      "emotional_weight": null,
      "expires_at": "2026-11-24T13:00:00Z",
      "id": "...",
      "input_context": "hello",
      "last_accessed_at": null,
      "metadata": {"tokens":7},
      "outcome": null,
      "output_response": "hi",
      "session_id": "s 1",
      "size_bytes": 437,
      "tags": [],
      "tier": "stm",
      "type": "conversation",
      "updated_at": "2026-11-24T12:00:00Z",
      "user_id": "01980000-0000-7000-8000-000000000001"
    }
    "#);
    assert_eq!(level(&stage, 1).await, 0);
    let bare = stage.post(As::User(1), path, json!({"input": "bye"})).await.json();
    assert_eq!((&bare["output_response"], &bare["metadata"]), (&json!(null), &json!(null)));
    for (path, body, field) in [
        ("/api/memory/stm/store", json!({"input": "a"}), "session_id"),
        ("/api/memory/stm/store?session_id=", json!({"input": "a"}), "session_id"),
        ("/api/memory/stm/store?session_id=a&session_id=b", json!({"input": "a"}), "session_id"),
        (path, json!({"input": " "}), "input"),
        (path, json!({"input": "a", "output": "\0"}), "output"),
        (path, json!({"input": "a", "tokens": -1}), "tokens"),
        (path, json!({}), "input"),
    ] {
        let answer = stage.post(As::User(1), path, body.clone()).await;
        assert_eq!((answer.status, &answer.json()["field"]), (422, &json!(field)), "{path} {body}");
    }
}

/// Two turns of session `a`, one of session `b`, and a memory of `a` that is no turn.
async fn filled() -> Stage {
    let stage = Stage::new();
    for (second, session, text) in [(1, "a", "a1"), (2, "b", "b1"), (3, "a", "a2")] {
        stage.clock.set(format!("2026-11-24T12:00:0{second}Z").parse().unwrap());
        let path = format!("/api/memory/stm/store?session_id={session}");
        stage.post(As::User(1), &path, json!({"input": text})).await;
    }
    stored(&stage, 1, with(lesson("a3"), "session_id", "a")).await;
    stage
}

#[tokio::test]
async fn a_session_is_retrieved_alone() {
    let stage = filled().await;
    let path = "/api/memory/stm/retrieve/a";
    let turns = stage.get(As::User(1), path).await;
    assert_eq!(inputs(&turns.json()["memories"]), ["a2", "a1"]);
    let newest = stage.get(As::User(1), "/api/memory/stm/retrieve/a?limit=1").await;
    assert_snapshot!(newest.show(&["id"]), @r#"
    200
    {
      "memories": [
        {
          "access_count": 0,
          "confidence_score": null,
          "constitution_valid": null,
          "created_at": "2026-11-24T12:00:03Z",
          "emotional_weight": null,
          "expires_at": "2026-11-24T13:00:03Z",
          "id": "...",
          "input_context": "a2",
          "last_accessed_at": null,
          "metadata": null,
          "outcome": null,
          "output_response": null,
          "session_id": "a",
          "size_bytes": 420,
          "tags": [],
          "tier": "stm",
          "type": "conversation",
          "updated_at": "2026-11-24T12:00:03Z",
          "user_id": "01980000-0000-7000-8000-000000000001"
        }
      ],
      "session_id": "a",
      "total": 2
    }
    "#);
    assert_eq!(stage.get(As::User(2), path).await.json()["total"], 0);
}

#[tokio::test]
async fn a_session_is_cleared_alone_and_once() {
    let stage = filled().await;
    let clear = ("DELETE", "/api/memory/stm/clear/a");
    assert_eq!(stage.call_with(clear, As::User(2), &[], "").await.json()["memories_forgotten"], 0);
    let key = [("idempotency-key", "c")];
    let cleared = stage.call_with(clear, As::User(1), &key, "").await;
    assert_snapshot!(cleared.show(&[]), @r#"
    200
    {
      "bytes_freed": 840,
      "bytes_given_back": 0,
      "memories_forgotten": 2,
      "message": "Session cleared",
      "success": true
    }
    "#);
    let again = stage.call_with(clear, As::User(1), &key, "").await;
    assert_snapshot!(again.show(&[]), @r#"
    200
    idempotent-replayed: true
    {
      "bytes_freed": null,
      "bytes_given_back": null,
      "memories_forgotten": null,
      "message": "Session cleared",
      "success": true
    }
    "#);
    let all = stage.get(As::User(1), "/api/memory/list").await.json();
    assert_eq!(inputs(&all["memories"]), ["a3", "b1"]);
}

#[tokio::test]
async fn a_session_with_any_name_is_found() {
    let stage = Stage::new();
    let path = "/api/memory/stm/store?session_id=%C3%A9%20%2B";
    assert_eq!(stage.post(As::User(1), path, json!({"input": "a"})).await.status, 201);
    let found = stage.get(As::User(1), "/api/memory/stm/retrieve/%C3%A9%20+").await.json();
    assert_eq!((&found["session_id"], &found["total"]), (&json!("é +"), &json!(1)));
}
