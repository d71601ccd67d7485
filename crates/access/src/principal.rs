//! Who calls, and for whom.
//!
//! Invariant: a principal made of a user is made of the user as the store knows him now, so role
//! and disabled are never those of an old token.
//! Not here: what a principal may do; that is `permit`.

use crate::{Actor, Denied, Role, Scope, Scopes, Subject, User};
use novacore_vocab::KeyId;
use std::sync::Arc;

/// How a user has shown who he is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// With a JWT: somebody is signed in.
    Token,
    /// With an API key.
    Key {
        /// Which key.
        id: KeyId,
        /// What it may do.
        scopes: Scopes,
    },
}

/// Who calls. Made by `app::auth` once the proof is verified; whoever makes one vouches for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    identity: Identity,
    other: Option<Other>,
}

/// Another than the caller, whom the call concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Other {
    /// The caller does what that user may do.
    ActingFor(Subject),
    /// The caller looks at what that user used.
    Viewing(Subject),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Identity {
    User { user: Arc<User>, via: Credential },
    Service,
    Console,
}

impl Principal {
    /// A user who has shown `via`; refused when the account is disabled.
    pub fn of_user(user: Arc<User>, via: Credential) -> Result<Principal, Denied> {
        if user.disabled {
            return Err(Denied::Disabled);
        }
        Ok(Principal::new(Identity::User { user, via }))
    }

    /// A service that has shown the service token.
    pub fn service() -> Principal {
        Principal::new(Identity::Service)
    }

    /// The operator at the machine, who holds the data directory.
    pub fn console() -> Principal {
        Principal::new(Identity::Console)
    }

    fn new(identity: Identity) -> Principal {
        Principal { identity, other: None }
    }

    /// This principal, calling for another user: a service for anyone, a key with `act_as` for its
    /// organisation, and else an administrator to read anyone's usage, which is all he may do then.
    pub fn acting_for(self, other: &Subject) -> Result<Principal, Denied> {
        let acts = self.is_service() || self.key_has(Scope::ActAs);
        if !acts && !self.is_admin() {
            return Err(Denied::Forbidden("acting for a user needs the scope act_as"));
        }
        let itself = self.user().map(|user| user.id) == Some(other.account.user);
        if !self.is_service() && acts && !itself && !self.shares_organisation(other) {
            return Err(Denied::NotFound);
        }
        if !other.exists {
            return Err(Denied::NotFound);
        }
        let as_whom = if acts { Other::ActingFor } else { Other::Viewing };
        Ok(Principal { other: Some(as_whom(*other)), ..self })
    }

    /// The user who calls; none for a service or the operator.
    pub fn user(&self) -> Option<&User> {
        match &self.identity {
            Identity::User { user, .. } => Some(user),
            Identity::Service | Identity::Console => None,
        }
    }

    /// The user whom the call concerns if it names no other.
    pub fn subject(&self) -> Result<Subject, Denied> {
        match self.other {
            Some(Other::ActingFor(other) | Other::Viewing(other)) => Ok(other),
            None => self.user().map(User::subject).ok_or(Denied::NoSubject),
        }
    }

    /// The user whose usage the caller looks at, if he does only that.
    pub(crate) fn viewed(&self) -> Option<Subject> {
        match self.other {
            Some(Other::Viewing(viewed)) => Some(viewed),
            Some(Other::ActingFor(_)) | None => None,
        }
    }

    /// Who acts, for the audit log.
    pub fn actor(&self) -> Actor {
        match &self.identity {
            Identity::User { user, via } => match via {
                Credential::Token => Actor::User(user.id),
                Credential::Key { id, .. } => Actor::Key { key: *id, user: user.id },
            },
            Identity::Service => Actor::Service,
            Identity::Console => Actor::Console,
        }
    }

    /// Whether this is a service, by token or by role, to which users need not be known beforehand.
    pub fn is_service(&self) -> bool {
        match &self.identity {
            Identity::User { user, .. } => user.role == Role::Service,
            Identity::Service => true,
            Identity::Console => false,
        }
    }

    pub(crate) fn is_console(&self) -> bool {
        self.identity == Identity::Console
    }

    /// Signed in, not by key.
    pub(crate) fn signed_in(&self) -> Option<&User> {
        match &self.identity {
            Identity::User { user, via } => (*via == Credential::Token).then_some(user),
            Identity::Service | Identity::Console => None,
        }
    }

    /// An administrator, unless the key in hand is for less.
    pub(crate) fn is_admin(&self) -> bool {
        self.user().is_some_and(|user| user.role == Role::Admin) && self.allows(Scope::Admin)
    }

    /// Whether `scope` is within what was shown: a key is held to its scopes, everything else has
    /// none to lack.
    pub(crate) fn allows(&self, scope: Scope) -> bool {
        match self.scopes() {
            Some(scopes) => scopes.has(scope),
            None => true,
        }
    }

    /// Whether this is a key with `scope`.
    pub(crate) fn key_has(&self, scope: Scope) -> bool {
        self.scopes().is_some_and(|scopes| scopes.has(scope))
    }

    pub(crate) fn shares_organisation(&self, other: &Subject) -> bool {
        self.user().map(|user| user.org) == Some(other.account.org)
    }

    fn scopes(&self) -> Option<Scopes> {
        match &self.identity {
            Identity::User { via, .. } => match via {
                Credential::Token => None,
                Credential::Key { scopes, .. } => Some(*scopes),
            },
            Identity::Service | Identity::Console => None,
        }
    }
}
