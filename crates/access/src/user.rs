//! Users and their roles.
//!
//! Invariant: id and organisation of a user never change.
//! Not here: the password hash, which travels apart so that no view of a user can carry it.

use crate::Email;
use novacore_vocab::{Account, OrgId, TierName, Timestamp, UserId};
use std::{fmt, str::FromStr};
use thiserror::Error;

/// What a user is to the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// An end user; what everyone starts as.
    Student,
    /// An end user who pays. May do what a student may.
    Subscriber,
    /// An operator: may read and administer every account.
    Admin,
    /// Another service of the platform: may record and reserve for every account.
    Service,
}

/// Text that names no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a role is one of student, subscriber, admin, service")]
pub struct UnknownRole;

impl Role {
    /// Every role.
    pub const ALL: [Role; 4] = [Role::Student, Role::Subscriber, Role::Admin, Role::Service];

    /// The role's name in tokens, answers and stored rows; never changed once released.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Student => "student",
            Role::Subscriber => "subscriber",
            Role::Admin => "admin",
            Role::Service => "service",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;
    fn from_str(text: &str) -> Result<Role, UnknownRole> {
        let found = Role::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or(UnknownRole)
    }
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Who it is.
    pub id: UserId,
    /// The organisation, fixed when the user is created; a personal user is its own.
    pub org: OrgId,
    /// The address to sign in with; absent for a user known only from a service call or from a
    /// token without one.
    pub email: Option<Email>,
    /// The role.
    pub role: Role,
    /// The plan.
    pub tier: TierName,
    /// Whether an operator has shut the account.
    pub disabled: bool,
    /// When the trial that began with the account ends; a later change of tier leaves it as it is.
    pub trial_ends_at: Option<Timestamp>,
    /// When the user was created or first seen.
    pub created_at: Timestamp,
}

impl User {
    /// What the ledger is keyed by.
    pub fn account(&self) -> Account {
        Account { org: self.org, user: self.id }
    }

    /// What a permit needs to know of the user whom a call concerns.
    pub fn subject(&self) -> Subject {
        Subject { account: self.account(), disabled: self.disabled, exists: true }
    }
}

/// The user whom a call concerns, as the store knows it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    pub(crate) account: Account,
    pub(crate) disabled: bool,
    pub(crate) exists: bool,
}

impl Subject {
    /// A user whom nobody knows. Judged like one out of reach, so that the answer does not tell
    /// which of the two it is.
    pub fn unknown(user: UserId) -> Subject {
        Subject { account: Account::personal(user), disabled: false, exists: false }
    }

    /// The account; without meaning for a user whom nobody knows, for whom no permit is given.
    pub fn account(&self) -> Account {
        self.account
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_read_back() {
        for role in Role::ALL {
            assert_eq!(role.to_string().parse(), Ok(role));
        }
        for bad in ["", "Admin", "root"] {
            assert_eq!(bad.parse::<Role>(), Err(UnknownRole));
        }
    }
}
