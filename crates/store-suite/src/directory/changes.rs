//! Hearing of changes.

use super::*;
use novacore_access::{ApiKey, AuditAction, KeyHash, KeyName, Scopes};
use novacore_store::{
    changes::{Forgets, Outdated},
    directory::{StoredKey, UserChange},
};
use novacore_vocab::KeyId;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// Nothing here takes as long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Notes what it is told.
#[derive(Default)]
struct Notes(Mutex<Vec<Outdated>>);

impl Forgets for Notes {
    fn forget(&self, outdated: Outdated) {
        self.0.lock().expect("no test goes on after a panic").push(outdated);
    }
}

impl Notes {
    fn has(&self, outdated: Outdated) -> bool {
        self.0.lock().expect("no test goes on after a panic").contains(&outdated)
    }
}

/// Whoever listens has heard of a change when it is acknowledged, whether it was made or not known.
pub async fn a_change_is_told_before_it_is_acknowledged(directory: &dyn Directory) {
    let owner = stored(directory, user(1)).await;
    let new = StoredKey {
        key: ApiKey {
            id: KeyId(id(9)),
            account: owner.account(),
            name: KeyName::parse("key").expect("a name"),
            scopes: Scopes::NONE,
            prefix: "nvc_00000009".to_owned(),
            created_at: exact(0),
            expires_at: None,
            last_used_at: None,
        },
        hash: KeyHash([9; 32]),
    };
    let made = directory.insert_key(&new, &audit(AuditAction::CreateKey, "key")).await;
    assert!(made.is_ok());
    let notes = Arc::new(Notes::default());
    let listener: Arc<dyn Forgets> = notes.clone();
    directory.on_change(&listener);
    assert!(!notes.has(Outdated::User(owner.id)) && !notes.has(Outdated::Key(new.key.id)));

    let change = UserChange::Disabled { from: false, to: true };
    let entry = audit(AuditAction::SetDisabled, "user");
    let changed = directory.change_user(owner.id, &change, &entry).await;
    assert!(changed.is_ok() && notes.has(Outdated::User(owner.id)));
    let entry = audit(AuditAction::RevokeKey, "key");
    let revoked = directory.revoke_key(owner.account(), new.key.id, &entry).await;
    assert!(revoked.is_ok() && notes.has(Outdated::Key(new.key.id)));
}

/// A store that is open and in reach hears of changes, by a clock that says `at(0)`.
pub async fn an_open_store_is_current(directory: &dyn Directory) {
    let current = tokio::time::timeout(PATIENCE, async {
        while !directory.is_current(at(0)) {
            tokio::task::yield_now().await;
        }
    });
    assert!(current.await.is_ok(), "it hears of changes in time");
}
