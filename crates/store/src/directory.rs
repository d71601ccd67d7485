//! The port for users, sessions, API keys and the audit log.
//!
//! Invariant: a method is one commit; what it writes is there whole or not at all, the audit entry
//! included.
//! Invariant: a method that changes what was read names what was read, and fails with
//! [`StoreError::Stale`] if that is no longer so; hence what an audit entry says of the state
//! before is true.
//! Invariant: a read that starts after a write was acknowledged sees it.
//! Not here: rules. A store neither judges a session nor compares a secret.

use crate::{changes::Changes, error::StoreError};
use async_trait::async_trait;
use novacore_access::{
    ApiKey, AuditEntry, Email, Generation, KeyHash, PasswordHash, Role, Session, User,
};
use novacore_vocab::{Account, KeyId, SessionId, TierName, Timestamp, UserId};

/// Most rows of a page; a larger limit is an error of the caller, cut down silently.
pub const DIRECTORY_PAGE_ROWS_MAX: usize = 200;

/// Everything that is known of people.
pub trait Directory: Users + Sessions + ApiKeys + AuditLog + Changes + std::fmt::Debug {}

impl<T: Users + Sessions + ApiKeys + AuditLog + Changes + std::fmt::Debug> Directory for T {}

/// A user and the hash of his password, if he has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user.
    pub user: User,
    /// What his password must hash to; absent for one who never registered here.
    pub password: Option<PasswordHash>,
}

/// What [`Users::ensure_user`] found or made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ensured {
    /// The user as stored.
    pub user: User,
    /// Whether this call has made him.
    pub created: bool,
}

/// A change of one user: from what was read, to what shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserChange {
    /// Another tier; it reaches the gate with the commit.
    Tier {
        /// The tier that was read.
        from: TierName,
        /// The tier that shall be.
        to: TierName,
    },
    /// Another role.
    Role {
        /// The role that was read.
        from: Role,
        /// The role that shall be.
        to: Role,
    },
    /// Shut or opened.
    Disabled {
        /// What was read.
        from: bool,
        /// What shall be.
        to: bool,
    },
}

/// Which users to list.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct UserQuery {
    /// Only those whose e-mail, or whose id as text, contains this, whatever the case.
    pub search: Option<String>,
    /// Only those of exactly this tier.
    pub tier: Option<TierName>,
    /// Only those after this id: the last one of the page before.
    pub after: Option<UserId>,
    /// How many rows, at most [`DIRECTORY_PAGE_ROWS_MAX`].
    pub rows_max: usize,
}

/// Users.
#[async_trait]
pub trait Users: Send + Sync {
    /// Stores a new user, with the audit entry if an operator made him.
    ///
    /// Fails with [`StoreError::Taken`] `email` or `id`.
    async fn create_user(
        &self,
        new: &Credentials,
        audit: Option<&AuditEntry>,
    ) -> Result<(), StoreError>;

    /// Whether there is an administrator who is not disabled.
    async fn has_admin(&self) -> Result<bool, StoreError>;

