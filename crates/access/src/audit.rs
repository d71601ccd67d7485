//! What an operator did, to what, and why.
//!
//! Invariant: an entry is written in the same commit as the change it tells of.
//! Not here: usage; that is the ledger's.

use novacore_vocab::{KeyId, Timestamp, UserId};
use std::{fmt, str::FromStr};
use thiserror::Error;

/// Longest reason, in characters.
pub const REASON_CHARS_MAX: usize = 500;

/// Text that is not the part of an audit entry it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AuditError {
    /// A reason is 1 to 500 characters.
    #[error("a reason has 1 to 500 characters and no control characters")]
    Reason,
    /// Not an actor as written.
    #[error("not an actor")]
    Actor,
    /// Not an action we know.
    #[error("not an audited action")]
    Action,
}

/// Who acts. Written `user:<id>`, `key:<key id>:<user id>`, `service` or `console`; stored so,
/// forever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A user signed in.
    User(UserId),
    /// A user's API key.
    Key {
        /// Which key.
        key: KeyId,
        /// Whose.
        user: UserId,
    },
    /// A service with the service token.
    Service,
    /// The operator at the machine, who holds the data directory, or the server itself at its first
    /// start.
    Console,
}

impl Actor {
    /// The user who acts, by himself or by his key.
    pub fn user(self) -> Option<UserId> {
        match self {
            Actor::User(user) | Actor::Key { user, .. } => Some(user),
            Actor::Service | Actor::Console => None,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Actor::User(user) => write!(f, "user:{user}"),
            Actor::Key { key, user } => write!(f, "key:{key}:{user}"),
            Actor::Service => f.write_str("service"),
            Actor::Console => f.write_str("console"),
        }
    }
}

impl FromStr for Actor {
    type Err = AuditError;
    fn from_str(text: &str) -> Result<Actor, AuditError> {
        let mut parts = text.splitn(3, ':');
        let actor = match (parts.next(), parts.next(), parts.next()) {
            (Some("service"), None, None) => Some(Actor::Service),
            (Some("console"), None, None) => Some(Actor::Console),
            (Some("user"), Some(user), None) => user.parse().ok().map(Actor::User),
            (Some("key"), Some(key), Some(user)) => {
                let ids = key.parse().ok().zip(user.parse().ok());
                ids.map(|(key, user)| Actor::Key { key, user })
            }
            _ => None,
        };
        actor.ok_or(AuditError::Actor)
    }
}

/// What was done. The names are stored: append, never rename.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuditAction {
    /// A user was created by an operator or at the first start.
    CreateUser,
    /// A user's tier was set.
    SetTier,
    /// A user's role was set.
    SetRole,
    /// A user was disabled or enabled.
    SetDisabled,
    /// A user's password was set.
    SetPassword,
    /// All sessions of a user were ended.
    EndSessions,
    /// An API key was created.
    CreateKey,
    /// An API key was revoked.
    RevokeKey,
    /// A tier was created or replaced.
    PutTier,
    /// A limit of one user was overridden.
    PutOverride,
    /// An override was removed.
    RemoveOverride,
    /// All memories of a user were erased.
    EraseMemories,
}

impl AuditAction {
    /// Every action.
    pub const ALL: [AuditAction; 12] = [
        AuditAction::CreateUser,
        AuditAction::SetTier,
        AuditAction::SetRole,
        AuditAction::SetDisabled,
        AuditAction::SetPassword,
        AuditAction::EndSessions,
        AuditAction::CreateKey,
        AuditAction::RevokeKey,
        AuditAction::PutTier,
        AuditAction::PutOverride,
        AuditAction::RemoveOverride,
        AuditAction::EraseMemories,
    ];

    /// The name as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            AuditAction::CreateUser => "create_user",
            AuditAction::SetTier => "set_tier",
            AuditAction::SetRole => "set_role",
            AuditAction::SetDisabled => "set_disabled",
            AuditAction::SetPassword => "set_password",
            AuditAction::EndSessions => "end_sessions",
            AuditAction::CreateKey => "create_key",
            AuditAction::RevokeKey => "revoke_key",
            AuditAction::PutTier => "put_tier",
            AuditAction::PutOverride => "put_override",
            AuditAction::RemoveOverride => "remove_override",
            AuditAction::EraseMemories => "erase_memories",
        }
    }
}

impl fmt::Display for AuditAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AuditAction {
    type Err = AuditError;
    fn from_str(text: &str) -> Result<AuditAction, AuditError> {
        let mut all = AuditAction::ALL.into_iter();
        all.find(|action| action.as_str() == text).ok_or(AuditError::Action)
    }
}

/// Why something was done, in the words of who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// Trims; accepts 1..=500 characters without control characters.
    pub fn parse(text: &str) -> Result<Reason, AuditError> {
        let text = text.trim();
        let chars = text.chars().take(REASON_CHARS_MAX + 1).count();
        if chars == 0 || chars > REASON_CHARS_MAX || text.chars().any(char::is_control) {
            return Err(AuditError::Reason);
        }
        Ok(Reason(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Who.
    pub actor: Actor,
    /// What.
    pub action: AuditAction,
    /// To what: `user:<id>`, `key:<id>`, `tier:<name>`, `override:<user id>:<resource>`.
    pub target: String,
    /// The state before, as JSON text; never a secret.
    pub before: Option<String>,
    /// The state after, as JSON text; never a secret.
    pub after: Option<String>,
    /// Why.
    pub reason: Reason,
    /// When.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actors_and_actions_read_back() {
        let user = "00000000-0000-4000-8000-000000000001".parse().unwrap();
        let key = "00000000-0000-4000-8000-000000000002".parse().unwrap();
        for actor in [Actor::User(user), Actor::Key { key, user }, Actor::Service, Actor::Console] {
            assert_eq!(actor.to_string().parse(), Ok(actor));
        }
        for bad in ["", "user", "user:x", "key:x", "service:x", "console:a:b"] {
            assert_eq!(bad.parse::<Actor>(), Err(AuditError::Actor), "{bad}");
        }
        for action in AuditAction::ALL {
            assert_eq!(action.to_string().parse(), Ok(action));
        }
        assert_eq!("drop".parse::<AuditAction>(), Err(AuditError::Action));
    }

    #[test]
    fn reasons_are_bounded_text() {
        assert_eq!(Reason::parse("  paid ").unwrap().as_str(), "paid");
        assert!(Reason::parse(&"é".repeat(500)).is_ok());
        for bad in ["", "   ", "a\nb", &"x".repeat(501)] {
            assert_eq!(Reason::parse(bad), Err(AuditError::Reason));
        }
    }
}
