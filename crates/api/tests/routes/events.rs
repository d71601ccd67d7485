//! CloudEvents in, the ledger out.

use crate::stage::{As, Stage, user};
use insta::assert_snapshot;
use serde_json::{Value, json};

const ONE: (&str, &str) = ("content-type", "application/cloudevents+json");
const BATCH: (&str, &str) = ("content-type", "application/cloudevents-batch+json");
const SEND: (&str, &str) = ("POST", "/usage/events");

fn event(id: &str, amount: i64) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "/agents/1", "type": "tokens.used",
        "subject": user(1), "someextension": "is ignored",
        "data": {"resourceType": "llm_tokens", "amount": amount},
    })
}

#[tokio::test]
async fn one_event_is_accepted_and_replayed() {
    let stage = Stage::new();
    let first = stage.call_with(SEND, As::Service, &[ONE], event("a", 5).to_string()).await;
    assert_snapshot!(first.show(&[]), @r#"
    200
    {
      "accepted": 1,
      "rejected": 0,
      "replayed": 0,
      "results": [{"entryId":"01a20d6d-5a00-76d5-9890-300000000001","status":"accepted"}]
    }
    "#);
    let again = stage.call_with(SEND, As::Service, &[ONE], event("a", 5).to_string()).await;
    assert_eq!((again.status, &again.json()["replayed"]), (200, &json!(1)));
    assert_eq!(stage.memory.entry_count(), 1);
}

#[tokio::test]
async fn a_batch_is_judged_event_by_event() {
    let stage = Stage::new();
    let mut unknown = event("c", 5);
    unknown["data"]["resourceType"] = json!("images");
    let mut extra = event("d", 5);
    extra["data"]["ammount"] = json!(5);
    let batch = json!([event("a", 5), event("a", 6), unknown, extra, event("e", 0), 7]);
    let answer = stage.call_with(SEND, As::Service, &[BATCH], batch.to_string()).await;
    assert_eq!(answer.status, 207);
    let body = answer.json();
    assert_eq!(
        (&body["accepted"], &body["replayed"], &body["rejected"]),
        (&json!(1), &json!(0), &json!(5))
    );
    let results = body["results"].as_array().unwrap().iter();
    let told = results.map(|result| {
        let problem = &result["problem"];
        (result["status"].as_str().unwrap(), problem["status"].as_u64(), problem["field"].as_str())
    });
    let told: Vec<_> = told.collect();
    assert_eq!(
        told,
        [
            ("accepted", None, None),
            ("rejected", Some(409), None),
            ("rejected", Some(422), Some("resourceType")),
            ("rejected", Some(422), Some("data.ammount")),
            ("rejected", Some(422), Some("amount")),
            ("rejected", Some(422), Some("body")),
        ]
    );
    assert_eq!(stage.memory.entry_count(), 1);
}

#[tokio::test]
async fn batches_are_bounded_and_of_their_own_type() {
    let stage = Stage::new();
    let send = |header, body: String| stage.call_with(SEND, As::Service, header, body);
    let thousand = |count: usize| {
        let events = (0..count).map(|number| event(&number.to_string(), 1));
        Value::from_iter(events).to_string()
    };
    assert_eq!(send(&[BATCH], thousand(1_000)).await.json()["accepted"], 1_000);
    assert_eq!(send(&[BATCH], thousand(1_001)).await.status, 422);
    assert_eq!(send(&[BATCH], "[]".to_owned()).await.status, 200);
    assert_eq!(send(&[BATCH], event("x", 1).to_string()).await.status, 422);
    assert_eq!(send(&[BATCH], "[".to_owned()).await.status, 400);
    assert_eq!(send(&[("content-type", "application/json")], thousand(1)).await.status, 415);
    let padded = format!("[{}]", " ".repeat(7 << 20));
    assert_eq!(send(&[BATCH], padded).await.status, 200);
    let padded = format!("[{}]", " ".repeat(9 << 20));
    assert_eq!(send(&[BATCH], padded).await.status, 413);
    assert_eq!(stage.memory.entry_count(), 1_002, "and those of the thresholds");
}

#[tokio::test]
async fn a_store_that_takes_nothing_fails_the_call() {
    let stage = Stage::new();
    stage.memory.set_writable(false);
    let answer = stage.call_with(SEND, As::Service, &[ONE], event("a", 5).to_string()).await;
    assert_snapshot!(answer.show(&[]), @r#"
    503
    content-type: application/problem+json
    retry-after: 1
    {
      "detail": "the disk is full",
      "error": "Storage full",
      "message": "the disk is full",
      "status": 503,
      "title": "Storage full",
      "type": "urn:novacore:problem:storage-full"
    }
    "#);
}

/// A record, its threshold, a reserve and a settle.
async fn with_entries() -> Stage {
    let stage = Stage::new();
    stage.used(1, "llm_tokens", 850).await;
    let id = stage.held(1, 20).await;
    let body = json!({"amounts": [{"resourceType": "llm_tokens", "amount": 30}]});
    stage.post(As::Service, &format!("/usage/reservations/{id}/settle"), body).await;
    stage
}

#[tokio::test]
async fn entries_are_paged() {
    let stage = with_entries().await;
    let page = stage.get(As::User(1), "/api/usage/entries?limit=3").await;
    assert_snapshot!(page.show(&[]), @r#"
    200
    {
      "entries": [
        {
          "amount": 30,
          "countedAt": "2026-11-24T12:00:00Z",
          "entryId": "01a20d6d-5a00-76d5-9890-300000000004",
          "flags": ["excess","final"],
          "held": -20,
          "kind": "settle",
          "occurredAt": "2026-11-24T12:00:00Z",
          "recordedAt": "2026-11-24T12:00:00Z",
          "reservationId": "res_01980000000070008000000000000001_3",
          "resourceType": "llm_tokens",
          "version": 4
        },
        {
          "amount": 0,
          "countedAt": "2026-11-24T12:00:00Z",
          "entryId": "01a20d6d-5a00-76d5-9890-300000000003",
          "expiresAt": "2026-11-24T12:05:00Z",
          "flags": [],
          "held": 20,
          "kind": "reserve",
          "occurredAt": "2026-11-24T12:00:00Z",
          "recordedAt": "2026-11-24T12:00:00Z",
          "reservationId": "res_01980000000070008000000000000001_3",
          "resourceType": "llm_tokens",
          "version": 3
        },
        {
          "amount": 0,
          "countedAt": "2026-11-24T12:00:00Z",
          "entryId": "01a20d6d-5a00-76d5-9890-300000000002",
          "flags": [],
          "held": 0,
          "kind": "threshold",
          "occurredAt": "2026-11-24T12:00:00Z",
          "recordedAt": "2026-11-24T12:00:00Z",
          "resourceType": "llm_tokens",
          "threshold": {"limit":1000,"limitName":"day","percent":80,"used":850,"window":"day"},
          "version": 2
        }
      ],
      "nextCursor": "2"
    }
    "#);
    let next = stage.get(As::User(1), "/api/usage/entries?limit=3&cursor=2").await.json();
    assert_eq!(next["entries"].as_array().unwrap().len(), 1);
    assert_eq!(next["nextCursor"], Value::Null);
}

#[tokio::test]
async fn entries_are_filtered() {
    let stage = with_entries().await;
    for (query, count) in [
        ("kind=record,settle", 2),
        ("kind=threshold", 1),
        ("resourceType=messages", 0),
        ("from=2026-11-24T12:00:00Z", 4),
        ("until=2026-11-24T12:00:00Z", 0),
    ] {
        let found = stage.get(As::User(1), &format!("/api/usage/entries?{query}")).await.json();
        assert_eq!(found["entries"].as_array().unwrap().len(), count, "{query}");
    }
    for bad in ["kind=x", "limit=0", "limit=501", "cursor=x", "from=now", "resourceType=X", "x=1"] {
        let answer = stage.get(As::User(1), &format!("/api/usage/entries?{bad}")).await;
        assert_eq!(answer.status, 422, "{bad}");
    }
}
