//! Rules for passwords, and their hashes.
//!
//! Invariant: a [`PasswordHash`] is never printed.
//! Not here: hashing, which costs time and memory on purpose and is bounded by `app::auth`.

use std::fmt;
use thiserror::Error;

/// Shortest password, in characters.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// Longest password, in bytes: what we are willing to hash for a stranger.
pub const PASSWORD_BYTES_MAX: usize = 1_024;

/// Why a text cannot become a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PasswordError {
    /// Fewer than 8 characters.
    #[error("a password has at least 8 characters")]
    TooShort,
    /// More than 1,024 bytes.
    #[error("a password has at most 1024 bytes")]
    TooLong,
}

/// Whether `text` may become a password. Length is the only rule: rules about characters make
/// passwords worse.
pub fn check_password(text: &str) -> Result<(), PasswordError> {
    if text.len() > PASSWORD_BYTES_MAX {
        return Err(PasswordError::TooLong);
    }
    if text.chars().take(PASSWORD_CHARS_MIN).count() < PASSWORD_CHARS_MIN {
        return Err(PasswordError::TooShort);
    }
    Ok(())
}

/// A password's hash in PHC form: algorithm, parameters, salt and digest.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps a hash made by `app::auth`, or read back from the store.
    pub fn new(phc: String) -> PasswordHash {
        PasswordHash(phc)
    }

    /// The hash, for verification and for the store; never for a log or an answer.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_the_only_rule() {
        for (text, verdict) in [
            ("", Err(PasswordError::TooShort)),
            ("1234567", Err(PasswordError::TooShort)),
            ("12345678", Ok(())),
            ("éééééééé", Ok(())),
            ("ééééééé", Err(PasswordError::TooShort)),
            ("        ", Ok(())),
            (&"x".repeat(1_024), Ok(())),
            (&"x".repeat(1_025), Err(PasswordError::TooLong)),
        ] {
            assert_eq!(check_password(text), verdict, "{text:?}");
        }
    }

    #[test]
    fn a_hash_is_not_printed() {
        let hash = PasswordHash::new("$argon2id$very-secret".to_owned());
        assert!(!format!("{hash:?}").contains("secret"));
    }
}
