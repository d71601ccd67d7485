//! The grammar of RFC 8259, checked once over the whole text.
//!
//! Invariant: recursion is bounded by [`DEPTH_MAX`], whatever the text.

use super::{ReadError, Value, Why};
use crate::limits::DEPTH_MAX;

/// Checks a whole text; the value in it.
pub(crate) fn document(bytes: &[u8]) -> Result<Value<'_>, ReadError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| ReadError { at: error.valid_up_to(), why: Why::NotJson })?;
    let mut check = Check { bytes, at: 0 };
    check.space();
    let start = check.at;
    check.value(0)?;
    let end = check.at;
    check.space();
    if check.at == bytes.len() { Ok(Value { text, start, end }) } else { Err(check.not_json()) }
}

struct Check<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Check<'_> {
    fn not_json(&self) -> ReadError {
        ReadError { at: self.at, why: Why::NotJson }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, byte: u8) -> Result<(), ReadError> {
        if self.eat(byte) { Ok(()) } else { Err(self.not_json()) }
    }

    fn value(&mut self, depth: usize) -> Result<(), ReadError> {
        if depth > DEPTH_MAX {
            return Err(ReadError { at: self.at, why: Why::TooDeep });
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string(),
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.not_json()),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), ReadError> {
        self.at += 1;
        self.space();
        if self.eat(b'}') {
            return Ok(());
        }
        loop {
            self.space();
            self.string()?;
            self.space();
            self.expect(b':')?;
            self.space();
            self.value(depth + 1)?;
            self.space();
            if self.eat(b'}') {
                return Ok(());
            }
            self.expect(b',')?;
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), ReadError> {
        self.at += 1;
        self.space();
        if self.eat(b']') {
            return Ok(());
        }
        loop {
            self.space();
            self.value(depth + 1)?;
            self.space();
            if self.eat(b']') {
                return Ok(());
            }
            self.expect(b',')?;
        }
    }

    fn string(&mut self) -> Result<(), ReadError> {
        self.expect(b'"')?;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escape()?;
                }
                Some(0x20..) => self.at += 1,
                _ => return Err(self.not_json()),
            }
        }
    }

    fn escape(&mut self) -> Result<(), ReadError> {
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                        return Err(self.not_json());
                    }
                    self.at += 1;
                }
            }
            _ => return Err(self.not_json()),
        }
        Ok(())
    }

    fn word(&mut self, word: &[u8]) -> Result<(), ReadError> {
        if self.bytes[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.not_json())
        }
    }

    fn number(&mut self) -> Result<(), ReadError> {
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _ = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), ReadError> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(self.not_json()) }
    }
}

/// Where the value that starts at `start` ends, in a text that was checked.
pub(super) fn end_of_value(bytes: &[u8], start: usize) -> usize {
    match bytes[start] {
        b'"' => end_of_string(bytes, start),
        b'{' | b'[' => end_of_container(bytes, start),
        _ => {
            let is_end =
                |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
            bytes[start..].iter().position(is_end).map_or(bytes.len(), |length| start + length)
        }
    }
}

fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    bytes.len().min(at + 1)
}

fn end_of_container(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0_usize);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at = end_of_string(bytes, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            break;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(document(nested(DEPTH_MAX).as_bytes()).is_ok());
        let error = document(nested(DEPTH_MAX + 1).as_bytes()).unwrap_err();
        assert_eq!(error.why, Why::TooDeep);
        assert_eq!(document("[".repeat(1 << 20).as_bytes()).unwrap_err().why, Why::TooDeep);
    }

    fn agrees(bytes: &[u8]) {
        let theirs = serde_json::from_slice::<serde_json::Value>(bytes);
        // A number beyond f64 and half a surrogate pair are grammar, but no value to serde_json.
        let is_value_fault = theirs.as_ref().is_err_and(|error| {
            ["number out of range", "surrogate", "end of hex escape", "unicode code point"]
                .iter()
                .any(|text| error.to_string().contains(text))
        });
        if !is_value_fault {
            assert_eq!(document(bytes).is_ok(), theirs.is_ok(), "{:?}", bytes.escape_ascii());
        }
    }

    #[test]
    fn corners_of_the_grammar_agree_with_serde_json() {
        for text in [
            "",
            " ",
            "01",
            "-",
            "-0",
            "1.",
            ".5",
            "1e",
            "1e+",
            "1E-7",
            "tru",
            "truex",
            "nulll",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\t\"",
            "[1,]",
            "[,1]",
            "{\"a\":1,}",
            "{\"a\"}",
            "{a:1}",
            "[1 2]",
            "{}{}",
            "\u{feff}{}",
            "\"\u{7f}\"",
            "{\"\":[]}",
            "[[],{}]",
            "\"",
        ] {
            agrees(text.as_bytes());
        }
        agrees(b"\"\xff\"");
    }

    proptest! {
        #[test]
        fn the_grammar_is_that_of_serde_json(
            text in r#"[\[\]{}:,"\\ntfu0-9eE.+ -]{0,24}"#,
            bytes in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            agrees(text.as_bytes());
            agrees(&bytes);
        }
    }
}
