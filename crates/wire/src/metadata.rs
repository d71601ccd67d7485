//! The caller's own JSON object beside an entry.

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::value::RawValue;
use std::sync::Arc;

/// A JSON object, kept as it was sent but for the white space between its tokens.
///
/// Its numbers stay text, so that nothing of it is rounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata(Arc<str>);

impl Metadata {
    /// The compact text.
    pub fn text(&self) -> Arc<str> {
        self.0.clone()
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Metadata, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        if !raw.starts_with('{') {
            return Err(D::Error::custom("must be a JSON object"));
        }
        // Reading it as values bounds its depth and its numbers: what cannot be read must not be
        // stored.
        if serde_json::from_str::<serde_json::Value>(raw).is_err() {
            return Err(D::Error::custom(
                "is nested too deeply, or holds a number out of range or half a character",
            ));
        }
        Ok(Metadata(compact(raw).into()))
    }
}

/// Well-formed JSON without the white space between its tokens.
fn compact(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let (mut in_string, mut escaped) = (false, false);
    for c in raw.chars() {
        if in_string {
            in_string = c != '"' || escaped;
            escaped = c == '\\' && !escaped;
        } else if c == '"' {
            in_string = true;
        } else if c.is_ascii_whitespace() {
            continue;
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        serde_json::from_str::<Metadata>(text).ok().map(|metadata| metadata.0.to_string())
    }

    #[test]
    fn an_object_keeps_its_text_without_white_space() {
        let sent = "{ \"model\" : \"a b\\\" c\\\\\" ,\n\"n\": [1, 12345678901234567890123] }";
        let kept = "{\"model\":\"a b\\\" c\\\\\",\"n\":[1,12345678901234567890123]}";
        assert_eq!(read(sent).as_deref(), Some(kept));
        assert_eq!(read("{}").as_deref(), Some("{}"));
    }

    #[test]
    fn what_is_no_object_or_cannot_be_read_again_is_refused() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200));
        for bad in ["[]", "\"text\"", "5", "null", "{\"a\":1e400}", deep.as_str()] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
