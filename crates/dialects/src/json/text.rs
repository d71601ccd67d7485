//! Strings out of JSON and into it.

use std::borrow::Cow;

/// The text of a JSON string, quotes included in `raw`. Half a surrogate pair becomes U+FFFD: a
/// provider that cuts an escape between two events must not end the stream.
pub(crate) fn decoded(raw: &str) -> Cow<'_, str> {
    let inner = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(raw);
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        rest = push_escape(rest, &mut out);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Writes the character of one escape, whose backslash is gone; what follows it.
fn push_escape<'t>(rest: &'t str, out: &mut String) -> &'t str {
    let Some(letter) = rest.chars().next() else { return rest };
    let after = &rest[letter.len_utf8()..];
    let plain = match letter {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'u' => return push_unicode(after, out),
        other => other,
    };
    out.push(plain);
    after
}

fn push_unicode<'t>(rest: &'t str, out: &mut String) -> &'t str {
    let Some((high, after)) = hex(rest) else { return rest };
    if (0xD800..0xDC00).contains(&high) {
        let low = after.strip_prefix("\\u").and_then(hex);
        if let Some((low, after)) = low.filter(|(low, _)| (0xDC00..0xE000).contains(low)) {
            let code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
            out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            return after;
        }
    }
    out.push(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
    after
}

fn hex(text: &str) -> Option<(u32, &str)> {
    let digits = text.get(..4)?;
    Some((u32::from_str_radix(digits, 16).ok()?, &text[4..]))
}

/// `text` as a JSON string, quotes included.
pub(crate) fn quote(text: &str) -> String {
    serde_json::to_string(text).expect("writing a string into memory does not fail")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_are_resolved() {
        for (raw, want) in [
            (r#""plain""#, "plain"),
            (r#""a\n\"b\"\\\/\u00e9""#, "a\n\"b\"\\/é"),
            (r#""\ud83d\ude00""#, "😀"),
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""\ud83dx\ude00""#, "\u{fffd}x\u{fffd}"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
        ] {
            assert_eq!(decoded(raw), want, "{raw}");
        }
        assert!(matches!(decoded(r#""plain""#), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn what_is_quoted_reads_back(text in any::<String>()) {
            let quoted = quote(&text);
            prop_assert_eq!(decoded(&quoted), text);
        }
    }
}
