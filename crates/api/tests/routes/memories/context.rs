//! GET /memory/context

use super::{inputs, lesson, stored, with};
use crate::stage::{As, Stage};
use insta::assert_snapshot;
use serde_json::json;

#[tokio::test]
async fn a_context_has_the_session_the_often_read_and_the_relevant() {
    let stage = Stage::new();
    let turn =
        |text: &str, session: &str| with(with(lesson(text), "tier", "stm"), "session_id", session);
    stored(&stage, 1, turn("hello there", "s")).await;
    stored(&stage, 1, turn("other session", "t")).await;
    stored(&stage, 1, with(lesson("prefers short answers"), "tier", "itm")).await;
    stored(&stage, 1, lesson("the dog is called Rex")).await;
    stage.clock.set("2026-11-24T12:00:01Z".parse().unwrap());
    stored(&stage, 1, lesson("prefers tea")).await;
    let path = "/api/memory/context?session_id=s&query=what+is+the+dog+called&limit=3";
    let context = stage.get(As::User(1), path).await;
    let body = context.json();
    assert_eq!(inputs(&body["stm"]), ["hello there"]);
    assert_eq!(inputs(&body["itm"]), ["prefers short answers"]);
    assert_eq!(inputs(&body["ltm"]), ["the dog is called Rex"]);
    assert!(body["ltm"][0]["similarity_score"].as_f64().unwrap() > 0.25);
    assert_eq!(body["stm"][0]["similarity_score"], json!(null));
    assert!(body["ltm"][0].get("score").is_none());
    assert_eq!(body["degraded"], false);
    // Being chosen is a read.
    assert_eq!(body["ltm"][0]["access_count"], 1);
    let newest = stage.get(As::User(1), "/api/memory/context").await.json();
    assert_eq!(inputs(&newest["ltm"]), ["prefers tea", "the dog is called Rex"]);
    assert_eq!(newest["stm"], json!([]));
}

#[tokio::test]
async fn without_a_model_a_context_goes_by_words_and_says_so() {
    let stage = Stage::new();
    stored(&stage, 1, lesson("the dog is called Rex")).await;
    stored(&stage, 1, lesson("prefers tea")).await;
    stage.words.take_away();
    let context = stage.get(As::User(1), "/api/memory/context?query=dog").await;
    assert_snapshot!(context.show(&["id"]), @r#"
    200
    {
      "degraded": true,
      "degraded_reason": "the query cannot be embedded now, so its words are searched",
      "itm": [],
      "ltm": [
        {
          "access_count": 1,
          "confidence_score": null,
          "constitution_valid": null,
          "created_at": "2026-11-24T12:00:00Z",
          "emotional_weight": null,
          "expires_at": null,
          "id": "...",
          "input_context": "the dog is called Rex",
          "last_accessed_at": "2026-11-24T12:00:00Z",
          "metadata": null,
          "outcome": null,
          "output_response": null,
          "session_id": null,
          "similarity_score": null,
          "size_bytes": 439,
          "tags": [],
          "tier": "ltm",
          "type": "lesson",
          "updated_at": "2026-11-24T12:00:00Z",
          "user_id": "01980000-0000-7000-8000-000000000001"
        }
      ],
      "stm": []
    }
    "#);
}
