//! The texts of a memory, and the caller's name for a session.
//!
//! Invariant: no U+0000 anywhere, which PostgreSQL cannot store.

use crate::invalid::{Field, Flaw, Invalid};
use crate::limits::{SESSION_CHARS_MAX, TEXT_BYTES_MAX};
use std::fmt;

/// A text of at most [`TEXT_BYTES_MAX`] bytes of UTF-8, kept as it came.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(String);

impl Text {
    /// A text that has something to say: white space alone is refused, since no search would find
    /// it.
    pub fn parse(raw: String, field: Field) -> Result<Text, Invalid> {
        if raw.trim().is_empty() {
            return Err(Flaw::Empty.in_field(field));
        }
        Text::parse_any(raw, field)
    }

    /// A text that may be empty.
    pub fn parse_any(raw: String, field: Field) -> Result<Text, Invalid> {
        if raw.len() > TEXT_BYTES_MAX {
            return Err(Flaw::TooManyBytes { bytes_max: TEXT_BYTES_MAX }.in_field(field));
        }
        if raw.contains('\0') {
            return Err(Flaw::Nul.in_field(field));
        }
        Ok(Text(raw))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text {
    /// Its length only: what users said does not belong in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.0.len())
    }
}

/// The caller's own name for a conversation; `session_id` on the wire.
///
/// Not to be mixed up with [`novacore_vocab::SessionId`], which is a sign-in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionName(String);

impl SessionName {
    /// Accepts 1..=255 characters, none of them a control character.
    pub fn parse(raw: &str) -> Result<SessionName, Invalid> {
        let flaw = match raw.chars().take(SESSION_CHARS_MAX + 1).count() {
            0 => Flaw::Empty,
            chars if chars > SESSION_CHARS_MAX => {
                Flaw::TooManyChars { chars_max: SESSION_CHARS_MAX }
            }
            _ if raw.chars().any(char::is_control) => Flaw::Control,
            _ => return Ok(SessionName(raw.to_owned())),
        };
        Err(flaw.in_field(Field::Session))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_bounds_and_no_nul() {
        let bytes_max = TEXT_BYTES_MAX;
        for (raw, want) in [
            ("a".to_owned(), None),
            ("a".repeat(bytes_max), None),
            ("é".repeat(bytes_max / 2), None),
            ("\u{1}\u{fffd}\u{202e}".to_owned(), None),
            (String::new(), Some(Flaw::Empty)),
            (" \n\u{a0}".to_owned(), Some(Flaw::Empty)),
            ("a".repeat(bytes_max + 1), Some(Flaw::TooManyBytes { bytes_max })),
            ("é".repeat(bytes_max / 2 + 1), Some(Flaw::TooManyBytes { bytes_max })),
            ("a\0".to_owned(), Some(Flaw::Nul)),
        ] {
            let shown = format!("{:.9}.. of {} bytes", raw, raw.len());
            let got = Text::parse(raw, Field::Input).err();
            assert_eq!(got, want.map(|flaw| flaw.in_field(Field::Input)), "{shown}");
        }
        assert!(Text::parse_any(String::new(), Field::Output).is_ok());
        assert_eq!(
            Text::parse_any("\0".to_owned(), Field::Output),
            Err(Flaw::Nul.in_field(Field::Output))
        );
    }

    #[test]
    fn what_users_said_is_not_shown() {
        let text = Text::parse("my secret".to_owned(), Field::Input).expect("a text");
        assert_eq!(format!("{text:?}"), "Text(9 bytes)");
    }

    #[test]
    fn names_of_sessions_have_bounds() {
        let chars_max = SESSION_CHARS_MAX;
        for (raw, want) in [
            ("s".to_owned(), None),
            ("é".repeat(chars_max), None),
            (String::new(), Some(Flaw::Empty)),
            ("s".repeat(chars_max + 1), Some(Flaw::TooManyChars { chars_max })),
            ("a\0".to_owned(), Some(Flaw::Control)),
            ("a\nb".to_owned(), Some(Flaw::Control)),
            ("a\u{85}".to_owned(), Some(Flaw::Control)),
        ] {
            let got = SessionName::parse(&raw).err();
            assert_eq!(got, want.map(|flaw| flaw.in_field(Field::Session)), "{raw:?}");
        }
    }
}
