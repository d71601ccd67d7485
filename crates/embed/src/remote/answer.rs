//! What an endpoint answers.
//!
//! Invariant: one vector for each text, at the place of its index, or nothing at all.

use crate::embedder::refused;
use novacore_app::memories::embedder::{EmbedError, Embeddings};
use novacore_memory::{Dims, Embedding};
use serde::Deserialize;
use serde_json::Value;

/// Longest code of an error that is told.
const CODE_BYTES_MAX: usize = 64;
/// Tokens that a model may count besides those of the text itself.
const MARKS_PER_TEXT_MAX: u64 = 8;

#[derive(Deserialize)]
struct Answer {
    data: Vec<Item>,
    /// Read by hand: an odd one is no reason to lose the vectors.
    #[serde(default)]
    usage: Value,
}

#[derive(Deserialize)]
struct Item {
    index: usize,
    embedding: Vec<f32>,
}

/// The embeddings of these texts.
pub(super) fn read(body: &[u8], texts: &[&str], dims: Dims) -> Result<Embeddings, EmbedError> {
    let answer: Answer = serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        refused(format!("it is not a list of embeddings (line {line}:{column})"))
    })?;
    let mut places: Vec<Option<Embedding>> = vec![None; texts.len()];
    for Item { index, embedding } in answer.data {
        match places.get_mut(index) {
            Some(place) if place.is_none() => *place = Some(parse(&embedding, dims)?),
            _ => {
                let why = format!("index {index} is there twice, or unasked");
                return Err(refused(why));
            }
        }
    }
    let embeddings: Option<Vec<_>> = places.into_iter().collect();
    let missing = || refused("it has no embedding of one of the texts");
    Ok(Embeddings {
        vectors: embeddings.ok_or_else(missing)?,
        tokens: tokens(&answer.usage, texts),
    })
}

fn parse(raw: &[f32], dims: Dims) -> Result<Embedding, EmbedError> {
    if raw.len() != dims.elements() {
        let (found, want) = (raw.len(), dims.get());
        let why = format!("a vector has {found} dimensions, and {want} are configured");
        return Err(refused(why));
    }
    Embedding::parse(raw, dims).map_err(|error| refused(format!("a vector {error}")))
}

/// What was read, if it can be: no token is shorter than a byte, and whoever says so is not
/// believed, since a user may be charged for it.
fn tokens(usage: &Value, texts: &[&str]) -> Option<u64> {
    let bytes: usize = texts.iter().map(|text| text.len()).sum();
    let most = bytes as u64 + MARKS_PER_TEXT_MAX * texts.len() as u64;
    usage.get("total_tokens")?.as_u64().filter(|tokens| *tokens <= most)
}

/// The code of an error, if it looks like one and not like a text.
pub(super) fn code(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let error = value.get("error")?;
    let code = error.get("code").and_then(Value::as_str);
    let code = code.or_else(|| error.get("type").and_then(Value::as_str))?;
    let is_code = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    (code.len() <= CODE_BYTES_MAX && code.bytes().all(is_code)).then(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str) -> Result<Vec<Vec<f32>>, String> {
        let dims = Dims::new(2).expect("dims");
        let embedded = read(body.as_bytes(), &["one", "two"], dims);
        let vectors = |embedded: Embeddings| {
            embedded.vectors.iter().map(|vector| vector.as_slice().to_vec()).collect()
        };
        embedded.map(vectors).map_err(|error| match error {
            EmbedError::Refused { why } => why,
            other => format!("another kind: {other}"),
        })
    }

    #[test]
    fn vectors_go_to_the_place_of_their_index() {
        let body = r#"{"data":[{"index":1,"embedding":[0,5]},{"index":0,"embedding":[3,4]}]}"#;
        assert_eq!(check(body), Ok(vec![vec![0.6, 0.8], vec![0.0, 1.0]]));
    }

    #[test]
    fn whatever_is_not_one_vector_for_each_text_is_refused() {
        let item = |index: &str, vector: &str| {
            let first = r#"{"index":0,"embedding":[1,0]}"#;
            format!(r#"{{"data":[{first},{{"index":{index},"embedding":{vector}}}]}}"#)
        };
        for (body, why) in [
            (item("0", "[1,0]"), "index 0 is there twice, or unasked"),
            (item("2", "[1,0]"), "index 2 is there twice, or unasked"),
            (item("1", "[1,0,0]"), "a vector has 3 dimensions, and 2 are configured"),
            (item("1", "[]"), "a vector has 0 dimensions, and 2 are configured"),
            (item("1", "[0,0]"), "a vector "),
            (item("1", "[1e39,0]"), "a vector "),
            (item("1", "[1e999,0]"), "it is not a list of embeddings (line 1:"),
            (item("1", "[NaN,0]"), "it is not a list of embeddings (line 1:"),
            (item("-1", "[1,0]"), "it is not a list of embeddings (line 1:"),
            (item("1", "\"AACAPw==\""), "it is not a list of embeddings (line 1:"),
            (r#"{"data":[{"index":0,"embedding":[1,0]}]}"#.into(), "it has no embedding of one"),
            (r#"{"data":[]}"#.into(), "it has no embedding of one"),
            ("{}".into(), "it is not a list of embeddings (line 1:"),
            (String::new(), "it is not a list of embeddings (line 1:"),
        ] {
            let told = check(&body).expect_err(&body);
            assert!(told.starts_with(why), "{body}: {told}");
        }
    }

    #[test]
    fn tokens_are_believed_within_reason() {
        let of = |usage: &str| tokens(&serde_json::from_str(usage).expect("JSON"), &["abcd"]);
        for (usage, want) in [
            (r#"{"total_tokens":3}"#, Some(3)),
            (r#"{"total_tokens":12}"#, Some(12)),
            (r#"{"total_tokens":13}"#, None),
            (r#"{"total_tokens":-1}"#, None),
            (r#"{"total_tokens":"3"}"#, None),
            (r#"{"prompt_tokens":3}"#, None),
            ("null", None),
            ("[]", None),
        ] {
            assert_eq!(of(usage), want, "{usage}");
        }
    }

    #[test]
    fn codes_are_told_and_sentences_are_not() {
        let of = |body: &str| code(body.as_bytes());
        let both = r#"{"error":{"code":"invalid_api_key","type":"x","message":"sesame"}}"#;
        assert_eq!(of(both).as_deref(), Some("invalid_api_key"));
        let type_alone = r#"{"error":{"code":null,"type":"server_error"}}"#;
        assert_eq!(of(type_alone).as_deref(), Some("server_error"));
        for silent in [r#"{"error":{"code":"what you said"}}"#, r#"{"error":"sesame"}"#, "{", "5"] {
            assert_eq!(of(silent), None, "{silent}");
        }
    }
}
