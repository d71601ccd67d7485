//! GET /memory/retrieve/{id}, /memory/list, /memory/itm/retrieve

use super::{id, inputs, lesson, stored, with};
use crate::stage::{As, Stage};
use insta::assert_snapshot;
use serde_json::json;

#[tokio::test]
async fn being_retrieved_is_counted() {
    let stage = Stage::new();
    let memory = stored(&stage, 1, lesson("a")).await;
    stage.clock.set("2026-11-24T12:00:05Z".parse().unwrap());
    let path = format!("/api/memory/retrieve/{}", id(&memory));
    stage.get(As::User(1), &path).await;
    assert_snapshot!(stage.get(As::User(1), &path).await.show(&["id"]), @r#"
    200
    {
      "access_count": 2,
      "confidence_score": null,
      "constitution_valid": null,
      "created_at": "2026-11-24T12:00:00Z",
      "emotional_weight": null,
      "expires_at": null,
      "id": "...",
      "input_context": "a",
      "last_accessed_at": "2026-11-24T12:00:05Z",
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
}

#[tokio::test]
async fn what_has_expired_is_gone() {
    let stage = Stage::new();
    let memory = stored(&stage, 1, with(lesson("a"), "tier", "stm")).await;
    assert_eq!(memory["expires_at"], "2026-11-24T13:00:00Z");
    let path = format!("/memory/retrieve/{}", id(&memory));
    stage.clock.set("2026-11-24T12:59:59Z".parse().unwrap());
    assert_eq!(stage.get(As::ServiceFor(1), &path).await.status, 200);
    stage.clock.set("2026-11-24T13:00:00Z".parse().unwrap());
    assert_eq!(stage.get(As::ServiceFor(1), &path).await.status, 404);
    assert_eq!(stage.get(As::ServiceFor(1), "/memory/list").await.json()["total"], 0);
}

/// Four memories of user 1, a second apart, and one of user 2.
async fn filled() -> Stage {
    let stage = Stage::new();
    for (second, tier, kind, tags, confidence) in [
        (1, "ltm", "lesson", vec!["a", "b"], Some(0.9)),
        (2, "itm", "task", vec!["a"], Some(0.5)),
        (3, "stm", "lesson", vec![], None),
        (4, "ltm", "error", vec!["b c"], Some(0.1)),
    ] {
        stage.clock.set(format!("2026-11-24T12:00:0{second}Z").parse().unwrap());
        let body = json!({
            "type": kind, "input_context": format!("m{second}"), "tier": tier, "tags": tags,
            "confidence_score": confidence, "session_id": format!("s{}", second % 2),
        });
        stored(&stage, 1, body).await;
    }
    stored(&stage, 2, lesson("another's")).await;
    stage
}

#[tokio::test]
async fn a_list_has_pages_and_filters() {
    let stage = filled().await;
    for (query, expected, total) in [
        ("", vec!["m4", "m3", "m2", "m1"], 4),
        ("?limit=2", vec!["m4", "m3"], 4),
        ("?limit=2&offset=3", vec!["m1"], 4),
        ("?offset=1000000", vec![], 4),
        ("?tier=ltm", vec!["m4", "m1"], 2),
        ("?memory_type=lesson", vec!["m3", "m1"], 2),
        ("?session_id=s0", vec!["m4", "m2"], 2),
        ("?tag=a", vec!["m2", "m1"], 2),
        ("?tag=a&tag=b", vec!["m1"], 1),
        ("?tag=b+c", vec!["m4"], 1),
        ("?tag=b%20c", vec!["m4"], 1),
        ("?tag=c", vec![], 0),
        ("?min_confidence=0.5", vec!["m2", "m1"], 2),
        ("?created_from=2026-11-24T12:00:02Z&created_to=2026-11-24T12:00:04Z", vec!["m3", "m2"], 2),
        ("?tier=ltm&tag=a&unknown=1", vec!["m1"], 1),
    ] {
        let list = stage.get(As::User(1), &format!("/api/memory/list{query}")).await.json();
        assert_eq!(
            (inputs(&list["memories"]), &list["total"]),
            (expected, &json!(total)),
            "{query}"
        );
    }
    let list = stage.get(As::User(1), "/api/memory/list").await.json();
    assert_eq!(list["tier"], json!(null));
}

#[tokio::test]
async fn a_list_is_answered_whole() {
    let stage = filled().await;
    let list = stage.get(As::ServiceFor(1), "/memory/list?tier=itm").await;
    assert_snapshot!(list.show(&["id"]), @r#"
    200
    {
      "memories": [
        {
          "access_count": 0,
          "confidence_score": 0.5,
          "constitution_valid": null,
          "created_at": "2026-11-24T12:00:02Z",
          "emotional_weight": null,
          "expires_at": "2026-12-01T12:00:02Z",
          "id": "...",
          "input_context": "m2",
          "last_accessed_at": null,
          "metadata": null,
          "outcome": null,
          "output_response": null,
          "session_id": "s0",
          "size_bytes": 425,
          "tags": ["a"],
          "tier": "itm",
          "type": "task",
          "updated_at": "2026-11-24T12:00:02Z",
          "user_id": "01980000-0000-7000-8000-000000000001"
        }
      ],
      "tier": "itm",
      "total": 1
    }
    "#);
    let itm = stage.get(As::User(1), "/api/memory/itm/retrieve?limit=5").await;
    assert_eq!(itm.json(), list.json());
    // Being listed is no read.
    assert_eq!(itm.json()["memories"][0]["access_count"], 0);
}
