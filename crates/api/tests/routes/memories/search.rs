//! POST /memory/search

use super::{inputs, lesson, stored, with};
use crate::stage::{As, Stage};
use insta::assert_snapshot;
use serde_json::{Value, json};

const SEARCH: &str = "/api/memory/search";

async fn filled() -> Stage {
    let stage = Stage::new();
    for (text, kind, tags, tier, confidence) in [
        ("my dog is called Rex", "lesson", vec!["pets"], "ltm", json!(0.9)),
        ("my cat is called Tom", "conversation", vec!["pets", "cats"], "itm", json!(0.4)),
        ("deploy with ERR-4711 failed", "error", vec![], "ltm", json!(null)),
    ] {
        let body = json!({
            "type": kind, "input_context": text, "tier": tier, "tags": tags,
            "confidence_score": confidence, "session_id": kind,
        });
        stored(&stage, 1, body).await;
    }
    stored(&stage, 2, lesson("my dog is called Rex too")).await;
    stage
}

async fn found(stage: &Stage, ask: Value) -> Value {
    let answer = stage.post(As::User(1), SEARCH, ask).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn by_meaning_unless_told_otherwise() {
    let stage = filled().await;
    let ask = json!({"query": "the dog Rex", "limit": 1, "unknown": true});
    let mut answer = stage.post(As::User(1), SEARCH, ask).await;
    for scored in ["score", "similarity_score"] {
        let score = answer.json()["results"][0][scored].as_f64().unwrap();
        assert!((0.3..0.9).contains(&score), "{score}");
        answer.text = answer.text.replace(&score.to_string(), "0.5");
    }
    assert_snapshot!(answer.show(&["id"]), @r#"
    200
    {
      "degraded": false,
      "mode": "semantic",
      "query": "the dog Rex",
      "results": [
        {
          "access_count": 1,
          "confidence_score": 0.9,
          "constitution_valid": null,
          "created_at": "2026-11-24T12:00:00Z",
          "emotional_weight": null,
          "expires_at": null,
          "id": "...",
          "input_context": "my dog is called Rex",
          "last_accessed_at": "2026-11-24T12:00:00Z",
          "metadata": null,
          "outcome": null,
          "output_response": null,
          "score": 0.5,
          "session_id": "lesson",
          "similarity_score": 0.5,
          "size_bytes": 446,
          "tags": ["pets"],
          "tier": "ltm",
          "type": "lesson",
          "updated_at": "2026-11-24T12:00:00Z",
          "user_id": "01980000-0000-7000-8000-000000000001"
        }
      ],
      "total": 1,
      "unembedded": 0
    }
    "#);
}

#[tokio::test]
async fn by_words_and_by_both() {
    let stage = filled().await;
    let keyword = found(&stage, json!({"query": "err-4711", "mode": "keyword"})).await;
    assert_eq!(inputs(&keyword["results"]), ["deploy with ERR-4711 failed"]);
    assert_eq!((&keyword["mode"], &keyword["degraded"]), (&json!("keyword"), &json!(false)));
    assert_eq!(keyword["results"][0]["similarity_score"], json!(null));
    assert!(keyword["results"][0]["score"].as_f64().unwrap() > 0.0);
    let hybrid = found(&stage, json!({"query": "cat Tom", "mode": "hybrid", "limit": 1})).await;
    assert_eq!(inputs(&hybrid["results"]), ["my cat is called Tom"]);
    assert_eq!((&hybrid["mode"], &hybrid["total"]), (&json!("hybrid"), &json!(1)));
}

#[tokio::test]
async fn conditions_hold() {
    let stage = filled().await;
    for (condition, expected) in [
        (json!({"tier": "itm"}), vec!["my cat is called Tom"]),
        (json!({"memory_type": "lesson"}), vec!["my dog is called Rex"]),
        (json!({"min_confidence": 0.5}), vec!["my dog is called Rex"]),
        (json!({"tags_all": ["pets", "cats"]}), vec!["my cat is called Tom"]),
        (json!({"tags_any": ["cats", "none"]}), vec!["my cat is called Tom"]),
        (json!({"session_id": "lesson"}), vec!["my dog is called Rex"]),
        (json!({"created_to": "2026-11-24T12:00:00Z"}), vec![]),
        (
            json!({"created_from": "2026-11-24T12:00:00Z", "tags_all": ["pets"]}),
            vec!["my dog is called Rex", "my cat is called Tom"],
        ),
    ] {
        for mode in ["semantic", "keyword", "hybrid"] {
            let mut ask = json!({"query": "is called Rex", "mode": mode});
            ask.as_object_mut().unwrap().extend(condition.as_object().unwrap().clone());
            let found = found(&stage, ask.clone()).await;
            assert_eq!(inputs(&found["results"]), expected, "{ask}");
        }
    }
}

#[tokio::test]
async fn without_a_model_words_are_searched_and_that_is_said() {
    let stage = filled().await;
    stage.words.take_away();
    // Stored and charged all the same.
    let late = stored(&stage, 1, lesson("Rex hates the vacuum cleaner")).await;
    assert_eq!(late["size_bytes"], 28 + 4 * 64 + 162);
    let answer = stage.post(As::User(1), SEARCH, json!({"query": "vacuum"})).await;
    assert_eq!(inputs(&answer.json()["results"]), ["Rex hates the vacuum cleaner"]);
    let mut shown = answer.json();
    shown["results"] = json!([]);
    assert_snapshot!(shown.to_string(), @r#"
    {"degraded":true,"degraded_reason":"the query cannot be embedded now, so its words are searched","mode":"keyword","query":"vacuum","results":[],"total":1,"unembedded":0}
    "#);
    // Whoever asks for words gets what he asked for.
    let keyword = found(&stage, json!({"query": "vacuum", "mode": "keyword"})).await;
    assert_eq!((&keyword["mode"], &keyword["degraded"]), (&json!("keyword"), &json!(false)));
    // A vector that is brought needs no model.
    let axis: Vec<f32> = (0..64).map(|at| if at == 1 { 1.0 } else { 0.0 }).collect();
    let brought = found(&stage, with(json!({"query": "x"}), "embedding", axis)).await;
    assert_eq!((&brought["mode"], &brought["degraded"]), (&json!("semantic"), &json!(false)));
}
