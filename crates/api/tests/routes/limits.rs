//! Every limit of a user, and the tier that comes next.

use crate::stage::{As, Stage, user};
use serde_json::{Value, json};

async fn limits(stage: &Stage, by: As) -> Value {
    let answer = stage.get(by, "/api/usage/limits").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// The part of a resource.
fn part(limits: &Value, resource: &str) -> Value {
    let rows = limits["resources"].as_array().unwrap();
    rows.iter().find(|row| row["resourceType"] == resource).unwrap().clone()
}

async fn put_basic(stage: &Stage) {
    let body = json!({"reason": "more windows", "rank": 20, "limits": {"llm_tokens": [
        {"cap": 500, "window": "hour", "mode": "soft", "warnAt": [50]},
        {"name": "all", "cap": 50_000, "window": "month"},
        {"name": "open", "cap": -1, "window": "day"},
    ]}});
    let answer = stage.put(As::User(9), "/api/admin/tiers/basic", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = json!({"tier": "basic", "reason": "paid"});
    let answer = stage.put(As::User(9), &format!("/api/admin/users/{}/tier", user(1)), body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn every_limit_with_where_the_user_stands() {
    let stage = Stage::new();
    stage.used(1, "llm_tokens", 900).await;
    stage.held(1, 50).await;
    stage.used(1, "memory_storage", 6_748).await;
    let seen = limits(&stage, As::User(1)).await;
    let limit = json!({
        "name": "day", "window": "day", "cap": 1_000, "used": 900, "held": 50, "remaining": 50,
        "percentage": 90.0, "mode": "hard", "warnAt": [80, 100],
        "resetsAt": "2026-11-25T00:00:00Z", "source": "tier", "overrideExpiresAt": null,
    });
    let tokens = json!({
        "resourceType": "llm_tokens", "unit": "tokens", "isLevel": false, "used": 900, "held": 50,
        "limits": [limit],
    });
    assert_eq!(part(&seen, "llm_tokens"), tokens);
    let storage = part(&seen, "memory_storage");
    assert_eq!((&storage["isLevel"], &storage["unit"]), (&json!(true), &json!("bytes")));
    assert_eq!(storage["limits"][0]["resetsAt"], Value::Null);
    let upgrade = json!({"tier": "basic", "limits": [
        {"resourceType": "agent_minutes", "name": "month", "window": "month", "cap": 60},
        {"resourceType": "llm_tokens", "name": "day", "window": "day", "cap": 50_000},
        {
            "resourceType": "memory_storage", "name": "lifetime", "window": "lifetime",
            "cap": 10_737_418_240_i64,
        },
        {"resourceType": "messages", "name": "day", "window": "day", "cap": 5_000},
    ]});
    assert_eq!(seen["upgrade"], upgrade);
    let names = seen["resources"].as_array().unwrap().iter().map(|row| &row["resourceType"]);
    let expected = ["agent_minutes", "llm_tokens", "memory_storage", "messages"];
    assert!(names.eq(expected.iter()), "{seen}");
    assert_eq!(seen["userId"], user(1).to_string());
    assert_eq!(
        (&seen["tier"], &seen["timestamp"]),
        (&json!("free_trial"), &json!("2026-11-24T12:00:00Z"))
    );
}

#[tokio::test]
async fn several_limits_of_one_resource_come_in_the_tiers_order() {
    let stage = Stage::new();
    put_basic(&stage).await;
    stage.used(1, "llm_tokens", 600).await;
    let body = json!({"cap": 700, "reason": "trial", "expiresAt": "2026-12-01T00:00:00Z"});
    let path = format!("/api/admin/users/{}/overrides/llm_tokens?limit=all", user(1));
    assert_eq!(stage.put(As::User(9), &path, body).await.status, 200);
    let seen = limits(&stage, As::User(1)).await;
    let tokens = part(&seen, "llm_tokens");
    // The limit with the least room is the hour's: it is passed.
    assert_eq!((&tokens["used"], &tokens["held"]), (&json!(600), &json!(0)));
    let rows = tokens["limits"].as_array().unwrap();
    let shown = |row: &Value| {
        let words = ["name", "window", "cap", "remaining", "percentage", "mode", "source"];
        words.map(|word| row[word].to_string().replace('"', "")).join(" ")
    };
    assert_eq!(
        rows.iter().map(shown).collect::<Vec<_>>(),
        [
            "hour hour 500 0 120.0 soft tier",
            "all month 700 100 85.71 hard override",
            "open day -1 -1 0.0 hard tier",
        ]
    );
    assert_eq!(rows[0]["warnAt"], json!([50]));
    assert_eq!(rows[0]["resetsAt"], "2026-11-24T13:00:00Z");
    assert_eq!(rows[0]["overrideExpiresAt"], Value::Null);
    assert_eq!(rows[1]["overrideExpiresAt"], "2026-12-01T00:00:00Z");
    // What nothing limits is shown for today.
    let messages = part(&seen, "messages");
    assert_eq!((&messages["limits"], &messages["used"]), (&json!([]), &json!(0)));
    assert_eq!(seen["tier"], "basic");
    assert_eq!(seen["upgrade"]["tier"], "pro");
}

#[tokio::test]
async fn an_override_that_has_expired_is_the_tiers_limit_again() {
    let stage = Stage::new();
    let body = json!({"cap": 7, "reason": "trial", "expiresAt": "2026-11-24T12:00:10Z"});
    let path = format!("/api/admin/users/{}/overrides/llm_tokens", user(1));
    assert_eq!(stage.put(As::User(9), &path, body).await.status, 200);
    for (seconds, cap, source) in [(0, 7, "override"), (10, 1_000, "tier")] {
        stage.clock.advance_s(seconds);
        let tokens = part(&limits(&stage, As::User(1)).await, "llm_tokens");
        let limit = &tokens["limits"][0];
        assert_eq!((&limit["cap"], &limit["source"]), (&json!(cap), &json!(source)));
    }
}

#[tokio::test]
async fn the_highest_tier_has_no_upgrade() {
    let stage = Stage::new();
    let body = json!({"tier": "pro", "reason": "paid"});
    let answer = stage.put(As::User(9), &format!("/api/admin/users/{}/tier", user(2)), body).await;
    assert_eq!(answer.status, 200);
    let seen = limits(&stage, As::User(2)).await;
    assert_eq!(seen["upgrade"], Value::Null);
    let tokens = part(&seen, "llm_tokens");
    assert_eq!(tokens["limits"][0]["cap"], -1);
    assert_eq!(tokens["limits"][0]["remaining"], -1);
}
