//! GET /admin/memory/embeddings, DELETE /admin/users/{id}/memories

use super::{lesson, level, stored, with};
use crate::stage::{As, Stage, user};
use insta::assert_snapshot;
use serde_json::{Value, json};

#[tokio::test]
async fn how_far_embedding_has_come() {
    let stage = Stage::new();
    stored(&stage, 1, lesson("a")).await;
    stored(&stage, 2, lesson("b")).await;
    stage.words.take_away();
    stored(&stage, 2, lesson("c")).await;
    let progress = stage.get(As::User(9), "/api/admin/memory/embeddings").await;
    assert_snapshot!(progress.show(&[]), @r#"
    200
    {
      "available": true,
      "dimensions": 64,
      "embedded": 2,
      "model": "words",
      "models": [{"memories":1,"model":null},{"memories":2,"model":"words"}],
      "waiting": 1
    }
    "#);
}

#[tokio::test]
async fn an_operator_erases_all_memories_of_a_user_and_says_why() {
    let stage = Stage::new();
    stored(&stage, 1, lesson("a")).await;
    stored(&stage, 1, with(lesson("b"), "tier", "stm")).await;
    stored(&stage, 2, lesson("c")).await;
    let path = |number: u128| format!("/api/admin/users/{}/memories", user(number));
    let send = |by: As, path: String, body: Value| {
        let stage = &stage;
        async move { stage.call_with(("DELETE", &path), by, &[], body.to_string()).await }
    };
    let why = json!({"reason": "request of the user"});
    for (by, path, body, status) in [
        (As::User(1), path(1), why.clone(), 403),
        (As::User(9), path(1), json!({}), 422),
        (As::User(9), path(1), json!({"reason": " "}), 422),
        (As::User(9), path(1), json!({"reason": "x", "tier": "stm"}), 422),
        (As::User(9), path(77), why.clone(), 404),
        (As::User(9), "/api/admin/users/x/memories".to_owned(), why.clone(), 404),
    ] {
        let answer = send(by, path, body.clone()).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
    }
    let erased = send(As::User(9), path(1), why).await;
    assert_snapshot!(erased.show(&[]), @r#"
    200
    {
      "bytes_freed": 838,
      "bytes_given_back": 419,
      "memories_forgotten": 2,
      "success": true,
      "user_id": "01980000-0000-7000-8000-000000000001"
    }
    "#);
    assert_eq!((level(&stage, 1).await, level(&stage, 2).await > 0), (0, true));
    assert_eq!(stage.get(As::User(1), "/api/memory/list").await.json()["total"], 0);
    let audit = stage.get(As::User(9), "/api/admin/audit?limit=1").await;
    assert_snapshot!(audit.show(&["nextCursor", "seq"]), @r#"
    200
    {
      "entries": [
        {
          "action": "erase_memories",
          "actor": "user:01980000-0000-7000-8000-000000000009",
          "after": {"memories":0},
          "at": "2026-11-24T12:00:00Z",
          "before": {"memories":2},
          "reason": "request of the user",
          "seq": "...",
          "target": "user:01980000-0000-7000-8000-000000000001"
        }
      ],
      "nextCursor": "..."
    }
    "#);
}
