//! The name of a place: `messages[3].content[0].type`.
//!
//! Errors carry a byte offset only, so that reading costs no path; it is found again when it is
//! shown.

use super::{Value, quote};
use crate::limits::{PATH_BYTES_MAX, PATH_KEY_BYTES_MAX};

/// The path of the innermost value at byte `at` of the text, empty for the whole text.
pub(crate) fn path_at(root: Value<'_>, at: usize) -> String {
    let mut path = String::new();
    let mut value = root;
    while path.len() < PATH_BYTES_MAX {
        let is_here = |inner: &Value<'_>| inner.range().contains(&at);
        if let Some(member) = value.members().find(|member| is_here(&member.value)) {
            push_key(&mut path, &member.key());
            value = member.value;
        } else if let Some((index, item)) = value.items().enumerate().find(|(_, i)| is_here(i)) {
            path.push_str(&format!("[{index}]"));
            value = item;
        } else {
            break;
        }
        if value.range().start == at {
            break;
        }
    }
    path
}

/// Appends a name to a path; an odd one is quoted and cut.
pub(crate) fn push_key(path: &mut String, key: &str) {
    let is_plain = !key.is_empty()
        && key.len() <= PATH_KEY_BYTES_MAX
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_plain {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(key);
    } else {
        let cut: String = key.chars().take(PATH_KEY_BYTES_MAX / 4).collect();
        path.push_str(&format!("[{}]", quote(&cut)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::document;

    #[test]
    fn a_place_has_a_name() {
        let text = r#"{"messages":[{"role":"user"},{"content":[{"type":7}]}],"a b":{"c":8}}"#;
        let root = document(text.as_bytes()).unwrap();
        let at = |needle: &str| path_at(root, text.find(needle).unwrap());
        assert_eq!(at("7}"), "messages[1].content[0].type");
        assert_eq!(at("[{\"role"), "messages");
        assert_eq!(at("8"), "[\"a b\"].c");
        assert_eq!(path_at(root, 0), "");
    }

    #[test]
    fn a_path_is_bounded() {
        let key = "k".repeat(10_000);
        let text = format!("{{\"{key}\":{{\"{key}\":1}}}}");
        let root = document(text.as_bytes()).unwrap();
        assert!(path_at(root, text.len() - 3).len() < PATH_BYTES_MAX + PATH_KEY_BYTES_MAX);
    }
}
