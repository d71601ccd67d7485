//! Use by model.

use crate::stage::{As, Stage, user};
use serde_json::{Value, json};

async fn used(stage: &Stage, amount: i64, at: &str, metadata: Value) -> Value {
    let body = json!({
        "userId": user(1), "resourceType": "llm_tokens", "amount": amount, "occurredAt": at,
        "metadata": metadata,
    });
    let answer = stage.post(As::Service, "/usage/record", body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["entryId"].clone()
}

async fn models(stage: &Stage, query: &str) -> Value {
    let path = format!("/api/usage/models?resourceType=llm_tokens{query}");
    let answer = stage.get(As::User(1), &path).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// What stats say was used of tokens.
async fn by_stats(stage: &Stage, days: i64) -> i64 {
    let stats = stage.get(As::User(1), &format!("/api/usage/stats?days={days}")).await.json();
    let rows = stats["breakdown"].as_array().unwrap();
    let row = rows.iter().find(|row| row["resourceType"] == "llm_tokens");
    row.unwrap()["amount"].as_i64().unwrap()
}

#[tokio::test]
async fn amounts_add_up_by_model_and_day() {
    let stage = Stage::new();
    used(&stage, 300, "2026-11-24T10:00:00Z", json!({"model": "small"})).await;
    used(&stage, 40, "2026-11-23T23:59:59Z", json!({"model": "small", "x": [1]})).await;
    let wrong = used(&stage, 500, "2026-11-23T10:00:00Z", json!({"model": "large"})).await;
    used(&stage, 7, "2026-11-23T10:00:00Z", json!({"model": "x".repeat(201)})).await;
    used(&stage, 1, "2026-11-24T10:00:00Z", json!({})).await;
    // Before the range, though it is told of only now.
    used(&stage, 10_000, "2026-11-22T23:59:59Z", json!({"model": "small"})).await;
    stage.used(1, "messages", 3).await;
    stage.used(2, "llm_tokens", 9).await;
    let body = json!({
        "userId": user(1), "resourceType": "llm_tokens", "amount": -100, "corrects": wrong,
        "occurredAt": "2026-11-23T10:00:00Z", "metadata": {"model": "large"},
    });
    let corrected = stage.post(As::Service, "/usage/record", body).await;
    assert_eq!(corrected.status, 201, "{}", corrected.text);
    let expected = json!({
        "resourceType": "llm_tokens",
        "days": 2,
        "models": [
            {
                "model": "large", "entries": 2, "amount": 400,
                "days": [{"date": "2026-11-23", "amount": 400}],
            },
            {
                "model": "small", "entries": 2, "amount": 340,
                "days": [
                    {"date": "2026-11-23", "amount": 40}, {"date": "2026-11-24", "amount": 300},
                ],
            },
            {
                "model": null, "entries": 2, "amount": 8,
                "days": [{"date": "2026-11-23", "amount": 7}, {"date": "2026-11-24", "amount": 1}],
            },
        ],
        "isComplete": true,
        "timestamp": "2026-11-24T12:00:00Z",
    });
    assert_eq!(models(&stage, "&days=2").await, expected);
    assert_eq!(by_stats(&stage, 2).await, 748);
    assert_eq!(models(&stage, "").await["models"][0]["amount"], 10_340);
}

#[tokio::test]
async fn many_pages_of_entries_are_read() {
    let stage = Stage::new();
    for _ in 0..3 {
        let event = |nth: i64| {
            let data = json!({
                "resourceType": "llm_tokens", "amount": 1,
                "metadata": {"model": format!("m{}", nth % 2)},
            });
            json!({
                "specversion": "1.0", "type": "usage", "source": "test",
                "id": format!("{}-{nth}", stage.memory.entry_count()),
                "subject": user(1), "data": data,
            })
        };
        let events: Vec<Value> = (0..400).map(event).collect();
        let headers = [("content-type", "application/cloudevents-batch+json")];
        let call = ("POST", "/usage/events");
        let body = json!(events).to_string();
        let answer = stage.call_with(call, As::Service, &headers, body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let seen = models(&stage, "").await;
    let rows = seen["models"].as_array().unwrap();
    let shown: Vec<_> = rows.iter().map(|row| (&row["entries"], &row["amount"])).collect();
    assert_eq!(shown, [(&json!(600), &json!(600)); 2]);
    assert_eq!(seen["isComplete"], true);
    assert_eq!(by_stats(&stage, 30).await, 1_200);
}

#[tokio::test]
async fn what_makes_no_sense_names_its_field() {
    let stage = Stage::new();
    for (query, field) in [
        ("", "resourceType"),
        ("?resourceType=nope", "resourceType"),
        ("?resourceType=memory_storage", "resourceType"),
        ("?resourceType=A%20B", "resourceType"),
        ("?resourceType=llm_tokens&days=0", "days"),
        ("?resourceType=llm_tokens&days=366", "days"),
        ("?resourceType=llm_tokens&nope=1", "query"),
    ] {
        let answer = stage.get(As::User(1), &format!("/api/usage/models{query}")).await;
        assert_eq!(answer.status, 422, "{query}: {}", answer.text);
        assert_eq!(answer.json()["field"], field, "{query}");
    }
}
