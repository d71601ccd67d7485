//! The calls about memories.

mod bulk;
mod change;
mod context;
mod figures;
mod forget;
mod hostile;
mod isolation;
mod limits;
mod operator;
mod read;
mod search;
mod session;
mod store;

use crate::stage::{As, Stage};
use serde_json::{Value, json};

/// The cap of the tier in which every user of the stage is.
const CAP: i64 = 1 << 30;

/// A lesson for good.
fn lesson(text: &str) -> Value {
    json!({"type": "lesson", "input_context": text, "tier": "ltm"})
}

/// `body` with another member.
fn with(mut body: Value, name: &str, value: impl Into<Value>) -> Value {
    body[name] = value.into();
    body
}

/// Stores a memory for user `number`, which must be accepted; as it was answered.
async fn stored(stage: &Stage, number: u128, body: Value) -> Value {
    let answer = stage.post(As::User(number), "/api/memory/store", body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

/// The id in an answer.
fn id(memory: &Value) -> &str {
    memory["id"].as_str().unwrap()
}

/// What user `number` has of `memory_storage`.
async fn level(stage: &Stage, number: u128) -> i64 {
    let storage = stage.get(As::User(number), "/api/usage/storage").await.json();
    storage["used"].as_i64().unwrap()
}

/// The inputs of memories in an answer, in order.
fn inputs(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["input_context"].as_str().unwrap()).collect()
}
