//! 200 clients at once on a cap of 1,000 that ask for 100 each: ten are admitted, however they ask.

use crate::stage::{As, Stage, user};
use serde_json::{Value, json};

const CLIENTS: usize = 200;

fn hold() -> (&'static str, Value) {
    let amounts = json!([{"resourceType": "llm_tokens", "amount": 100}]);
    ("/usage/reservations", json!({"userId": user(1), "amounts": amounts}))
}

fn enforced() -> (&'static str, Value) {
    let body = json!({
        "userId": user(1), "resourceType": "llm_tokens", "amount": 100, "enforce": true,
    });
    ("/usage/record", body)
}

async fn admitted(ask: fn(usize) -> (&'static str, Value)) -> (Stage, Vec<String>) {
    let stage = Stage::new();
    let calls = (0..CLIENTS).map(|number| {
        let (path, body) = ask(number);
        stage.post(As::Service, path, body)
    });
    let answers = futures::future::join_all(calls).await;
    let won: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(won.len(), 10);
    assert!(answers.iter().all(|answer| [201, 429].contains(&answer.status)));
    let ids =
        won.iter().filter_map(|answer| Some(answer.json()["reservationId"].as_str()?.to_owned()));
    let ids = ids.collect();
    (stage, ids)
}

async fn remaining(stage: &Stage) -> Value {
    stage.get(As::User(1), "/api/usage/tokens").await.json()["remaining"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn by_hold() {
    let (stage, ids) = admitted(|_| hold()).await;
    assert_eq!(remaining(&stage).await, 0);
    for id in ids {
        let path = format!("/usage/reservations/{id}/release");
        assert_eq!(stage.post(As::Service, &path, json!({})).await.status, 200);
    }
    stage.held(1, 1_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn by_record() {
    let (stage, _) = admitted(|_| enforced()).await;
    assert_eq!(remaining(&stage).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn mixed() {
    let ask = |number: usize| if number.is_multiple_of(2) { hold() } else { enforced() };
    let (stage, ids) = admitted(ask).await;
    for id in &ids {
        let path = format!("/usage/reservations/{id}/release");
        stage.post(As::Service, &path, json!({})).await;
    }
    assert_eq!(remaining(&stage).await, ids.len() * 100);
}
