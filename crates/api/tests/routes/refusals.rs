//! What limits refused, as this node remembers it.

use crate::stage::{As, Stage, user};
use serde_json::{Value, json};

/// Asks for more tokens than there are, as a service does.
pub(crate) async fn refused(stage: &Stage, number: u128, amount: i64) {
    let amounts = json!([{"resourceType": "llm_tokens", "amount": amount}]);
    let metadata = json!({"prompt": "a secret of the user"});
    let body = json!({"userId": user(number), "amounts": amounts, "metadata": metadata});
    let answer = stage.post(As::Service, "/usage/reservations", body).await;
    assert_eq!(answer.status, 429, "{}", answer.text);
}

async fn page(stage: &Stage, by: As, query: &str) -> Value {
    let answer = stage.get(by, &format!("/api/usage/refusals{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(!answer.text.contains("secret"), "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn one_sees_ones_own_the_newest_first() {
    let stage = Stage::new();
    stage.used(1, "llm_tokens", 900).await;
    stage.held(1, 40).await;
    refused(&stage, 1, 200).await;
    stage.clock.advance_s(60);
    refused(&stage, 2, 1_001).await;
    let body = json!({
        "userId": user(1), "resourceType": "memory_storage", "amount": 2_i64 << 30, "enforce": true,
    });
    assert_eq!(stage.post(As::Service, "/usage/record", body).await.status, 429);
    let seen = page(&stage, As::User(1), "").await;
    let expected = json!({
        "refusals": [
            {
                "at": "2026-11-24T12:01:00Z", "resourceType": "memory_storage",
                "limit": "lifetime", "window": "lifetime", "cap": 1_073_741_824, "used": 0,
                "held": 0, "requested": 2_147_483_648_i64, "remaining": 1_073_741_824,
                "resetsAt": null,
            },
            {
                "at": "2026-11-24T12:00:00Z", "resourceType": "llm_tokens", "limit": "day",
                "window": "day", "cap": 1_000, "used": 900, "held": 40, "requested": 200,
                "remaining": 60, "resetsAt": "2026-11-25T00:00:00Z",
            },
        ],
        "since": "2026-11-24T12:00:00Z",
    });
    assert_eq!(seen, expected);
    let one = page(&stage, As::User(1), "?limit=1").await;
    assert_eq!(one["refusals"].as_array().unwrap().len(), 1);
    assert_eq!(one["refusals"][0], expected["refusals"][0]);
    assert_eq!(page(&stage, As::User(9), "").await["refusals"], json!([]));
    assert_eq!(page(&stage, As::Viewing(1), "").await, seen);
}

#[tokio::test]
async fn every_way_to_be_refused_is_noted() {
    let stage = Stage::new();
    refused(&stage, 1, 1_001).await;
    // Enforced, extended, as one event of many.
    let body = json!({
        "userId": user(1), "resourceType": "llm_tokens", "amount": 1_002, "enforce": true,
    });
    assert_eq!(stage.post(As::Service, "/usage/record", body).await.status, 429);
    let hold = stage.held(1, 10).await;
    let body = json!({"amounts": [{"resourceType": "llm_tokens", "amount": 1_003}]});
    let path = format!("/usage/reservations/{hold}/extend");
    assert_eq!(stage.post(As::Service, &path, body).await.status, 429);
    // A memory that does not fit.
    let path = format!("/api/admin/users/{}/overrides/memory_storage", user(1));
    let put = stage.put(As::User(9), &path, json!({"cap": 10, "reason": "small"})).await;
    assert_eq!(put.status, 200, "{}", put.text);
    let body = json!({"type": "lesson", "input_context": "a secret", "tier": "ltm"});
    assert_eq!(stage.post(As::User(1), "/api/memory/store", body).await.status, 429);
    // What is refused for another reason, or is only a question, is none of these.
    let body = json!({"resourceType": "llm_tokens", "amount": 5_000});
    assert_eq!(stage.post(As::User(1), "/api/usage/check-quota", body).await.status, 200);
    let amounts = json!([{"resourceType": "nope", "amount": 1}]);
    let body = json!({"userId": user(1), "amounts": amounts});
    assert_eq!(stage.post(As::Service, "/usage/reservations", body).await.status, 422);
    let seen = page(&stage, As::User(1), "").await;
    let asked = |row: &Value| (row["resourceType"].clone(), row["requested"].clone());
    let asked: Vec<_> = seen["refusals"].as_array().unwrap().iter().map(asked).collect();
    assert_eq!(asked[0].0, "memory_storage");
    let tokens = [1_003, 1_002, 1_001].map(|amount| (json!("llm_tokens"), json!(amount)));
    assert_eq!(asked[1..], tokens);
}

#[tokio::test]
async fn a_limit_out_of_bounds_is_refused() {
    let stage = Stage::new();
    for query in ["?limit=0", "?limit=51", "?limit=x"] {
        let answer = stage.get(As::User(1), &format!("/api/usage/refusals{query}")).await;
        assert_eq!((answer.status, &answer.json()["field"]), (422, &json!("limit")), "{query}");
    }
}
