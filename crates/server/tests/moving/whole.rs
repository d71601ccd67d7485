//! People, their tiers and overrides, what operators did: everything is there, and in force.

use crate::{
    refusals::record,
    rig::{Rig, import},
};
use novacore_access::{
    Actor, ApiKey, AuditAction, AuditEntry, Email, Generation, KeyHash, KeyName, PasswordHash,
    Reason, Role, Session, User,
};
use novacore_ledger::{Cap, Limit, LimitName, Mode, Override};
use novacore_postgres_fixture::Server;
use novacore_store::{
    clock::Clock,
    directory::{Credentials, StoredKey, UserChange},
};
use novacore_store_suite::ledger::Harness;
use novacore_vocab::{
    Account, Amount, KeyId, OrgId, ResourceName, SessionId, TierName, Timestamp, UserId, Window,
};
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_directory_moves() {
    for rig in [Rig::new, Rig::to_shards] {
        let mut rig = rig();
        let mut accounts = Vec::new();
        for number in 1..=3 {
            accounts.push(person(&rig, number).await);
        }
        policy(&rig, accounts[0]).await;
        // It compares.
        rig.reopen();
        let directory = rig.directory();
        let taken = directory.create_user(&credentials(4, 1, rig.clock.now()), None).await;
        assert!(taken.is_err(), "an address is his who had it: {taken:?}");
        let session = session(accounts[0], 1, rig.clock.now());
        let next = Session { generation: Generation(4), ..session };
        directory.advance_session(Generation(3), &next).await.expect("a refresh");
        assert!(directory.has_admin().await.expect("an answer"));
    }
}

/// A later change has a version that no limit had before the move.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_of_limits_go_on() {
    let mut rig = Rig::new();
    let account = person(&rig, 1).await;
    policy(&rig, account).await;
    let last = put_override(&rig, account, "agent_minutes").await;
    rig.reopen();
    assert_eq!(put_override(&rig, account, "memory_storage").await, last + 1);
}

/// Every month has its partition, those long past too; the default one stays empty, so that nothing
/// is in the way of those to come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn months_are_made() {
    let mut rig = Rig::new();
    let account = person(&rig, 1).await;
    for at in ["2026-11-30T23:59:59Z", "2026-12-01T00:00:00Z", "2027-10-03T00:00:00Z"] {
        rig.clock.set(at.parse().expect("a time"));
        let outcome = rig.ledger().submit(account.user, record("messages", 1, None)).await;
        outcome.expect("an outcome");
    }
    rig.close();
    import(rig.dir(), &rig.options()).await.expect("it is moved");
    let sql = "SELECT tableoid::regclass, count(*) FROM usage_ledger GROUP BY 1 ORDER BY 1";
    let found = Server::shared().psql(rig.url(), sql).expect("a count");
    let months = ["usage_ledger_202611|1", "usage_ledger_202612|1", "usage_ledger_202710|1"];
    assert_eq!(found, months.join("\n"));
}

fn credentials(number: u128, email: u128, at: Timestamp) -> Credentials {
    let user = User {
        id: UserId(Uuid::from_u128(number)),
        org: OrgId(Uuid::from_u128(1 + number / 2)),
        email: Email::parse(&format!("user{email}@example.com")).ok(),
        role: if number == 1 { Role::Admin } else { Role::Student },
        tier: name::<TierName>("free_trial", TierName::parse),
        disabled: number == 2,
        trial_ends_at: (number == 3).then(|| at.plus_days(9)),
        created_at: at,
    };
    let password = (number < 3).then(|| PasswordHash::new(format!("$argon2id$of {number}")));
    Credentials { user, password }
}

fn name<T>(text: &str, parse: impl Fn(&str) -> Result<T, novacore_vocab::IdError>) -> T {
    parse(text).expect("a name")
}

fn session(account: Account, number: u128, at: Timestamp) -> Session {
    Session {
        id: SessionId(Uuid::from_u128(number)),
        account,
        generation: Generation(3),
        created_at: at,
        rotated_at: at.plus_seconds(number as i64),
        expires_at: at.plus_days(30),
    }
}

