//! API keys and their scopes.
//!
//! Invariant: of a key's secret only a hash exists, and it is never printed.
//! Not here: how a key looks on the wire, and how its secret is made; that is `app::auth`.

use novacore_vocab::{Account, KeyId, Timestamp};
use std::{fmt, str::FromStr};
use thiserror::Error;

/// Most keys of one user.
pub const KEYS_PER_USER_MAX: usize = 100;
/// Longest name, in characters.
pub const KEY_NAME_CHARS_MAX: usize = 100;
/// Longest life of a key, in days.
pub const KEY_LIFE_DAYS_MAX: i64 = 5 * 365;
/// How old `last_used` may be before a use is worth a write, in seconds.
const USE_NEWS_AFTER_S: i64 = 3_600;

/// What is wrong with a key that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The name is no name.
    #[error("a key's name has 1 to 100 characters and no control characters")]
    Name,
    /// A scope that does not exist.
    #[error("a scope is one of usage:read, usage:write, memory, llm, admin, act_as, services")]
    Scope,
    /// A key without scope could do nothing.
    #[error("a key needs at least one scope")]
    NoScope,
    /// A scope that whoever asks may not give away.
    #[error("you may not grant the scope {0}")]
    NotGrantable(Scope),
    /// Expired from the start, or too far away.
    #[error("a key expires in the future, and within five years")]
    Expiry,
}

/// One thing that a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Read usage and ask for quota.
    UsageRead,
    /// Reserve, settle, send events.
    UsageWrite,
    /// Use memories.
    Memory,
    /// Call models.
    Llm,
    /// Do what the key's owner may do as an administrator.
    Admin,
    /// Act for other users of the owner's organisation.
    ActAs,
    /// Call the services behind the gateway.
    Services,
}

impl Scope {
    /// Every scope, in the order in which they are shown.
    pub const ALL: [Scope; 7] = [
        Scope::UsageRead,
        Scope::UsageWrite,
        Scope::Memory,
        Scope::Llm,
        Scope::Admin,
        Scope::ActAs,
        Scope::Services,
    ];

    /// The name in requests, answers and stored rows; never changed once released.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scope::UsageRead => "usage:read",
            Scope::UsageWrite => "usage:write",
            Scope::Memory => "memory",
            Scope::Llm => "llm",
            Scope::Admin => "admin",
            Scope::ActAs => "act_as",
            Scope::Services => "services",
        }
    }

    /// The scope's bit; stored nowhere.
    const fn bit(self) -> u8 {
        match self {
            Scope::UsageRead => 1,
            Scope::UsageWrite => 2,
            Scope::Memory => 4,
            Scope::Llm => 8,
            Scope::Admin => 16,
            Scope::ActAs => 32,
            Scope::Services => 64,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Scope, KeyError> {
        let mut all = Scope::ALL.into_iter();
        all.find(|scope| scope.as_str() == text).ok_or(KeyError::Scope)
    }
}

/// A set of scopes. Written as their names with spaces between, in the order of [`Scope::ALL`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// No scope.
    pub const NONE: Scopes = Scopes(0);

    /// Whether `scope` is in the set.
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// The set with `scope` in it.
    pub const fn with(self, scope: Scope) -> Scopes {
        Scopes(self.0 | scope.bit())
    }

    /// What is in this set and not in `other`.
    pub const fn without(self, other: Scopes) -> Scopes {
        Scopes(self.0 & !other.0)
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The scopes, in order.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Scopes {
        scopes.into_iter().fold(Scopes::NONE, Scopes::with)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            let gap = if index == 0 { "" } else { " " };
            write!(f, "{gap}{scope}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scopes({self})")
    }
}

impl FromStr for Scopes {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Scopes, KeyError> {
        text.split_ascii_whitespace().map(str::parse).collect()
    }
}

/// What an owner calls a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyName(String);

impl KeyName {
    /// Trims; accepts 1..=100 characters without control characters.
    pub fn parse(text: &str) -> Result<KeyName, KeyError> {
        let text = text.trim();
        let chars = text.chars().take(KEY_NAME_CHARS_MAX + 1).count();
        if chars == 0 || chars > KEY_NAME_CHARS_MAX || text.chars().any(char::is_control) {
            return Err(KeyError::Name);
        }
        Ok(KeyName(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The hash of a key's secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyHash(pub [u8; 32]);

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(redacted)")
    }
}

/// An API key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Which key.
    pub id: KeyId,
    /// Whose.
    pub account: Account,
    /// What the owner calls it.
    pub name: KeyName,
    /// What it may do.
    pub scopes: Scopes,
    /// The key's first characters, by which its owner knows it; not secret.
    pub prefix: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is no longer accepted; absent for one that does not expire.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the hour.
    pub last_used_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether the key has expired.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| now >= end)
    }

    /// Whether a use at `now` is worth a write: once an hour is enough to see that a key is alive.
    pub fn use_is_news(&self, now: Timestamp) -> bool {
        self.last_used_at.is_none_or(|last| now >= last.plus_seconds(USE_NEWS_AFTER_S))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_read_back_in_one_order() {
        let all: Scopes = Scope::ALL.into_iter().collect();
        assert_eq!(all.to_string(), "usage:read usage:write memory llm admin act_as services");
        assert_eq!(all.to_string().parse(), Ok(all));
        assert_eq!("llm  usage:read llm".parse::<Scopes>().unwrap().to_string(), "usage:read llm");
        assert_eq!("".parse(), Ok(Scopes::NONE));
        assert_eq!("usage:read root".parse::<Scopes>(), Err(KeyError::Scope));
        for scope in Scope::ALL {
            let only = Scopes::NONE.with(scope);
            assert_eq!(only.iter().collect::<Vec<_>>(), [scope]);
            assert!(!all.without(only).has(scope));
        }
    }

    #[test]
    fn names_are_bounded_and_hashes_are_not_printed() {
        assert_eq!(KeyName::parse(" ci ").unwrap().as_str(), "ci");
        for bad in ["", " ", "a\tb", &"x".repeat(101)] {
            assert_eq!(KeyName::parse(bad), Err(KeyError::Name));
        }
        assert_eq!(format!("{:?}", KeyHash([7; 32])), "KeyHash(redacted)");
    }
}
