//! POST /memory/forget

use super::{inputs, lesson, level, stored, with};
use crate::stage::{Answer, As, Stage};
use insta::assert_snapshot;
use serde_json::{Value, json};

const CALL: (&str, &str) = ("POST", "/api/memory/forget");

async fn send(stage: &Stage, body: Value) -> Answer {
    stage.post(As::User(1), CALL.1, body).await
}

async fn left(stage: &Stage, number: u128) -> Vec<String> {
    let list = stage.get(As::User(number), "/api/memory/list?limit=100").await.json();
    inputs(&list["memories"]).into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn what_fits_every_condition_goes_and_nothing_else() {
    let stage = Stage::new();
    for (second, text, tier, tags) in [
        (1, "a", "ltm", vec!["x", "y"]),
        (2, "b", "itm", vec!["x"]),
        (3, "c", "stm", vec!["x"]),
        (4, "d", "ltm", vec![]),
    ] {
        stage.clock.set(format!("2026-11-24T12:00:0{second}Z").parse().unwrap());
        stored(&stage, 1, with(with(lesson(text), "tier", tier), "tags", tags)).await;
    }
    stored(&stage, 2, with(lesson("z"), "tags", vec!["x"])).await;
    let before = level(&stage, 1).await;
    let gone =
        send(&stage, json!({"tags_all": ["x"], "created_from": "2026-11-24T12:00:02Z"})).await;
    assert_snapshot!(gone.show(&[]), @r#"
    200
    {
      "bytes_freed": 848,
      "bytes_given_back": 424,
      "memories_forgotten": 2,
      "message": "Memories forgotten",
      "success": true
    }
    "#);
    assert_eq!(left(&stage, 1).await, ["d", "a"]);
    assert_eq!(level(&stage, 1).await, before - gone.json()["bytes_given_back"].as_i64().unwrap());
    assert_eq!(send(&stage, json!({"tags_any": ["none"]})).await.json()["memories_forgotten"], 0);
    assert_eq!(send(&stage, json!({"all": true})).await.json()["memories_forgotten"], 2);
    assert_eq!((left(&stage, 1).await.len(), level(&stage, 1).await), (0, 0));
    assert_eq!(left(&stage, 2).await, ["z"]);
}

#[tokio::test]
async fn to_forget_all_has_to_be_said() {
    let stage = Stage::new();
    stored(&stage, 1, lesson("a")).await;
    for (body, field) in [
        (json!({}), "all"),
        (json!({"all": false}), "all"),
        (json!({"all": null, "tier": null}), "all"),
        (json!({"tags_any": [], "tags_all": []}), "all"),
        (json!({"all": true, "tier": "ltm"}), "all"),
        (json!({"tier": "all"}), "tier"),
        (json!({"memory_type": "dream"}), "memory_type"),
        (json!({"tags_all": ["a", ""]}), "tags_all[1]"),
        (json!({"session_id": ""}), "session_id"),
        (json!({"min_confidence": 2}), "min_confidence"),
        (
            json!({"created_from": "2026-11-24T12:00:00Z", "created_to": "2026-11-24T12:00:00Z"}),
            "created_to",
        ),
        (json!({"type": "lesson"}), "type"),
        (json!({"user_id": "x"}), "user_id"),
    ] {
        let answer = send(&stage, body.clone()).await;
        assert_eq!((answer.status, &answer.json()["field"]), (422, &json!(field)), "{body}");
    }
    assert_eq!(left(&stage, 1).await, ["a"]);
}

#[tokio::test]
async fn forgetting_under_a_key_happens_once() {
    let stage = Stage::new();
    stored(&stage, 1, lesson("a")).await;
    let key = [("idempotency-key", "f")];
    let send = || stage.call_with(CALL, As::User(1), &key, json!({"tier": "ltm"}).to_string());
    assert_eq!(send().await.json()["memories_forgotten"], 1);
    stored(&stage, 1, lesson("b")).await;
    let again = send().await;
    assert_snapshot!(again.show(&[]), @r#"
    200
    idempotent-replayed: true
    {
      "bytes_freed": null,
      "bytes_given_back": null,
      "memories_forgotten": null,
      "message": "Memories forgotten",
      "success": true
    }
    "#);
    assert_eq!(left(&stage, 1).await, ["b"]);
}
