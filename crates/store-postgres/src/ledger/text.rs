//! The parts of rows that are JSON and this store's own: the counters of an account, the amounts of
//! a hold, an answer.
//!
//! Invariant: fields are only ever added, with a default; what is stored is readable in SQL.
//! Invariant: text that does not read back is `Damaged`, never guessed at.

mod answer;
mod head;
mod held;

pub(crate) use answer::{answer_text, read_answer};
pub(crate) use head::{head_text, read_head};
pub(crate) use held::{held_text, read_held};

use crate::failure;
use novacore_store::error::StoreError;
use serde::{Serialize, de::DeserializeOwned};

fn to_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain values serialise")
}

fn from_text<T: DeserializeOwned>(table: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| failure::damaged(table, error))
}
