//! Users, roles, sessions, API keys: who may do what.
//!
//! Invariant: a [`Permit`] is made here and nowhere else, from a [`Principal`], so a use-case that
//! takes one cannot be reached without the check.
//! Invariant: everything is a value; no clock, no randomness, no hashing, no I/O.
//! Not here: proof of identity. `app::auth` verifies passwords, tokens and keys, and only then
//! makes a principal.

mod audit;
mod email;
mod key;
mod password;
mod permit;
mod principal;
mod session;
mod user;

pub use audit::{Actor, AuditAction, AuditEntry, AuditError, REASON_CHARS_MAX, Reason};
pub use email::{EMAIL_BYTES_MAX, Email, EmailError};
pub use key::{
    ApiKey, KEY_LIFE_DAYS_MAX, KEY_NAME_CHARS_MAX, KEYS_PER_USER_MAX, KeyError, KeyHash, KeyName,
    Scope, Scopes,
};
pub use password::{
    PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, PasswordError, PasswordHash, check_password,
};
pub use permit::{
    Administer, CallModels, ChangeMemories, Denied, Forward, KeyAsk, ManageKeys, ManageSelf,
    Permit, ReadMemories, ReadProfile, ReadUsage, RecordUsage, Reserve, SendEvents, SettleHold,
};
pub use principal::{Credential, Principal};
pub use session::{
    Generation, REFRESH_GRACE_S, Refresh, SESSION_IDLE_DAYS, SESSION_LIFE_DAYS_MAX,
    SESSIONS_PER_USER_MAX, Session,
};
pub use user::{Role, Subject, UnknownRole, User};
