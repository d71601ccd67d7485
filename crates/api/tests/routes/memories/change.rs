//! PATCH /memory/update/{id}, POST /memory/promote/{id}, DELETE /memory/delete/{id}

use super::{id, lesson, level, stored, with};
use crate::stage::{Answer, As, Stage};
use insta::assert_snapshot;
use serde_json::{Value, json};

fn full() -> Value {
    json!({
        "type": "task", "input_context": "a", "output_response": "b", "session_id": "s",
        "outcome": "failure", "emotional_weight": 0.5, "confidence_score": 0.5, "tags": ["t"],
        "tier": "ltm", "metadata": {"k": 1},
    })
}

async fn patch(stage: &Stage, id: &str, body: Value) -> Answer {
    let path = format!("/api/memory/update/{id}");
    stage.call_with(("PATCH", &path), As::User(1), &[], body.to_string()).await
}

#[tokio::test]
async fn what_a_patch_leaves_out_stays() {
    let stage = Stage::new();
    let memory = stored(&stage, 1, full()).await;
    stage.clock.set("2026-11-24T12:00:05Z".parse().unwrap());
    let same = patch(&stage, id(&memory), json!({})).await;
    assert_eq!((same.status, same.json()), (200, memory.clone()));
    let some = json!({"input_context": "longer", "outcome": null, "tags": ["x", "y"]});
    let changed = patch(&stage, id(&memory), some).await;
    assert_snapshot!(changed.show(&["id"]), @r#"
    200
    {
      "access_count": 0,
      "confidence_score": 0.5,
      "constitution_valid": null,
      "created_at": "2026-11-24T12:00:00Z",
      "emotional_weight": 0.5,
      "expires_at": null,
      "id": "...",
      "input_context": "longer",
      "last_accessed_at": null,
      "metadata": {"k":1},
      "outcome": null,
      "output_response": "b",
      "session_id": "s",
      "size_bytes": 442,
      "tags": ["x","y"],
      "tier": "ltm",
      "type": "task",
      "updated_at": "2026-11-24T12:00:05Z",
      "user_id": "01980000-0000-7000-8000-000000000001"
    }
    "#);
    assert_eq!(level(&stage, 1).await, changed.json()["size_bytes"]);
}

#[tokio::test]
async fn what_is_null_in_a_patch_is_taken_away() {
    let stage = Stage::new();
    let memory = stored(&stage, 1, full()).await;
    let cleared = json!({
        "outcome": null,
        "output_response": null, "session_id": null, "emotional_weight": null,
        "confidence_score": null, "tags": null, "metadata": null,
    });
    let changed = patch(&stage, id(&memory), cleared).await;
    assert_snapshot!(changed.show(&["id"]), @r#"
    200
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
      "type": "task",
      "updated_at": "2026-11-24T12:00:00Z",
      "user_id": "01980000-0000-7000-8000-000000000001"
    }
    "#);
    assert_eq!(level(&stage, 1).await, changed.json()["size_bytes"]);
    for field in ["type", "input_context"] {
        let answer = patch(&stage, id(&memory), json!({field: null})).await;
        assert_eq!((answer.status, &answer.json()["field"]), (422, &json!(field)));
    }
}

#[tokio::test]
async fn a_promotion_charges_and_only_goes_up() {
    let stage = Stage::new();
    let memory = stored(&stage, 1, with(lesson("a"), "tier", "stm")).await;
    assert_eq!(level(&stage, 1).await, 0);
    stage.clock.set("2026-11-24T12:05:00Z".parse().unwrap());
    let path = format!("/api/memory/promote/{}", id(&memory));
    let itm = stage.post(As::User(1), &path, json!({"target_tier": "itm"})).await;
    assert_snapshot!(itm.show(&["id"]), @r#"
    200
    {
      "access_count": 0,
      "confidence_score": null,
      "constitution_valid": null,
      "created_at": "2026-11-24T12:00:00Z",
      "emotional_weight": null,
      "expires_at": "2026-12-01T12:05:00Z",
      "id": "...",
      "input_context": "a",
      "last_accessed_at": null,
      "metadata": null,
      "outcome": null,
      "output_response": null,
      "session_id": null,
      "size_bytes": 419,
      "tags": [],
      "tier": "itm",
      "type": "lesson",
      "updated_at": "2026-11-24T12:05:00Z",
      "user_id": "01980000-0000-7000-8000-000000000001"
    }
    "#);
    assert_eq!(level(&stage, 1).await, itm.json()["size_bytes"]);
    for (target, why) in [
        ("itm", "target_tier: the memory is itm already"),
        ("stm", "target_tier: a memory that is itm cannot become stm"),
        ("mtm", "target_tier: must be one of stm, itm, ltm"),
    ] {
        let answer = stage.post(As::User(1), &path, json!({"target_tier": target})).await;
        assert_eq!((answer.status, &answer.json()["detail"]), (422, &json!(why)));
    }
    let ltm = stage.post(As::User(1), &path, json!({"target_tier": "ltm"})).await.json();
    assert_eq!((&ltm["tier"], &ltm["expires_at"]), (&json!("ltm"), &json!(null)));
}

#[tokio::test]
async fn a_deletion_gives_bytes_back() {
    let stage = Stage::new();
    let memory = stored(&stage, 1, lesson("a")).await;
    let path = format!("/api/memory/delete/{}", id(&memory));
    let gone = stage.call_with(("DELETE", &path), As::User(1), &[], "").await;
    assert_snapshot!(gone.show(&[]), @r#"
    200
    {
      "bytes_freed": 419,
      "bytes_given_back": 419,
      "message": "Memory deleted",
      "success": true
    }
    "#);
    assert_eq!(level(&stage, 1).await, 0);
    assert_eq!(stage.call_with(("DELETE", &path), As::User(1), &[], "").await.status, 404);
    let short = stored(&stage, 1, with(lesson("a"), "tier", "stm")).await;
    let path = format!("/api/memory/delete/{}", id(&short));
    let gone = stage.call_with(("DELETE", &path), As::User(1), &[], "").await.json();
    assert_eq!(
        (&gone["bytes_freed"], &gone["bytes_given_back"]),
        (&short["size_bytes"], &json!(0))
    );
}

#[tokio::test]
async fn changes_under_a_key_are_made_once() {
    let stage = Stage::new();
    let memory = stored(&stage, 1, with(lesson("a"), "tier", "stm")).await;
    let id = id(&memory);
    for (method, call, body) in [
        ("PATCH", "update", json!({"tags": ["x"]})),
        ("POST", "promote", json!({"target_tier": "ltm"})),
        ("DELETE", "delete", json!({})),
    ] {
        let path = format!("/api/memory/{call}/{id}");
        let key = [("idempotency-key", call)];
        let send = || stage.call_with((method, &path), As::User(1), &key, body.to_string());
        let first = send().await;
        assert_eq!(first.status, 200, "{call}: {}", first.text);
        assert!(!first.headers.contains_key("idempotent-replayed"), "{call}");
        let before = level(&stage, 1).await;
        let again = send().await;
        assert_eq!(again.headers["idempotent-replayed"], "true", "{call}");
        assert_eq!((again.status, level(&stage, 1).await), (200, before), "{call}");
        if call == "delete" {
            // How many bytes it were is not known any more, and is not made up.
            assert_eq!(again.json()["bytes_freed"], json!(null));
        } else {
            assert_eq!(again.json(), first.json(), "{call}");
        }
    }
    let reused = [("idempotency-key", "update")];
    let call = ("POST", "/api/memory/store");
    let other = stage.call_with(call, As::User(1), &reused, lesson("a").to_string()).await;
    assert_eq!(other.status, 409, "{}", other.text);
}
