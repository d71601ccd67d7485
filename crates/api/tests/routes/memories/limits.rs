//! At the limit of a tier.

use super::{CAP, id, lesson, level, stored, with};
use crate::stage::{As, Stage, user};
use insta::assert_snapshot;
use serde_json::json;

/// User 1 with room for so many bytes.
async fn with_room(bytes: i64) -> Stage {
    let stage = Stage::new();
    stage.used(1, "memory_storage", CAP - bytes).await;
    stage
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_fits_once_the_tier_is_raised() {
    let stage = with_room(100).await;
    let refused = stage.post(As::User(1), "/api/memory/store", lesson("a")).await;
    assert_snapshot!(refused.show(&[]), @r#"
    429
    content-type: application/problem+json
    ratelimit-policy: "memory_storage.lifetime";q=1073741824
    ratelimit: "memory_storage.lifetime";r=100
    {
      "detail": "Storage quota exceeded. Current: 1073741724, Requested: 419, Limit: 1073741824",
      "error": "Quota exceeded",
      "held": 0,
      "limit": 1073741824,
      "limit_name": "lifetime",
      "message": "Storage quota exceeded. Current: 1073741724, Requested: 419, Limit: 1073741824",
      "remaining": 100,
      "requested": 419,
      "resets_at": null,
      "resource_type": "memory_storage",
      "status": 429,
      "title": "Quota exceeded",
      "type": "urn:novacore:problem:quota-exceeded",
      "upgrade_to": "basic",
      "used": 1073741724
    }
    "#);
    assert_eq!(level(&stage, 1).await, CAP - 100);
    let tier = json!({"tier": "basic", "reason": "paid"});
    stage.put(As::User(9), &format!("/api/admin/users/{}/tier", user(1)), tier).await;
    let memory = stored(&stage, 1, lesson("a")).await;
    assert_eq!(level(&stage, 1).await, CAP - 100 + memory["size_bytes"].as_i64().unwrap());
}

#[tokio::test]
async fn the_last_byte_can_be_used() {
    let stage = with_room(162 + 4 * 64 + 3).await;
    let call = "/api/memory/store";
    assert_eq!(stage.post(As::User(1), call, lesson("four")).await.status, 429);
    assert_eq!(stage.post(As::User(1), call, lesson("abc")).await.status, 201);
    assert_eq!(level(&stage, 1).await, CAP);
}

#[tokio::test]
async fn short_term_memory_is_stored_at_the_limit() {
    let stage = with_room(0).await;
    let path = "/api/memory/stm/store?session_id=s";
    let turn = stage.post(As::User(1), path, json!({"input": "a"})).await;
    assert_eq!(turn.status, 201, "{}", turn.text);
    let memory = stored(&stage, 1, with(lesson("a"), "tier", "stm")).await;
    // What would be charged is not.
    let path = format!("/api/memory/promote/{}", id(&memory));
    let refused = stage.post(As::User(1), &path, json!({"target_tier": "itm"})).await;
    assert_eq!(refused.status, 429);
    let message = "Storage quota exceeded. Current: 1073741824, Requested: 419, Limit: 1073741824";
    assert_eq!(refused.json()["message"], message);
    assert_eq!(level(&stage, 1).await, CAP);
}

#[tokio::test]
async fn a_change_at_the_limit_may_take_less_and_not_more() {
    let stage = with_room(162 + 4 * 64 + 3).await;
    let memory = stored(&stage, 1, lesson("abc")).await;
    let path = format!("/api/memory/update/{}", id(&memory));
    let send = |text: &str| {
        let body = json!({"input_context": text}).to_string();
        stage.call_with(("PATCH", &path), As::User(1), &[], body)
    };
    assert_eq!(send("abcd").await.status, 429);
    assert_eq!(send("xyz").await.status, 200);
    assert_eq!(send("x").await.status, 200);
    assert_eq!(level(&stage, 1).await, CAP - 2);
}
