//! POST /memory/bulk

use super::{CAP, lesson, level, with};
use crate::stage::{Answer, As, Stage};
use insta::assert_snapshot;
use serde_json::{Value, json};

const CALL: (&str, &str) = ("POST", "/api/memory/bulk");

async fn send(stage: &Stage, body: Value) -> Answer {
    stage.post(As::User(1), CALL.1, body).await
}

fn words(report: &Value) -> Vec<&str> {
    let results = report["results"].as_array().unwrap();
    results.iter().map(|one| one["status"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn all_are_stored_at_once() {
    let stage = Stage::new();
    let two = json!({"memories": [lesson("a"), with(lesson("b"), "tier", "stm")]});
    let answer = send(&stage, two).await;
    assert_snapshot!(answer.show(&["id"]), @r#"
    201
    {
      "memories": [
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
        },
        {
          "access_count": 0,
          "confidence_score": null,
          "constitution_valid": null,
          "created_at": "2026-11-24T12:00:00Z",
          "emotional_weight": null,
          "expires_at": "2026-11-24T13:00:00Z",
          "id": "...",
          "input_context": "b",
          "last_accessed_at": null,
          "metadata": null,
          "outcome": null,
          "output_response": null,
          "session_id": null,
          "size_bytes": 419,
          "tags": [],
          "tier": "stm",
          "type": "lesson",
          "updated_at": "2026-11-24T12:00:00Z",
          "user_id": "01980000-0000-7000-8000-000000000001"
        }
      ]
    }
    "#);
    assert_eq!(level(&stage, 1).await, 162 + 4 * 64 + 1);
}

#[tokio::test]
async fn one_that_is_wrong_or_does_not_fit_keeps_all_out() {
    let stage = Stage::new();
    for (bad, field) in [
        (with(lesson("b"), "type", "dream"), "memories[1].type"),
        (with(lesson("b"), "tags", json!(["x", 5])), "memories[1].tags[1]"),
        (with(lesson("b"), "tags", json!(["x", ""])), "memories[1].tags[1]"),
        (with(lesson("b"), "colour", "red"), "memories[1].colour"),
        (json!({"type": "lesson"}), "memories[1].input_context"),
        (json!(5), "memories[1]"),
        (json!([]), "memories[1]"),
    ] {
        let answer = send(&stage, json!({"mode": "all", "memories": [lesson("a"), bad]})).await;
        assert_eq!(
            (answer.status, &answer.json()["field"]),
            (422, &json!(field)),
            "{}",
            answer.text
        );
    }
    stage.used(1, "memory_storage", CAP - 2 * 419 - 1).await;
    let three = json!({"memories": [lesson("c"), lesson("d"), lesson("e")]});
    let refused = send(&stage, three).await;
    assert_eq!(refused.status, 429);
    let message = "Storage quota exceeded. Current: 1073740985, Requested: 1257, Limit: 1073741824";
    assert_eq!(refused.json()["message"], message);
    assert_eq!(stage.get(As::User(1), "/api/memory/list").await.json()["total"], 0);
}

#[tokio::test]
async fn each_is_stored_for_itself() {
    let stage = Stage::new();
    stage.used(1, "memory_storage", CAP - 500).await;
    let each = json!({"mode": "each", "memories": [
        lesson("a"), with(lesson("b"), "outcome", "great"), lesson("c"),
        with(lesson("d"), "tier", "stm"),
    ]});
    let answer = send(&stage, each).await;
    assert_snapshot!(answer.show(&["memory"]), @r#"
    207
    {
      "rejected": 2,
      "replayed": 0,
      "results": [
        {"memory":"...","status":"stored"},
        {
          "problem": {
            "detail": "outcome: must be one of success, failure, neutral",
            "error": "Invalid field",
            "field": "outcome",
            "message": "outcome: must be one of success, failure, neutral",
            "status": 422,
            "title": "Invalid field",
            "type": "urn:novacore:problem:invalid-field"
          },
          "status": "rejected"
        },
        {
          "problem": {
            "detail": "Storage quota exceeded. Current: 1073741743, Requested: 419, Limit: 1073741824",
            "error": "Quota exceeded",
            "held": 0,
            "limit": 1073741824,
            "limit_name": "lifetime",
            "message": "Storage quota exceeded. Current: 1073741743, Requested: 419, Limit: 1073741824",
            "remaining": 81,
            "requested": 419,
            "resets_at": null,
            "resource_type": "memory_storage",
            "status": 429,
            "title": "Quota exceeded",
            "type": "urn:novacore:problem:quota-exceeded",
            "upgrade_to": "basic",
            "used": 1073741743
          },
          "status": "rejected"
        },
        {"memory":"...","status":"stored"}
      ],
      "stored": 2
    }
    "#);
    for (place, text) in [(0, "a"), (3, "d")] {
        assert_eq!(answer.json()["results"][place]["memory"]["input_context"], text);
    }
    assert_eq!(level(&stage, 1).await, CAP - 500 + 419);
    let good = json!({"mode": "each", "memories": [with(lesson("e"), "tier", "stm")]});
    let answer = send(&stage, good).await;
    assert_eq!((answer.status, words(&answer.json())), (201, vec!["stored"]));
}

#[tokio::test]
async fn a_bulk_under_a_key_is_stored_once() {
    let stage = Stage::new();
    for mode in ["all", "each"] {
        let body = json!({"mode": mode, "memories": [lesson("a"), lesson("b")]}).to_string();
        let key = [("idempotency-key", mode)];
        let first = stage.call_with(CALL, As::User(1), &key, body.clone()).await;
        assert_eq!(first.status, 201, "{}", first.text);
        assert!(!first.headers.contains_key("idempotent-replayed"), "{mode}");
        let before = level(&stage, 1).await;
        let again = stage.call_with(CALL, As::User(1), &key, body).await;
        assert_eq!(
            (again.status, &again.headers["idempotent-replayed"]),
            (201, &"true".parse().unwrap())
        );
        assert_eq!(level(&stage, 1).await, before, "{mode}");
        if mode == "each" {
            assert_eq!(words(&again.json()), ["replayed", "replayed"]);
        } else {
            assert_eq!(again.json(), first.json());
        }
    }
}

#[tokio::test]
async fn a_memory_keeps_its_key_when_one_before_it_is_put_right() {
    let stage = Stage::new();
    let send = async |second: Value| {
        let three = [lesson("a"), second, lesson("c")];
        let body = json!({"mode": "each", "memories": three}).to_string();
        stage.call_with(CALL, As::User(1), &[("idempotency-key", "k")], body).await.json()
    };
    let first = send(with(lesson("b"), "type", "dream")).await;
    assert_eq!(words(&first), ["stored", "rejected", "stored"]);
    let again = send(lesson("b")).await;
    assert_eq!(words(&again), ["replayed", "stored", "replayed"]);
    for place in [0, 2] {
        assert_eq!(again["results"][place], {
            let mut replayed = first["results"][place].clone();
            replayed["status"] = json!("replayed");
            replayed
        });
    }
    assert_eq!(level(&stage, 1).await, 3 * 419);
}

#[tokio::test]
async fn a_bulk_has_1_to_100_memories_and_eight_mebibytes() {
    let stage = Stage::new();
    let many = |count: usize| json!({"memories": vec![with(lesson("a"), "tier", "stm"); count]});
    for (body, status) in [(many(0), 422), (many(101), 422), (many(100), 201)] {
        let answer = send(&stage, body).await;
        assert_eq!(answer.status, status, "{:.200}", answer.text);
    }
    let large = |bytes: usize| {
        let memories: Vec<Value> = (0..7).map(|_| lesson(&"x".repeat(bytes / 7))).collect();
        json!({"memories": memories})
    };
    assert_eq!(send(&stage, large(7 << 20)).await.status, 201);
    assert_eq!(send(&stage, large(9 << 20)).await.status, 413);
    for (body, field) in [
        (json!({"mode": "most", "memories": [lesson("a")]}), "mode"),
        (json!({"memories": lesson("a")}), "memories"),
        (json!({"mode": "all"}), "memories"),
        (json!({"memories": [lesson("a")], "atomic": true}), "atomic"),
    ] {
        let answer = send(&stage, body).await;
        assert_eq!((answer.status, &answer.json()["field"]), (422, &json!(field)));
    }
}

#[tokio::test]
async fn a_store_that_takes_nothing_is_said_once() {
    let stage = Stage::new();
    stage.memory.set_writable(false);
    for mode in ["all", "each"] {
        let answer =
            send(&stage, json!({"mode": mode, "memories": [lesson("a"), lesson("b")]})).await;
        assert_eq!(answer.json()["type"], "urn:novacore:problem:storage-full", "{mode}");
    }
}
