//! POST /memory/store

use super::{id, lesson, level, stored, with};
use crate::stage::{As, Stage, user};
use insta::assert_snapshot;
use serde_json::json;

fn full() -> serde_json::Value {
    json!({
        "type": "task", "input_context": "Which port does the service use?",
        "output_response": "8080", "session_id": "s-1", "outcome": "success",
        "emotional_weight": -0.25, "confidence_score": 0.9, "tags": ["ops", "net", "ops"],
        "tier": "itm", "metadata": {"b": 1.50, "a": [1.5e3]},
        "colour": "of no meaning here",
    })
}

#[tokio::test]
async fn a_memory_is_answered_whole() {
    let stage = Stage::new();
    let answer = stage.post(As::User(1), "/api/memory/store", full()).await;
    assert_snapshot!(answer.show(&["id"]), @r#"
    201
    {
      "access_count": 0,
      "confidence_score": 0.9,
      "constitution_valid": null,
      "created_at": "2026-11-24T12:00:00Z",
      "emotional_weight": -0.25,
      "expires_at": "2026-12-01T12:00:00Z",
      "id": "...",
      "input_context": "Which port does the service use?",
      "last_accessed_at": null,
      "metadata": {"a":[1500.0],"b":1.5},
      "outcome": "success",
      "output_response": "8080",
      "session_id": "s-1",
      "size_bytes": 490,
      "tags": ["ops","net"],
      "tier": "itm",
      "type": "task",
      "updated_at": "2026-11-24T12:00:00Z",
      "user_id": "01980000-0000-7000-8000-000000000001"
    }
    "#);
    assert_eq!(level(&stage, 1).await, answer.json()["size_bytes"]);
}

#[tokio::test]
async fn what_is_left_out_is_null() {
    let stage = Stage::new();
    let answer = stage.post(As::User(1), "/api/memory/store", lesson("a")).await;
    assert_snapshot!(answer.show(&["id"]), @r#"
    201
    {
      "access_count": 0,
      "confidence_score": null,
      "constitution_valid": null,
      "created_at": "2026-11-24T12:00:00Z",
      "emotional_weight": null,
      "expires_at": null,
      "id": "...",
      "input_context": "a",
      "last_accessed_at": null,
      "metadata": null,
      "outcome": null,
      "output_response": null,
      "session_id": null,
      "size_bytes": 419,
      "tags": [],
      "tier": "ltm",
      "type": "lesson",
      "updated_at": "2026-11-24T12:00:00Z",
      "user_id": "01980000-0000-7000-8000-000000000001"
    }
    "#);
    let nulls = json!({
        "type": "lesson", "input_context": "a", "tier": "ltm", "output_response": null,
        "session_id": null, "outcome": null, "emotional_weight": null, "confidence_score": null,
        "tags": null, "metadata": null, "embedding": null,
    });
    let mut same = stored(&stage, 1, nulls).await;
    same["id"] = answer.json()["id"].clone();
    assert_eq!(same, answer.json());
}

#[tokio::test]
async fn metadata_is_the_callers_own_text() {
    let stage = Stage::new();
    let metadata = r#"{ "z": 1.50, "a": 12345678901234567890123, "e": "\u00e9" }"#;
    let body =
        format!(r#"{{"type":"lesson","input_context":"a","tier":"ltm","metadata":{metadata}}}"#);
    let call = ("POST", "/api/memory/store");
    let answer = stage.call_with(call, As::User(1), &[], body).await;
    let compact = r#""metadata":{"z":1.50,"a":12345678901234567890123,"e":"\u00e9"}"#;
    assert!(answer.text.contains(compact), "{}", answer.text);
}

#[tokio::test]
async fn a_key_stores_once() {
    let stage = Stage::new();
    let key = [("idempotency-key", "k-1")];
    let call = ("POST", "/api/memory/store");
    let send = |body: serde_json::Value| stage.call_with(call, As::User(1), &key, body.to_string());
    let first = send(lesson("once")).await;
    assert!(!first.headers.contains_key("idempotent-replayed"));
    let again = send(lesson("once")).await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!((again.status, again.json()), (201, first.json()));
    assert_eq!(level(&stage, 1).await, first.json()["size_bytes"]);
    let other = send(lesson("twice")).await;
    assert_eq!(
        (other.status, &other.json()["type"]),
        (409, &json!("urn:novacore:problem:key-reused"))
    );
    // The same key of another user is another key.
    let others = stage.call_with(call, As::User(2), &key, lesson("once").to_string()).await;
    assert!(!others.headers.contains_key("idempotent-replayed"), "{}", others.text);
    assert_ne!(id(&others.json()), id(&first.json()));
}

#[tokio::test]
async fn a_service_stores_for_the_user_it_names() {
    let stage = Stage::new();
    let answer = stage.post(As::ServiceFor(2), "/memory/store", lesson("a")).await;
    assert_eq!((answer.status, &answer.json()["user_id"]), (201, &json!(user(2))));
    let nobody = stage.post(As::Service, "/memory/store", lesson("a")).await;
    assert_eq!(nobody.status, 422, "{}", nobody.text);
}

#[tokio::test]
async fn a_vector_that_is_brought_is_found_by_one_that_is_brought() {
    let stage = Stage::new();
    let axis =
        |place: usize| (0..64).map(|at| if at == place { 3.0 } else { 0.0 }).collect::<Vec<f32>>();
    stored(&stage, 1, with(lesson("north"), "embedding", axis(5))).await;
    stored(&stage, 1, with(lesson("east"), "embedding", axis(6))).await;
    let ask = json!({"query": "nothing in common", "embedding": axis(6), "limit": 1});
    let found = stage.post(As::User(1), "/api/memory/search", ask).await.json();
    assert_eq!(found["results"][0]["input_context"], "east");
    assert_eq!(found["results"][0]["similarity_score"], 1.0);
}
