//! Bodies: from bytes to a shape, with an error that says what is wrong where.
//!
//! Invariant: malformed is told apart from understood but invalid, and the latter names the field.

use serde::{Deserialize, de::IgnoredAny};
use thiserror::Error;

/// Most bytes of a body.
pub const BODY_BYTES_MAX: usize = 1 << 20;
/// Most bytes of a batch of events.
pub const BATCH_BYTES_MAX: usize = 8 << 20;

/// A body that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BodyError {
    /// Not JSON at all.
    #[error("the body is not JSON: {0}")]
    Malformed(String),
    /// JSON, but not of the shape that is asked for.
    #[error("{field}: {why}")]
    Invalid {
        /// The path of the field, or `body`.
        field: String,
        /// What is wrong with it.
        why: String,
    },
}

/// Reads a body. The path of a wrong field is looked for only once something is wrong.
pub fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, BodyError> {
    // A derived shape would take an array for an object, field by field.
    let is_object = bytes.trim_ascii_start().first() == Some(&b'{');
    if is_object && let Ok(value) = serde_json::from_slice(bytes) {
        return Ok(value);
    }
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(bytes) {
        return Err(BodyError::Malformed(error.to_string()));
    }
    if std::str::from_utf8(bytes).is_err() {
        return Err(BodyError::Malformed("invalid UTF-8".to_owned()));
    }
    if !is_object {
        let why = "must be a JSON object".to_owned();
        return Err(BodyError::Invalid { field: "body".to_owned(), why });
    }
    Err(explain::<T>(bytes))
}

fn explain<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> BodyError {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Ok(_) => BodyError::Malformed("trailing characters".to_owned()),
        Err(error) => {
            let path = error.path().to_string();
            let message = error.into_inner().to_string();
            let why = message.split(" at line ").next().unwrap_or(&message).to_owned();
            BodyError::Invalid { field: field_of(&path, &why), why }
        }
    }
}

/// The path, completed by the field that a message of serde names in backticks.
fn field_of(path: &str, why: &str) -> String {
    let named = ["missing field `", "unknown field `", "duplicate field `"]
        .iter()
        .find_map(|prefix| why.strip_prefix(prefix)?.split('`').next());
    let path = if path == "." { "" } else { path };
    match named {
        Some(name) if path.is_empty() => name.to_owned(),
        Some(name) if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        Some(name) => format!("{path}.{name}"),
        None if path.is_empty() => "body".to_owned(),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reservations::ReserveRequest;

    fn field(text: &str) -> String {
        match read::<ReserveRequest>(text.as_bytes()) {
            Ok(_) => "read".to_owned(),
            Err(BodyError::Malformed(_)) => "malformed".to_owned(),
            Err(BodyError::Invalid { field, .. }) => field,
        }
    }

    #[test]
    fn the_wrong_field_is_named() {
        for (text, want) in [
            (r#"{"amounts":[{"resourceType":"llm_tokens","amount":1}]}"#, "read"),
            ("", "malformed"),
            ("{", "malformed"),
            (r#"{"amounts":[]} x"#, "malformed"),
            ("[1]", "body"),
            ("null", "body"),
            ("{}", "amounts"),
            (r#"{"amounts":5}"#, "amounts"),
            (r#"{"amounts":[{"amount":1}]}"#, "amounts[0].resourceType"),
            (r#"{"amounts":[{"resourceType":"llm_tokens","amount":1.5}]}"#, "amounts[0].amount"),
            (r#"{"amounts":[{"resourceType":"llm_tokens","amount":1e400}]}"#, "amounts[0].amount"),
            (r#"{"amounts":[{"resourceType":"LLM","amount":1}]}"#, "amounts[0].resourceType"),
            (r#"{"amounts":[],"ammount":1}"#, "ammount"),
            (r#"{"amounts":[{"resourceType":"a","amount":1,"x":1}]}"#, "amounts[0].x"),
            (r#"{"amounts":[],"amounts":[]}"#, "amounts"),
            (r#"{"userId":"me","amounts":[]}"#, "userId"),
            (r#"{"ttlSeconds":"60","amounts":[]}"#, "ttlSeconds"),
            (r#"{"metadata":[],"amounts":[]}"#, "metadata"),
        ] {
            assert_eq!(field(text), want, "{text}");
        }
        assert!(matches!(
            read::<ReserveRequest>(b"{\"metadata\":\"\xff\"}"),
            Err(BodyError::Malformed(_))
        ));
    }
}
