//! Many records at once, each for itself, as CloudEvents bring them.

use crate::{
    cx::Cx,
    error::AppError,
    fingerprint,
    submit::{self, Done},
};
use novacore_access::{Permit, SendEvents};
use novacore_ledger::{Record, Verb};
use novacore_vocab::{IDEMPOTENCY_KEY_CHARS_MAX, IdempotencyKey};

/// One event that was understood.
#[derive(Clone, Debug)]
pub struct Event {
    /// Whose use, and the right to state it.
    pub permit: Permit<SendEvents>,
    /// The use.
    pub record: Record,
    /// Its idempotency key.
    pub key: IdempotencyKey,
}

/// The idempotency key of an event: its source and id, told apart whatever they contain.
///
/// Fails if one of them is empty, or has control characters.
pub fn key(source: &str, id: &str) -> Result<IdempotencyKey, AppError> {
    let wrong = |text: &str| text.is_empty() || text.chars().any(char::is_control);
    if wrong(source) {
        return Err(AppError::invalid("source", "must be text without control characters"));
    }
    if wrong(id) {
        return Err(AppError::invalid("id", "must be text without control characters"));
    }
    let mut text = format!("event {} {source} {id}", source.chars().count());
    if text.chars().count() > IDEMPOTENCY_KEY_CHARS_MAX {
        text = format!("event {}", blake3::hash(text.as_bytes()).to_hex());
    }
    IdempotencyKey::parse(&text).map_err(|error| AppError::invalid("id", error))
}

/// Records events; outcomes in their order.
pub async fn record_all(cx: &Cx, events: Vec<Event>) -> Vec<Result<Done, AppError>> {
    let commands = events.into_iter().map(|event| {
        let fingerprint = fingerprint::record("event", &event.record);
        let verb = Verb::Record(event.record);
        (event.permit.account().user, submit::command(Some(event.key), || fingerprint, verb))
    });
    submit::submit_all(cx, commands.collect()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_different_events_differ_and_are_bounded() {
        let long = "x".repeat(1_000);
        let keys: std::collections::BTreeSet<_> =
            [("a", "b c"), ("a b", "c"), ("a", "b"), (&long, "b"), (&long, "c"), ("a", &long)]
                .into_iter()
                .map(|(source, id)| key(source, id).unwrap())
                .collect();
        assert_eq!(keys.len(), 6);
        assert!(key("", "a").is_err() && key("a", "").is_err() && key("a\n", "b").is_err());
    }
}
