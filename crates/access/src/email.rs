//! E-mail addresses, as names of users.
//!
//! Invariant: an [`Email`] is trimmed, lower-cased and of the shape `local@domain`, so equal
//! addresses are equal text.
//! Not here: proof that a mailbox exists; only a message sent there can show that.

use std::fmt;
use thiserror::Error;

/// Longest address, in bytes: the longest that SMTP can carry.
pub const EMAIL_BYTES_MAX: usize = 254;
const LOCAL_BYTES_MAX: usize = 64;

/// Text that is no e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an e-mail address has the form name@domain, at most 254 bytes, without spaces")]
pub struct EmailError;

/// An e-mail address in its one spelling.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

impl Email {
    /// Trims, lower-cases and checks `raw`.
    pub fn parse(raw: &str) -> Result<Email, EmailError> {
        let text = raw.trim();
        if text.len() > EMAIL_BYTES_MAX {
            return Err(EmailError);
        }
        let text = text.to_lowercase();
        let (local, domain) = text.rsplit_once('@').ok_or(EmailError)?;
        // Lower-casing can lengthen some letters, so the bound is checked again.
        let fits = text.len() <= EMAIL_BYTES_MAX && local.len() <= LOCAL_BYTES_MAX;
        let printable = !text.chars().any(|c| c.is_control() || c.is_whitespace());
        let local_ok = !local.is_empty() && !local.contains(['@', '<', '>', '"', ',', ';']);
        if fits && printable && local_ok && is_domain(domain) {
            Ok(Email(text))
        } else {
            Err(EmailError)
        }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Labels of letters, digits and inner hyphens, separated by single dots; letters of any script.
fn is_domain(text: &str) -> bool {
    text.split('.').all(|label| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    })
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mailbox_has_one_spelling() {
        for raw in ["ada@example.com", "  Ada@Example.COM\n", "ADA@EXAMPLE.COM"] {
            assert_eq!(Email::parse(raw).unwrap().as_str(), "ada@example.com");
        }
    }

    #[test]
    fn addresses_have_a_shape_and_a_bound() {
        for good in [
            "a@b",
            "first.last+tag@sub.example.org",
            "jürgen@müller.example",
            &format!("{}@example.com", "l".repeat(64)),
        ] {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "@",
            "ada",
            "@example.com",
            "ada@",
            "a b@example.com",
            "ada@exa mple.com",
            "ada\0@example.com",
            "ada\n@example.com",
            "a@b@example.com",
            "<ada>@example.com",
            "ada@-example.com",
            "ada@example..com",
            "ada@example.com.",
            "ada@[127.0.0.1]",
            &format!("{}@example.com", "l".repeat(65)),
            &format!("a@{}", "d".repeat(253)),
        ] {
            assert_eq!(Email::parse(bad), Err(EmailError), "{bad:?}");
        }
    }
}
