//! Paths: one spelling of each, and which prefix it lies under.
//!
//! Invariant: two spellings that a service may take for the same path are under the same prefix,
//! or a stricter route could be gone around: what needs no encoding is decoded, letters match in
//! either case, and what stands after a `;` does not count.
//! Not here: encoded slashes and the like, which are refused before anybody looks at a path.

use std::borrow::Cow;

/// A prefix: segments without decoration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prefix(String);

impl Prefix {
    /// `/a/b`: one segment or more of letters, digits, `-`, `.`, `_`, `~`; no slash at the end.
    pub(crate) fn parse(text: &str) -> Option<Prefix> {
        let segments = text.strip_prefix('/')?.split('/');
        let is_plain = |segment: &str| {
            !matches!(segment, "" | "." | "..") && segment.bytes().all(is_unreserved)
        };
        segments.into_iter().all(is_plain).then(|| Prefix(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// How many segments it has: the more, the sooner it is asked.
    pub(crate) fn depth(&self) -> usize {
        self.0.matches('/').count()
    }

    /// What follows the prefix in a path of one spelling: nothing, or from the slash on.
    pub(crate) fn rest<'p>(&self, path: &'p str) -> Option<&'p str> {
        let mut rest = path;
        for wanted in self.0.split('/').skip(1) {
            let from = rest.strip_prefix('/')?;
            let end = from.find('/').unwrap_or(from.len());
            let (segment, after) = from.split_at(end);
            if !name(segment).eq_ignore_ascii_case(wanted) {
                return None;
            }
            rest = after;
        }
        Some(rest)
    }

    /// Whether one lies under the other.
    pub(crate) fn meets(&self, other: &Prefix) -> bool {
        self.rest(&other.0).is_some() || other.rest(&self.0).is_some()
    }
}

/// The path in one spelling; nothing if it cannot be understood.
pub(crate) fn one_spelling(path: &str) -> Option<Cow<'_, str>> {
    let decoded = match path.contains('%') {
        true => Cow::Owned(decode(path)?),
        false => Cow::Borrowed(path),
    };
    let is_dots = |segment: &str| matches!(name(segment), "." | "..");
    (!decoded.split('/').any(is_dots)).then_some(decoded)
}

/// A segment without its parameters.
fn name(segment: &str) -> &str {
    segment.split(';').next().unwrap_or(segment)
}

fn decode(path: &str) -> Option<String> {
    let mut text = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        text.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 3)?;
        if !code.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let byte = u8::from_str_radix(code, 16).ok()?;
        if is_unreserved(byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&rest[at..at + 3]);
        }
        rest = &rest[at + 3..];
    }
    text.push_str(rest);
    Some(text)
}

/// What needs no encoding anywhere.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_takes_whole_segments_in_every_spelling() {
        let prefix = Prefix::parse("/svc/chat").unwrap();
        for (path, want) in [
            ("/svc/chat", Some("")),
            ("/svc/chat/", Some("/")),
            ("/svc/chat/a/b", Some("/a/b")),
            ("/svc/chatter", None),
            ("/svc", None),
            ("/svc/", None),
            ("/", None),
            ("", None),
            ("*", None),
            ("/x/svc/chat", None),
            ("/SVC/Chat/a", Some("/a")),
            ("/svc/%63hat/a", Some("/a")),
            ("/svc/%63%68%61%74", Some("")),
            ("/svc/chat;v=1/a", Some("/a")),
            ("/svc;x/chat", Some("")),
            ("/svc/chat%3Bv", None),
            ("/svc/chat/%C3%A9%2B", Some("/%C3%A9%2B")),
            ("/svc/chat/..;/x", None),
            ("/svc/chat/%2e%2e;x/y", None),
            ("/svc/chat/%2e", None),
            ("/svc/chat/%", None),
            ("/svc/chat/%4", None),
            ("/svc/chat/%zz", None),
            ("/svc/chat/%+1", None),
            ("/svc/chat/%\u{e9}1", None),
            // Once, not twice.
            ("/svc/%2563hat", None),
        ] {
            let spelled = one_spelling(path);
            let rest = spelled.as_deref().and_then(|path| prefix.rest(path));
            assert_eq!(rest, want, "{path}");
        }
    }

    #[test]
    fn prefixes_are_plain() {
        for bad in [
            "", "/", "svc", "/svc/", "//svc", "/s//c", "/a/../b", "/.", "/a%62", "/a b", "/a?b",
            "/ä",
        ] {
            assert_eq!(Prefix::parse(bad), None, "{bad}");
        }
        let prefix = |text| Prefix::parse(text).unwrap();
        assert_eq!(prefix("/a/b-c/d_e.f~g").depth(), 3);
        assert!(prefix("/api").meets(&prefix("/api/usage")));
        assert!(prefix("/api/usage/x").meets(&prefix("/api/usage")));
        assert!(prefix("/API/Usage").meets(&prefix("/api/usage")));
        assert!(!prefix("/api/usages").meets(&prefix("/api/usage")));
    }
}