    /// Stores a new administrator unless [`Users::has_admin`]; tells whether it did.
    ///
    /// Fails with [`StoreError::Taken`] like [`Users::create_user`].
    async fn create_first_admin(
        &self,
        new: &Credentials,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError>;

    /// The user of this id; `unknown` is stored as he is if there was none.
    ///
    /// An e-mail that belongs to another already is left out, so that it keeps naming one user.
    async fn ensure_user(&self, unknown: &User) -> Result<Ensured, StoreError>;

    /// The user of this id.
    async fn find_user(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The user of this address, and his password's hash.
    async fn find_credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError>;

    /// Changes a user, with the audit entry; the user as he is then.
    ///
    /// Fails with [`StoreError::NotFound`], or with [`StoreError::Stale`] if `from` is not what is
    /// stored.
    async fn change_user(
        &self,
        id: UserId,
        change: &UserChange,
        audit: &AuditEntry,
    ) -> Result<User, StoreError>;

    /// Replaces a password and ends all sessions of its user, with the audit entry.
    ///
    /// Fails with [`StoreError::NotFound`].
    async fn set_password(
        &self,
        account: Account,
        password: &PasswordHash,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Users by ascending id.
    async fn list_users(&self, query: &UserQuery) -> Result<Vec<User>, StoreError>;
}

/// Sessions. One that has ended is forgotten.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Stores a new session.
    ///
    /// In the same commit the user's sessions that have expired by its `created_at` are removed,
    /// and then, while there would be more than `novacore_access::SESSIONS_PER_USER_MAX`, the one
    /// that was rotated longest ago.
    async fn insert_session(&self, session: &Session) -> Result<(), StoreError>;

    /// The session of this id, expired or not.
    async fn find_session(
        &self,
        account: Account,
        id: SessionId,
    ) -> Result<Option<Session>, StoreError>;

    /// Replaces a session by its successor if its generation is still `from`: of several at once,
    /// one succeeds.
    ///
    /// Fails with [`StoreError::Stale`] if it is not, with [`StoreError::NotFound`] if the session
    /// has ended.
    async fn advance_session(&self, from: Generation, to: &Session) -> Result<(), StoreError>;

    /// Ends a session; without effect if it has ended.
    async fn end_session(&self, account: Account, id: SessionId) -> Result<(), StoreError>;

    /// Ends all sessions of a user, with the audit entry if an operator does it; how many there
    /// were.
    async fn end_sessions_of(
        &self,
        account: Account,
        audit: Option<&AuditEntry>,
    ) -> Result<usize, StoreError>;

    /// A user's sessions, the last rotated first.
    async fn list_sessions(&self, account: Account) -> Result<Vec<Session>, StoreError>;
}

/// A key and the hash of its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// The key.
    pub key: ApiKey,
    /// What its secret must hash to.
    pub hash: KeyHash,
}

/// Whether a key was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyInserted {
    /// It was.
    Stored,
    /// Its user has `novacore_access::KEYS_PER_USER_MAX` already; nothing was written.
    TooMany,
}

/// API keys. One that is revoked is forgotten; the audit log remembers it.
#[async_trait]
pub trait ApiKeys: Send + Sync {
    /// Stores a new key, with the audit entry.
    async fn insert_key(
        &self,
        new: &StoredKey,
        audit: &AuditEntry,
    ) -> Result<KeyInserted, StoreError>;

    /// The key of this id in this account, expired or not.
    async fn find_key(&self, account: Account, id: KeyId) -> Result<Option<StoredKey>, StoreError>;

    /// A user's keys, the newest first.
    async fn list_keys(&self, account: Account) -> Result<Vec<ApiKey>, StoreError>;

    /// Removes a key, with the audit entry.
    ///
    /// Fails with [`StoreError::NotFound`], writing nothing.
    async fn revoke_key(
        &self,
        account: Account,
        id: KeyId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Remembers that a key was used; never moves the time back, and is without effect on a key
    /// that is gone.
    async fn touch_key(&self, account: Account, id: KeyId, at: Timestamp)
    -> Result<(), StoreError>;
}

/// The number of an audit entry: ascending in the order of commits, unique, not necessarily without
/// gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuditSeq(pub u64);

/// An audit entry and its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// The number, and the cursor of the page that follows.
    pub seq: AuditSeq,
    /// The entry.
    pub entry: AuditEntry,
}

/// Which audit entries to list.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct AuditQuery {
    /// Only those about exactly this target.
    pub target: Option<String>,
    /// Only those before this number: the last one of the page before.
    pub before: Option<AuditSeq>,
    /// How many rows, at most [`DIRECTORY_PAGE_ROWS_MAX`].
    pub rows_max: usize,
}

/// The audit log. Entries are written by the methods that make the change, never alone.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Audit entries, the newest first.
    async fn list_audit(&self, query: &AuditQuery) -> Result<Vec<AuditRow>, StoreError>;
}