fn audit(rig: &Rig, action: AuditAction) -> AuditEntry {
    AuditEntry {
        actor: Actor::Console,
        action,
        target: "user:ü".to_owned(),
        before: None,
        after: Some(r#"{"a":"\u0000"}"#.to_owned()),
        reason: Reason::parse("a test").expect("a reason"),
        at: rig.clock.now(),
    }
}

/// A user with two sessions, a key, and one that was revoked.
async fn person(rig: &Rig, number: u128) -> Account {
    let (directory, at) = (rig.directory(), rig.clock.now());
    let new = credentials(number, number, at);
    let account = new.user.account();
    directory.create_user(&new, Some(&audit(rig, AuditAction::CreateUser))).await.expect("made");
    for which in 0..2 {
        let session = session(account, number * 10 + which, at);
        let session = if number * 10 + which == 10 {
            Session { id: SessionId(Uuid::from_u128(1)), ..session }
        } else {
            session
        };
        directory.insert_session(&session).await.expect("a session");
    }
    for which in 0..2 {
        let key = ApiKey {
            id: KeyId(Uuid::from_u128(number * 10 + which)),
            account,
            name: KeyName::parse("ci").expect("a name"),
            scopes: "usage:read llm".parse().expect("scopes"),
            prefix: format!("nc_{number}"),
            created_at: at,
            expires_at: (number == 2).then(|| at.plus_days(3)),
            last_used_at: None,
        };
        let stored = StoredKey { hash: KeyHash([number as u8; 32]), key };
        let entry = audit(rig, AuditAction::CreateKey);
        directory.insert_key(&stored, &entry).await.expect("a key");
    }
    let (used, revoked) =
        (KeyId(Uuid::from_u128(number * 10)), KeyId(Uuid::from_u128(number * 10 + 1)));
    directory.touch_key(account, used, at.plus_seconds(5)).await.expect("used");
    let entry = audit(rig, AuditAction::RevokeKey);
    directory.revoke_key(account, revoked, &entry).await.expect("revoked");
    account
}

/// An edited tier, one that the configuration does not know and a user has, and overrides.
async fn policy(rig: &Rig, account: Account) {
    let ledger = rig.ledger();
    let mut tier = ledger.policy().tiers()[0].clone();
    let limit = Limit {
        mode: Mode::Soft,
        warn_at: vec![10, 50],
        ..Limit::hard(Cap::Of(Amount::new(7).expect("an amount")), Window::Week)
    };
    tier.limits.insert(name("messages", ResourceName::parse), vec![limit]);
    let entry = audit(rig, AuditAction::PutTier);
    ledger.put_tier(tier.clone(), &entry).await.expect("edited");
    tier.name = name("gold", TierName::parse);
    ledger.put_tier(tier, &entry).await.expect("added");
    let change = UserChange::Tier {
        from: name("free_trial", TierName::parse),
        to: name("gold", TierName::parse),
    };
    let entry = audit(rig, AuditAction::SetTier);
    rig.directory().change_user(account.user, &change, &entry).await.expect("changed");
    put_override(rig, account, "messages").await;
    put_override(rig, account, "llm_tokens").await;
}

/// Sets an override; its version.
async fn put_override(rig: &Rig, account: Account, resource: &str) -> u64 {
    let (ledger, resource) = (rig.ledger(), name(resource, ResourceName::parse));
    let value = Override {
        resource: resource.clone(),
        limit: (resource.as_str() == "messages").then(|| name("week", LimitName::parse)),
        cap: Some(Cap::Unlimited),
        mode: None,
        warn_at: Some(vec![33]),
        expires_at: (resource.as_str() == "messages").then(|| rig.clock.now().plus_days(1)),
        reason: "a test".into(),
        author: "ü".into(),
        version: 0,
    };
    let entry = audit(rig, AuditAction::PutOverride);
    ledger.put_override(account.user, value, &entry).await.expect("an override");
    let view = ledger.account(account.user).await.expect("an account");
    let mut overrides = view.state.profile.overrides.iter();
    overrides.find(|value| value.resource == resource).expect("the override").version
}
