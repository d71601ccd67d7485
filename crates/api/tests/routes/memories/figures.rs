//! GET /memory/usage, /memory/usage/quota-check, /memory/stats

use super::{CAP, lesson, level, stored, with};
use crate::stage::{As, Stage, user};
use insta::assert_snapshot;
use serde_json::json;

async fn filled() -> Stage {
    let stage = Stage::new();
    stored(&stage, 1, lesson("four")).await;
    stored(&stage, 1, with(lesson("a longer text than four"), "output_response", "and more")).await;
    stored(&stage, 1, json!({"type": "error", "input_context": "x", "tier": "stm"})).await;
    stage
}

#[tokio::test]
async fn usage_is_what_is_charged_and_what_is_there() {
    let stage = filled().await;
    let usage = stage.get(As::User(1), "/api/memory/usage").await;
    assert_snapshot!(usage.show(&[]), @r#"
    200
    {
      "memory_counts": {"itm":0,"ltm":2,"stm":1,"total":3},
      "storage": {"total_bytes":871,"total_human_readable":"871 B"},
      "tier_stats": {
        "itm": {
          "avg_text_size": 0,
          "memory_count": 0,
          "size_bytes": 0,
          "total_text_human": "0 B",
          "total_text_size": 0
        },
        "ltm": {
          "avg_text_size": 17,
          "memory_count": 2,
          "size_bytes": 871,
          "total_text_human": "35 B",
          "total_text_size": 35
        },
        "stm": {
          "avg_text_size": 1,
          "memory_count": 1,
          "size_bytes": 419,
          "total_text_human": "1 B",
          "total_text_size": 1
        }
      },
      "timestamp": "2026-11-24T12:00:00Z",
      "user_id": "01980000-0000-7000-8000-000000000001"
    }
    "#);
    assert_eq!(level(&stage, 1).await, usage.json()["storage"]["total_bytes"]);
    let nothing = stage.get(As::ServiceFor(2), "/memory/usage").await;
    assert_snapshot!(nothing.show(&[]), @r#"
    200
    {
      "memory_counts": {"itm":0,"ltm":0,"stm":0,"total":0},
      "storage": {"total_bytes":0,"total_human_readable":"0 B"},
      "tier_stats": {
        "itm": {
          "avg_text_size": 0,
          "memory_count": 0,
          "size_bytes": 0,
          "total_text_human": "0 B",
          "total_text_size": 0
        },
        "ltm": {
          "avg_text_size": 0,
          "memory_count": 0,
          "size_bytes": 0,
          "total_text_human": "0 B",
          "total_text_size": 0
        },
        "stm": {
          "avg_text_size": 0,
          "memory_count": 0,
          "size_bytes": 0,
          "total_text_human": "0 B",
          "total_text_size": 0
        }
      },
      "timestamp": "2026-11-24T12:00:00Z",
      "user_id": "01980000-0000-7000-8000-000000000002"
    }
    "#);
}

#[tokio::test]
async fn stats_name_every_type_and_the_model() {
    let stage = filled().await;
    assert_snapshot!(stage.get(As::User(1), "/api/memory/stats").await.show(&[]), @r#"
    200
    {
      "by_type": {"achievement":0,"conversation":0,"error":1,"lesson":2,"reflection":0,"task":0},
      "embeddings": {"degraded":false,"dimensions":64,"model":"words"},
      "memory_counts": {"itm":0,"ltm":2,"stm":1,"total":3},
      "storage": {"total_bytes":871,"total_human_readable":"871 B"},
      "tier_stats": {
        "itm": {
          "avg_text_size": 0,
          "memory_count": 0,
          "size_bytes": 0,
          "total_text_human": "0 B",
          "total_text_size": 0
        },
        "ltm": {
          "avg_text_size": 17,
          "memory_count": 2,
          "size_bytes": 871,
          "total_text_human": "35 B",
          "total_text_size": 35
        },
        "stm": {
          "avg_text_size": 1,
          "memory_count": 1,
          "size_bytes": 419,
          "total_text_human": "1 B",
          "total_text_size": 1
        }
      },
      "timestamp": "2026-11-24T12:00:00Z",
      "user_id": "01980000-0000-7000-8000-000000000001"
    }
    "#);
}

#[tokio::test]
async fn quota_check_answers_in_the_platforms_words() {
    let stage = Stage::new();
    let path = "/api/memory/usage/quota-check";
    assert_snapshot!(stage.get(As::User(1), path).await.show(&[]), @r#"
    200
    {
      "current_usage": 0,
      "has_quota": true,
      "limit": 1073741824,
      "message": "Storage quota available",
      "percentage_used": 0.0
    }
    "#);
    stage.used(1, "memory_storage", CAP * 85 / 100).await;
    assert_snapshot!(stage.get(As::User(1), path).await.show(&[]), @r#"
    200
    {
      "current_usage": 912680550,
      "has_quota": true,
      "limit": 1073741824,
      "message": "Warning: 85.0% of storage quota used",
      "percentage_used": 85.0
    }
    "#);
    stage.used(1, "memory_storage", CAP - CAP * 85 / 100).await;
    assert_snapshot!(stage.get(As::User(1), path).await.show(&[]), @r#"
    200
    {
      "current_usage": 1073741824,
      "has_quota": false,
      "limit": 1073741824,
      "message": "Storage quota exceeded. Please upgrade your plan.",
      "percentage_used": 100.0
    }
    "#);
    let tier = json!({"tier": "pro", "reason": "paid"});
    stage.put(As::User(9), &format!("/api/admin/users/{}/tier", user(1)), tier).await;
    assert_snapshot!(stage.get(As::User(1), path).await.show(&[]), @r#"
    200
    {
      "current_usage": 1073741824,
      "has_quota": true,
      "limit": "Unlimited",
      "message": "Storage quota available",
      "percentage_used": 0.0
    }
    "#);
}
