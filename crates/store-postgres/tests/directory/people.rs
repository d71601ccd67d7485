//! People and what they do, for the tests of this folder.

use novacore_access::{
    Actor, ApiKey, AuditAction, AuditEntry, Email, KeyHash, KeyName, PasswordHash, Reason, Role,
    Scope, Scopes, Session, User,
};
use novacore_store::directory::{Credentials, StoredKey, UserChange, Users};
use novacore_vocab::{Account, KeyId, OrgId, SessionId, TierName, Timestamp, UserId};
use uuid::Uuid;

fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0000 | number)
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000 + seconds)
}

pub(crate) fn email(number: u128) -> Email {
    Email::parse(&format!("u{number}@example.com")).expect("an address")
}

pub(crate) fn tier(name: &str) -> TierName {
    TierName::parse(name).expect("a tier's name")
}

pub(crate) fn user(number: u128) -> User {
    User {
        id: UserId(id(number)),
        org: OrgId(id(number)),
        email: Some(email(number)),
        role: Role::Student,
        tier: tier("free_trial"),
        disabled: false,
        trial_ends_at: None,
        created_at: at(0),
    }
}

pub(crate) fn credentials(user: User) -> Credentials {
    Credentials { user, password: Some(PasswordHash::new("hash".to_owned())) }
}

pub(crate) fn admin(number: u128) -> Credentials {
    credentials(User { role: Role::Admin, ..user(number) })
}

/// Stores user `number`.
pub(crate) async fn stored(users: &dyn Users, number: u128) -> User {
    let new = credentials(user(number));
    users.create_user(&new, None).await.expect("a new user is stored");
    new.user
}

pub(crate) fn to_tier(name: &str) -> UserChange {
    UserChange::Tier { from: tier("free_trial"), to: tier(name) }
}

pub(crate) fn audit(action: AuditAction, target: &str) -> AuditEntry {
    AuditEntry {
        actor: Actor::Console,
        action,
        target: target.to_owned(),
        before: None,
        after: None,
        reason: Reason::parse("because").expect("a reason"),
        at: at(5),
    }
}

pub(crate) fn session(number: u128, account: Account) -> Session {
    Session::start(SessionId(id(number)), account, at(0))
}

pub(crate) fn key(number: u128, account: Account) -> StoredKey {
    StoredKey {
        key: ApiKey {
            id: KeyId(id(number)),
            account,
            name: KeyName::parse("key").expect("a name"),
            scopes: Scopes::NONE.with(Scope::UsageRead),
            prefix: "nvc_".to_owned(),
            created_at: at(0),
            expires_at: None,
            last_used_at: None,
        },
        hash: KeyHash([7; 32]),
    }
}
