//! What an operator looks at.

use crate::{
    refusals::refused,
    stage::{As, Stage, user},
};
use serde_json::{Value, json};

async fn asked(stage: &Stage, path: &str) -> Value {
    let answer = stage.get(As::User(9), path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer.json()
}

async fn put(stage: &Stage, path: &str, body: Value) {
    let answer = stage.put(As::User(9), path, body).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
}

#[tokio::test]
async fn a_series_of_all_users_is_the_sum_of_theirs() {
    let stage = Stage::new();
    stage.used(1, "llm_tokens", 10).await;
    stage.used(1, "memory_storage", 500).await;
    stage.clock.advance_s(86_400);
    stage.used(1, "llm_tokens", 5).await;
    stage.used(2, "llm_tokens", 7).await;
    stage.used(2, "memory_storage", 30).await;
    let path = "/api/admin/usage/series?resourceType=llm_tokens&days=3";
    let key = stage.token(9, 200_000);
    let seen = stage.get(As::Bearer(key.clone()), path).await.json();
    let expected = json!({
        "resourceType": "llm_tokens", "days": 3,
        "series": [
            {"date": "2026-11-23", "amount": 0, "users": 0},
            {"date": "2026-11-24", "amount": 10, "users": 1},
            {"date": "2026-11-25", "amount": 12, "users": 2},
        ],
        "timestamp": "2026-11-25T12:00:00Z",
    });
    assert_eq!(seen, expected);
    let path = "/api/admin/usage/series?resourceType=memory_storage&days=2";
    let seen = stage.get(As::Bearer(key), path).await.json();
    let expected = json!([
        {"date": "2026-11-24", "amount": 500, "users": 1},
        {"date": "2026-11-25", "amount": 530, "users": 2},
    ]);
    assert_eq!(seen["series"], expected);
}

#[tokio::test]
async fn a_series_names_the_field_that_is_wrong() {
    let stage = Stage::new();
    for (query, field) in [
        ("", "resourceType"),
        ("?resourceType=nope", "resourceType"),
        ("?resourceType=llm_tokens&days=x", "days"),
    ] {
        let path = format!("/api/admin/usage/series{query}");
        let answer = stage.get(As::User(9), &path).await;
        assert_eq!((answer.status, &answer.json()["field"]), (422, &json!(field)), "{query}");
    }
}

#[tokio::test]
async fn the_overview_names_users_and_counts_the_active() {
    let stage = Stage::new();
    stage.used(1, "llm_tokens", 10).await;
    stage.used(2, "memory_storage", 10).await;
    stage.used(2, "messages", 1).await;
    let seen = asked(&stage, "/api/admin/usage?days=1").await;
    assert_eq!(seen["activeUsers"], 2);
    let rows = seen["resources"].as_array().unwrap();
    let tokens = rows.iter().find(|row| row["resourceType"] == "llm_tokens").unwrap();
    assert_eq!(tokens["top"][0]["email"], "u1@example.com");
    // One who is known from a service's call only has no address.
    stage.used(77, "llm_tokens", 900).await;
    let seen = asked(&stage, "/api/admin/usage").await;
    let rows = seen["resources"].as_array().unwrap();
    let tokens = rows.iter().find(|row| row["resourceType"] == "llm_tokens").unwrap();
    assert_eq!((&tokens["top"][0]["email"], &seen["activeUsers"]), (&Value::Null, &json!(3)));
}

#[tokio::test]
async fn decisions_are_counted_and_refusals_named() {
    let stage = Stage::new();
    stage.used(1, "llm_tokens", 10).await;
    refused(&stage, 2, 1_001).await;
    refused(&stage, 77, 1_002).await;
    // Below zero: refused, but not by a limit.
    let body = json!({"userId": user(1), "resourceType": "memory_storage", "amount": -5});
    assert_eq!(stage.post(As::Service, "/usage/record", body).await.status, 422);
    let seen = asked(&stage, "/api/admin/decisions").await;
    assert_eq!(seen["since"], "2026-11-24T12:00:00Z");
    let row = |resource: &str| {
        let rows = seen["decisions"].as_array().unwrap();
        rows.iter().find(|row| row["resourceType"] == resource).unwrap().clone()
    };
    let tokens = json!({
        "resourceType": "llm_tokens", "admitted": 1, "replayed": 0, "refusedQuota": 2,
        "refusedOther": 0, "failed": 0,
    });
    assert_eq!(row("llm_tokens"), tokens);
    assert_eq!(row("memory_storage")["refusedOther"], 1);
    assert_eq!(row("messages")["admitted"], 0);
    let refusals = seen["refusals"].as_array().unwrap();
    assert_eq!(refusals.len(), 2);
    assert_eq!((&refusals[0]["requested"], &refusals[0]["email"]), (&json!(1_002), &Value::Null));
    assert_eq!(refusals[0]["userId"], user(77).to_string());
    assert_eq!(refusals[1]["email"], "u2@example.com");
    assert_eq!(refusals[1]["limit"], "day");
    let one = asked(&stage, "/api/admin/decisions?limit=1").await;
    assert_eq!(one["refusals"].as_array().unwrap().len(), 1);
    let answer = stage.get(As::User(9), "/api/admin/decisions?limit=201").await;
    assert_eq!((answer.status, &answer.json()["field"]), (422, &json!("limit")));
}

#[tokio::test]
async fn overrides_of_a_user_are_listed_and_users_filtered_by_tier() {
    let stage = Stage::new();
    let base = format!("/api/admin/users/{}", user(1));
    let list = format!("{base}/overrides");
    assert_eq!(asked(&stage, &list).await, json!({"overrides": []}));
    let body = json!({"cap": 7, "reason": "trial", "expiresAt": "2026-11-24T12:00:10Z"});
    put(&stage, &format!("{list}/messages"), body).await;
    put(&stage, &format!("{list}/llm_tokens?limit=day"), json!({"cap": 8, "reason": "x"})).await;
    stage.clock.advance_s(10);
    let seen = asked(&stage, &list).await;
    let rows = seen["overrides"].as_array().unwrap();
    let shown = |row: &Value| {
        (
            row["resourceType"].clone(),
            row["limit"].clone(),
            row["cap"].clone(),
            row["inForce"].clone(),
        )
    };
    assert_eq!(
        rows.iter().map(shown).collect::<Vec<_>>(),
        [
            (json!("llm_tokens"), json!("day"), json!(8), json!(true)),
            (json!("messages"), Value::Null, json!(7), json!(false)),
        ]
    );
    let gone = stage.get(As::User(9), &format!("/api/admin/users/{}/overrides", user(77))).await;
    assert_eq!(gone.status, 404, "{}", gone.text);

    put(&stage, &format!("{base}/tier"), json!({"tier": "basic", "reason": "paid"})).await;
    for (query, count) in [("tier=basic", 1), ("tier=free_trial", 2), ("tier=gone", 0)] {
        let seen = asked(&stage, &format!("/api/admin/users?{query}")).await;
        assert_eq!(seen["users"].as_array().unwrap().len(), count, "{query}");
    }
    let answer = stage.get(As::User(9), "/api/admin/users?tier=No%20tier").await;
    assert_eq!((answer.status, &answer.json()["field"]), (422, &json!("tier")));
}

#[tokio::test]
async fn a_preview_says_whom_a_change_affects_and_changes_nothing() {
    let stage = Stage::new();
    for (number, tokens) in [(1, 600), (2, 800), (9, 400), (76, 900), (77, 1_000)] {
        stage.used(number, "llm_tokens", tokens).await;
    }
    // One has a cap of his own; one is at the cap of now already.
    let path = format!("/api/admin/users/{}/overrides/llm_tokens", user(76));
    put(&stage, &path, json!({"cap": 5_000, "reason": "paid"})).await;
    let before = asked(&stage, "/api/admin/tiers/free_trial").await;
    let entries = stage.memory.entry_count();
    let limits = json!({
        "llm_tokens": [{"cap": 500, "window": "day"}, {"cap": 9_000, "window": "month"}],
        "memory_storage": [{"cap": 1_073_741_824, "window": "lifetime"}],
        "agent_minutes": [{"cap": 0, "window": "month"}],
    });
    let path = "/api/admin/tiers/free_trial/preview";
    let answer = stage.post(As::User(9), path, json!({"limits": limits})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let example = |number: u128, email: &str, used: i64| {
        json!({
            "userId": user(number), "email": email, "resourceType": "llm_tokens", "name": "day",
            "used": used, "capBefore": 1_000, "capAfter": 500,
        })
    };
    let change = |resource: &str, name: &str, before: Value, after: Value, over: i64| {
        json!({
            "resourceType": resource, "name": name, "window": name, "capBefore": before,
            "capAfter": after, "usersOver": over,
        })
    };
    let expected = json!({
        "tier": "free_trial", "users": 5, "isComplete": true,
        "changes": [
            change("llm_tokens", "day", json!(1_000), json!(500), 2),
            change("llm_tokens", "month", Value::Null, json!(9_000), 0),
            change("messages", "day", json!(100), Value::Null, 0),
        ],
        "examples": [example(2, "u2@example.com", 800), example(1, "u1@example.com", 600)],
    });
    assert_eq!(answer.json(), expected);
    assert_eq!(asked(&stage, "/api/admin/tiers/free_trial").await, before);
    assert_eq!(stage.memory.entry_count(), entries);
    let log = asked(&stage, "/api/admin/audit?target=tier:free_trial").await;
    assert_eq!(log["entries"], json!([]));
}

#[tokio::test]
async fn a_preview_of_a_new_tier_has_no_users_and_of_nonsense_names_the_field() {
    let stage = Stage::new();
    let preview = |body: Value| stage.post(As::User(9), "/api/admin/tiers/gold/preview", body);
    let new = preview(json!({"limits": {"messages": [{"cap": 5, "window": "day"}]}})).await;
    assert_eq!(new.status, 200, "{}", new.text);
    let new = new.json();
    assert_eq!((&new["users"], &new["isComplete"]), (&json!(0), &json!(true)));
    assert_eq!(new["changes"][0]["capBefore"], Value::Null);
    for (body, field) in [
        (json!({"limits": {"nope": [{"cap": 5, "window": "day"}]}}), "limits"),
        (json!({"limits": {"messages": [{"cap": -5, "window": "day"}]}}), "limits"),
        (json!({"limits": {}, "reason": "x"}), "reason"),
    ] {
        let answer = preview(body).await;
        assert_eq!(answer.status, 422, "{}", answer.text);
        assert_eq!(answer.json()["field"], field, "{}", answer.text);
    }
}
