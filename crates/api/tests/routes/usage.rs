//! The platform's usage calls.

use crate::stage::{As, Stage, user};
use insta::assert_snapshot;
use serde_json::json;

async fn used_stage() -> Stage {
    let stage = Stage::new();
    stage.used(1, "llm_tokens", 900).await;
    stage.used(1, "memory_storage", 6_748).await;
    stage
}

async fn stats_of_two_days() -> String {
    let stage = used_stage().await;
    stage.held(1, 50).await;
    stage.get(As::User(1), "/api/usage/stats?days=2").await.show(&[])
}

#[tokio::test]
async fn stats() {
    assert_snapshot!(stats_of_two_days().await, @r#"
    200
    {
      "breakdown": [
        {
          "amount": 0,
          "current": {
            "held": 0,
            "limit": 0,
            "remaining": 0,
            "resetsAt": "2026-12-01T00:00:00Z",
            "used": 0,
            "window": "month"
          },
          "humanReadable": "0 minutes",
          "percentage": 0.0,
          "resourceType": "agent_minutes"
        },
        {
          "amount": 900,
          "current": {
            "held": 50,
            "limit": 1000,
            "remaining": 50,
            "resetsAt": "2026-11-25T00:00:00Z",
            "used": 900,
            "window": "day"
          },
          "humanReadable": "900 tokens",
          "percentage": 90.0,
          "resourceType": "llm_tokens"
        },
        {
          "amount": 6748,
          "current": {
            "held": 0,
            "limit": 1073741824,
            "remaining": 1073735076,
            "resetsAt": null,
            "used": 6748,
            "window": "lifetime"
          },
          "humanReadable": "6.59 KB",
          "percentage": 0.0,
          "resourceType": "memory_storage"
        },
        {
          "amount": 0,
          "current": {
            "held": 0,
            "limit": 100,
            "remaining": 100,
            "resetsAt": "2026-11-25T00:00:00Z",
            "used": 0,
            "window": "day"
          },
          "humanReadable": "0 messages",
          "percentage": 0.0,
          "resourceType": "messages"
        }
      ],
      "limits": {"agentMinutesMonth":0,"llmTokensDay":1000,"memoryStorageBytes":1073741824},
      "period": "last_2_days",
      "timestamp": "2026-11-24T12:00:00Z",
      "userId": "01980000-0000-7000-8000-000000000001",
      "warnings": ["llm_tokens at 90.0% of quota"]
    }
    "#);
}

#[tokio::test]
async fn warnings_say_what_is_short() {
    let stage = used_stage().await;
    stage.used(1, "llm_tokens", 140).await;
    stage.used(1, "agent_minutes", 1).await;
    let stats = stage.get(As::User(1), "/api/usage/stats").await.json();
    assert_eq!(stats["period"], "last_30_days");
    let warnings = ["agent_minutes quota exceeded (100.0%)", "llm_tokens quota exceeded (104.0%)"];
    assert_eq!(stats["warnings"], json!(warnings));
    // The same call between services.
    let same = stage.get(As::ServiceFor(1), "/usage/stats").await.json();
    assert_eq!(same, stats);
}

#[tokio::test]
async fn tokens() {
    let stage = used_stage().await;
    assert_snapshot!(stage.get(As::User(1), "/api/usage/tokens").await.show(&[]), @r#"
    200
    {
      "limit": 1000,
      "percentage": 90.0,
      "remaining": 100,
      "resetsAt": "2026-11-25T00:00:00Z",
      "used": 900
    }
    "#);
}

#[tokio::test]
async fn storage() {
    let stage = used_stage().await;
    assert_snapshot!(stage.get(As::User(1), "/api/usage/storage").await.show(&[]), @r#"
    200
    {
      "humanReadable": "6.59 KB",
      "limit": 1073741824,
      "percentage": 0.0,
      "used": 6748
    }
    "#);
}

#[tokio::test]
async fn quota_and_its_twin_under_auth() {
    let stage = used_stage().await;
    let quota = stage.get(As::User(1), "/api/usage/quota").await;
    assert_snapshot!(quota.show(&[]), @r#"
    200
    {
      "agentMinutes": {"limit":0,"percentage":0.0,"remaining":0,"used":0},
      "messages": {"limit":100,"percentage":0.0,"remaining":100,"used":0},
      "resetsAt": "2026-11-25T00:00:00Z",
      "storage": {
        "limit": 1073741824,
        "limitHuman": "1.00 GB",
        "percentage": 0.0,
        "used": 6748,
        "usedHuman": "6.59 KB"
      },
      "tier": "free_trial",
      "tokens": {"limit":1000,"percentage":90.0,"remaining":100,"used":900},
      "userId": "01980000-0000-7000-8000-000000000001"
    }
    "#);
    assert_eq!(stage.get(As::User(1), "/api/auth/usage/quota").await.text, quota.text);
    let tier = json!({"tier": "pro", "reason": "paid"});
    let path = format!("/api/admin/users/{}/tier", user(1));
    assert_eq!(stage.put(As::User(9), &path, tier).await.status, 200);
    assert_snapshot!(stage.get(As::User(1), "/api/usage/quota").await.show(&[]), @r#"
    200
    {
      "agentMinutes": {"limit":-1,"percentage":0.0,"remaining":-1,"used":0},
      "messages": {"limit":-1,"percentage":0.0,"remaining":-1,"used":0},
      "resetsAt": "2026-11-25T00:00:00Z",
      "storage": {
        "limit": -1,
        "limitHuman": "Unlimited",
        "percentage": 0.0,
        "used": 6748,
        "usedHuman": "6.59 KB"
      },
      "tier": "pro",
      "tokens": {"limit":-1,"percentage":0.0,"remaining":-1,"used":900},
      "userId": "01980000-0000-7000-8000-000000000001"
    }
    "#);
}

#[tokio::test]
async fn tier() {
    let stage = Stage::new();
    assert_snapshot!(stage.get(As::User(1), "/api/usage/tier").await.show(&[]), @r#"
    200
    {
      "tier": "free_trial",
      "userId": "01980000-0000-7000-8000-000000000001"
    }
    "#);
}

#[tokio::test]
async fn timeseries_and_history() {
    let stage = used_stage().await;
    stage.clock.set("2026-11-25T08:00:00Z".parse().unwrap());
    stage.used(1, "llm_tokens", 7).await;
    let path = "/usage/timeseries/llm_tokens?days=3";
    assert_snapshot!(stage.get(As::ServiceFor(1), path).await.show(&[]), @r#"
    200
    [
      {"amount":0,"date":"2026-11-23"},
      {"amount":900,"date":"2026-11-24"},
      {"amount":7,"date":"2026-11-25"}
    ]
    "#);
    let path = "/usage/timeseries/memory_storage?days=3";
    assert_snapshot!(stage.get(As::ServiceFor(1), path).await.show(&[]), @r#"
    200
    [
      {"amount":0,"date":"2026-11-23"},
      {"amount":6748,"date":"2026-11-24"},
      {"amount":6748,"date":"2026-11-25"}
    ]
    "#);
    let path = "/usage/history?days=2";
    assert_snapshot!(stage.get(As::ServiceFor(1), path).await.show(&[]), @r#"
    200
    {
      "days": 2,
      "history": [
        {
          "agent_minutes": 0,
          "date": "2026-11-25",
          "llm_tokens": 7,
          "memory_storage": 6748,
          "messages": 0
        },
        {
          "agent_minutes": 0,
          "date": "2026-11-24",
          "llm_tokens": 900,
          "memory_storage": 6748,
          "messages": 0
        }
      ],
      "userId": "01980000-0000-7000-8000-000000000001"
    }
    "#);
}

#[tokio::test]
async fn check_quota_answers_in_the_platforms_words() {
    let stage = Stage::new();
    stage.used(1, "llm_tokens", 600).await;
    stage.held(1, 200).await;
    let ask = |resource: &str, amount: i64| json!({"resourceType": resource, "amount": amount});
    let path = "/api/usage/check-quota";
    for (resource, amount, fits, message) in [
        ("messages", 1, true, "Quota available"),
        ("messages", 0, true, "Quota available"),
        ("llm_tokens", 50, true, "Warning: 85.0% of quota will be used"),
        ("llm_tokens", 200, true, "Warning: 100.0% of quota will be used"),
        ("llm_tokens", 201, false, "Quota exceeded. Current: 800, Requested: 201, Limit: 1000"),
        ("agent_minutes", 1, false, "Quota exceeded. Current: 0, Requested: 1, Limit: 0"),
    ] {
        let answer = stage.post(As::User(1), path, ask(resource, amount)).await;
        assert_eq!(answer.status, 200);
        let body = answer.json();
        assert_eq!((&body["hasQuota"], &body["message"]), (&json!(fits), &json!(message)));
    }
    let tier = json!({"tier": "pro", "reason": "paid"});
    stage.put(As::User(9), &format!("/api/admin/users/{}/tier", user(1)), tier).await;
    let unlimited = stage.post(As::User(1), path, ask("llm_tokens", 1 << 40)).await;
    assert_snapshot!(unlimited.show(&[]), @r#"
    200
    {
      "hasQuota": true,
      "message": "Unlimited quota",
      "remaining": -1,
      "resetsAt": "2026-11-25T00:00:00Z"
    }
    "#);
    let negative = stage.post(As::User(1), path, ask("llm_tokens", -1)).await;
    assert_snapshot!(negative.show(&[]), @r#"
    422
    content-type: application/problem+json
    {
      "detail": "amount: must not be negative",
      "error": "Invalid field",
      "field": "amount",
      "message": "amount: must not be negative",
      "status": 422,
      "title": "Invalid field",
      "type": "urn:novacore:problem:invalid-field"
    }
    "#);
    let unknown = stage.post(As::User(1), path, ask("images", 1)).await;
    assert_snapshot!(unknown.show(&[]), @r#"
    422
    content-type: application/problem+json
    {
      "detail": "resourceType: unknown resource type images",
      "error": "Invalid field",
      "field": "resourceType",
      "message": "resourceType: unknown resource type images",
      "status": 422,
      "title": "Invalid field",
      "type": "urn:novacore:problem:invalid-field"
    }
    "#);
}

#[tokio::test]
async fn record_states_what_happened_once_per_key() {
    let stage = Stage::new();
    let body = json!({
        "userId": user(1), "resourceType": "llm_tokens", "amount": 800, "unknown": true,
        "metadata": {"model": "m", "n": 1},
    });
    let key = [("idempotency-key", "k1")];
    let record = ("POST", "/usage/record");
    let first = stage.call_with(record, As::Service, &key, body.to_string()).await;
    assert_snapshot!(first.show(&[]), @r#"
    201
    {
      "amount": 800,
      "entryId": "01a20d6d-5a00-76d5-9890-300000000001",
      "message": "Usage recorded",
      "resourceType": "llm_tokens",
      "success": true,
      "userId": "01980000-0000-7000-8000-000000000001"
    }
    "#);
    let turned = format!(
        r#"{{"amount":800,"metadata":{{"n":1, "model":"m"}},"resourceType":"{}","userId":"{}"}}"#,
        "llm_tokens",
        user(1)
    );
    let again = stage.call_with(record, As::Service, &key, turned).await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.text, first.text);
    let other = body.to_string().replace(":800", ":801");
    let reused = stage.call_with(record, As::Service, &key, other).await;
    assert_snapshot!(reused.show(&[]), @r#"
    409
    content-type: application/problem+json
    {
      "detail": "the idempotency key was used for another command",
      "error": "Idempotency key reused",
      "message": "the idempotency key was used for another command",
      "status": 409,
      "title": "Idempotency key reused",
      "type": "urn:novacore:problem:key-reused"
    }
    "#);
    assert_eq!(stage.get(As::User(1), "/api/usage/tokens").await.json()["used"], 800);
}

#[tokio::test]
async fn an_enforced_record_is_refused_and_a_stated_one_never() {
    let stage = used_stage().await;
    let body = json!({
        "userId": user(1), "resourceType": "llm_tokens", "amount": 200, "enforce": true,
    });
    let refused = stage.post(As::Service, "/usage/record", body).await;
    assert_snapshot!(refused.show(&[]), @r#"
    429
    content-type: application/problem+json
    retry-after: 43200
    ratelimit-policy: "llm_tokens.day";q=1000;w=86400
    ratelimit: "llm_tokens.day";r=100;t=43200
    {
      "detail": "llm_tokens quota exceeded. Current: 900, Requested: 200, Limit: 1000",
      "error": "Quota exceeded",
      "held": 0,
      "limit": 1000,
      "limit_name": "day",
      "message": "llm_tokens quota exceeded. Current: 900, Requested: 200, Limit: 1000",
      "remaining": 100,
      "requested": 200,
      "resets_at": "2026-11-25T00:00:00Z",
      "resource_type": "llm_tokens",
      "status": 429,
      "title": "Quota exceeded",
      "type": "urn:novacore:problem:quota-exceeded",
      "upgrade_to": "basic",
      "used": 900
    }
    "#);
    stage.used(1, "llm_tokens", 200).await;
    assert_eq!(stage.get(As::User(1), "/api/usage/tokens").await.json()["used"], 1_100);
}

#[tokio::test]
async fn a_correction_names_an_entry_of_its_own_account() {
    let stage = used_stage().await;
    stage.used(2, "llm_tokens", 5).await;
    let record = |corrects: &str| {
        json!({
            "userId": user(1), "resourceType": "llm_tokens", "amount": -100, "corrects": corrects,
        })
    };
    let entry = |number: u128| stage.get(As::User(number), "/api/usage/entries?kind=record");
    let own = entry(1).await.json()["entries"][1]["entryId"].as_str().unwrap().to_owned();
    let foreign = entry(2).await.json()["entries"][0]["entryId"].as_str().unwrap().to_owned();
    let refused = stage.post(As::Service, "/usage/record", record(&foreign)).await;
    assert_snapshot!(refused.show(&[]), @r#"
    422
    content-type: application/problem+json
    {
      "detail": "corrects: there is no such entry to correct",
      "error": "Invalid field",
      "field": "corrects",
      "message": "corrects: there is no such entry to correct",
      "status": 422,
      "title": "Invalid field",
      "type": "urn:novacore:problem:invalid-field"
    }
    "#);
    assert_eq!(stage.post(As::Service, "/usage/record", record(&own)).await.status, 201);
    assert_eq!(stage.get(As::User(1), "/api/usage/tokens").await.json()["used"], 800);
}

#[tokio::test]
async fn a_user_nobody_knows_is_made_by_a_service_and_by_a_token_only() {
    let stage = Stage::new();
    stage.used(77, "llm_tokens", 1).await;
    assert_eq!(stage.get(As::User(78), "/api/usage/tier").await.json()["tier"], "free_trial");
    let found = stage.get(As::User(9), &format!("/api/admin/users/{}", user(77))).await;
    assert_eq!(found.json()["tier"], "free_trial");
    // Asking for somebody's reservation makes nobody.
    let id = format!("res_{}_1", user(79).0.simple());
    let path = format!("/usage/reservations/{id}");
    assert_eq!(stage.get(As::Service, &path).await.status, 404);
    let absent = stage.get(As::User(9), &format!("/api/admin/users/{}", user(79))).await;
    assert_eq!(absent.status, 404);
}
