//! API keys.

use super::*;
use novacore_access::{ApiKey, AuditAction, KEYS_PER_USER_MAX, KeyHash, KeyName, Scope, Scopes};
use novacore_store::{
    directory::{KeyInserted, StoredKey},
    error::StoreError,
};
use novacore_vocab::{Account, KeyId};

fn key_id(number: u128) -> KeyId {
    KeyId(id(number))
}

fn key(number: u128, account: Account) -> StoredKey {
    let seconds = i64::try_from(number).expect("few");
    StoredKey {
        key: ApiKey {
            id: key_id(number),
            account,
            name: KeyName::parse(&format!("key ünï {number}")).expect("a name"),
            scopes: Scopes::NONE.with(Scope::UsageRead).with(Scope::ActAs),
            prefix: format!("nvc_{number:08x}"),
            created_at: exact(seconds),
            expires_at: number.is_multiple_of(2).then(|| exact(1_000)),
            last_used_at: None,
        },
        hash: KeyHash([u8::try_from(number).expect("few"); 32]),
    }
}

async fn insert(directory: &dyn Directory, new: &StoredKey) {
    let entry = audit(AuditAction::CreateKey, "key");
    let inserted = directory.insert_key(new, &entry).await;
    assert_eq!(inserted, Ok(KeyInserted::Stored));
}

/// A key is stored and read whole, with its audit entry; the newest comes first.
pub async fn a_key_reads_back(directory: &dyn Directory) {
    let account = stored(directory, user(1)).await.account();
    let all_scopes = StoredKey {
        key: ApiKey { scopes: Scope::ALL.into_iter().collect(), ..key(2, account).key },
        ..key(2, account)
    };
    insert(directory, &key(1, account)).await;
    insert(directory, &all_scopes).await;
    let found = directory.find_key(account, key_id(1)).await;
    assert_eq!(found, Ok(Some(key(1, account))));
    let found = directory.find_key(account, key_id(2)).await;
    assert_eq!(found, Ok(Some(all_scopes.clone())));
    let listed = directory.list_keys(account).await;
    assert_eq!(listed, Ok(vec![all_scopes.key, key(1, account).key]));
    let entry = audit(AuditAction::CreateKey, "key");
    assert_eq!(audited(directory).await, [entry.clone(), entry]);
}

/// The id alone does not lead to a key: user and organisation must be right.
pub async fn a_key_is_found_in_its_account_only(directory: &dyn Directory) {
    let account = stored(directory, user(1)).await.account();
    let other = stored(directory, user(2)).await.account();
    insert(directory, &key(1, account)).await;
    let elsewhere = Account { org: other.org, ..account };
    for wrong in [other, elsewhere] {
        assert_eq!(directory.find_key(wrong, key_id(1)).await, Ok(None));
        let entry = audit(AuditAction::RevokeKey, "key:1");
        let refused = directory.revoke_key(wrong, key_id(1), &entry).await;
        assert!(matches!(refused, Err(StoreError::NotFound(_))), "{refused:?}");
    }
    assert_eq!(directory.list_keys(other).await, Ok(vec![]));
    assert_eq!(audited(directory).await.len(), 1);
}

/// A revoked key is forgotten; the audit log is not.
pub async fn a_revoked_key_is_gone_and_audited(directory: &dyn Directory) {
    let account = stored(directory, user(1)).await.account();
    insert(directory, &key(1, account)).await;
    insert(directory, &key(2, account)).await;
    let entry = audit(AuditAction::RevokeKey, "key:1");
    assert_eq!(directory.revoke_key(account, key_id(1), &entry).await, Ok(()));
    assert_eq!(directory.find_key(account, key_id(1)).await, Ok(None));
    assert_eq!(directory.list_keys(account).await, Ok(vec![key(2, account).key]));
    assert_eq!(audited(directory).await[0], entry);

    let again = directory.revoke_key(account, key_id(1), &entry).await;
    assert!(matches!(again, Err(StoreError::NotFound(_))), "{again:?}");
    assert_eq!(audited(directory).await.len(), 3);
}

/// A user has at most so many keys; one too many is not stored and not audited, one revoked makes
/// room.
pub async fn keys_are_bounded(directory: &dyn Directory) {
    let account = stored(directory, user(1)).await.account();
    let other = stored(directory, user(2)).await.account();
    let numbers = 1..=KEYS_PER_USER_MAX as u128;
    for number in numbers {
        insert(directory, &key(number, account)).await;
    }
    let excess = key(200, account);
    let entry = audit(AuditAction::CreateKey, "excess");
    let refused = directory.insert_key(&excess, &entry).await;
    assert_eq!(refused, Ok(KeyInserted::TooMany));
    assert_eq!(directory.find_key(account, key_id(200)).await, Ok(None));
    let log = audited(directory).await;
    assert!(log.iter().all(|entry| entry.target != "excess"));
    insert(directory, &key(201, other)).await;

    let revoked = directory.revoke_key(account, key_id(1), &entry).await;
    assert_eq!(revoked, Ok(()));
    insert(directory, &excess).await;
}

/// The time of the last use moves forward only.
pub async fn a_use_of_a_key_never_moves_back(directory: &dyn Directory) {
    let account = stored(directory, user(1)).await.account();
    insert(directory, &key(1, account)).await;
    for (used_s, expected_s) in [(100, 100), (300, 300), (200, 300)] {
        let touched = directory.touch_key(account, key_id(1), exact(used_s)).await;
        assert_eq!(touched, Ok(()));
        let found = directory.find_key(account, key_id(1)).await;
        let last = found.expect("an answer").expect("the key").key.last_used_at;
        assert_eq!(last, Some(exact(expected_s)));
    }
    let gone = directory.touch_key(account, key_id(9), exact(1)).await;
    assert_eq!(gone, Ok(()));
}
