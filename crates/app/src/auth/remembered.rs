//! Users and keys that were read, as long as it is certain that they are still so.
//!
//! Invariant: nothing is served that another node had changed a second before: what it has changed
//! is forgotten when the store tells of it, and nothing is served while the store does not hear.
//! Not here: absence; who may look.

use super::cache::Cache;
use novacore_access::User;
use novacore_store::{
    changes::{Forgets, Outdated},
    clock::Clock,
    directory::{Directory, StoredKey},
};
use novacore_vocab::{KeyId, UserId};
use std::{fmt, sync::Arc};

/// What is remembered.
pub(super) struct Remembered {
    pub(super) users: Cache<UserId, Arc<User>>,
    pub(super) keys: Cache<KeyId, StoredKey>,
    directory: Arc<dyn Directory>,
    clock: Arc<dyn Clock>,
}

impl Remembered {
    /// Keeps at most `rows_max` users and as many keys, and hears of changes.
    pub(super) fn new(
        directory: Arc<dyn Directory>,
        clock: Arc<dyn Clock>,
        rows_max: usize,
    ) -> Arc<Remembered> {
        let (users, keys) = (Cache::new(rows_max), Cache::new(rows_max));
        let remembered = Arc::new(Remembered { users, keys, directory, clock });
        let listener: Arc<dyn Forgets> = remembered.clone();
        remembered.directory.on_change(&listener);
        remembered
    }

    /// The user of this id, if remembered.
    pub(super) fn user(&self, id: UserId) -> Option<Arc<User>> {
        if self.is_current() { self.users.get(id) } else { None }
    }

    /// The key of this id, if remembered.
    pub(super) fn key(&self, id: KeyId) -> Option<StoredKey> {
        if self.is_current() { self.keys.get(id) } else { None }
    }

    fn is_current(&self) -> bool {
        self.directory.is_current(self.clock.now())
    }
}

impl Forgets for Remembered {
    fn forget(&self, outdated: Outdated) {
        match outdated {
            Outdated::User(id) => self.users.forget(id),
            Outdated::Key(id) => self.keys.forget(id),
            Outdated::Tiers => {}
            Outdated::Everything => {
                self.users.forget_all();
                self.keys.forget_all();
            }
        }
    }
}

impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Stage, reason, user};
    use crate::auth::error::AuthError;
    use novacore_access::{
        Actor, AuditAction, AuditEntry, Denied, KeyAsk, KeyName, Role, Scope, Scopes,
    };
    use novacore_store::directory::{ApiKeys, UserChange, Users};
    use secrecy::ExposeSecret;

    fn audit(stage: &Stage, action: AuditAction) -> AuditEntry {
        AuditEntry {
            actor: Actor::Console,
            action,
            target: "as another node".to_owned(),
            before: None,
            after: None,
            reason: reason(),
            at: stage.now(),
        }
    }

    /// Disables user 2 as another node would.
    async fn disable(stage: &Stage) {
        let change = UserChange::Disabled { from: false, to: true };
        let audit = audit(stage, AuditAction::SetDisabled);
        stage.directory.change_user(user(2).id, &change, &audit).await.unwrap();
    }

    #[tokio::test]
    async fn a_user_whom_another_node_disables_is_refused() {
        let stage = Stage::new();
        stage.store(user(2)).await;
        let token = stage.foreign_token(&user(2));
        assert!(stage.auth.authenticate(&token).await.is_ok());
        disable(&stage).await;
        let refused = stage.auth.authenticate(&token).await;
        assert!(matches!(refused, Err(AuthError::Denied(Denied::Disabled))), "{refused:?}");
    }

    #[tokio::test]
    async fn nothing_is_served_while_changes_are_not_heard() {
        let stage = Stage::new();
        stage.store(user(2)).await;
        let token = stage.foreign_token(&user(2));
        assert!(stage.auth.authenticate(&token).await.is_ok());
        stage.directory.set_hearing(false);
        disable(&stage).await;
        let refused = stage.auth.authenticate(&token).await;
        assert!(matches!(refused, Err(AuthError::Denied(Denied::Disabled))), "{refused:?}");
    }

    #[tokio::test]
    async fn a_key_that_another_node_revokes_is_refused() {
        let stage = Stage::new();
        stage.store(novacore_access::User { role: Role::Subscriber, ..user(2) }).await;
        let caller = stage.auth.authenticate(&stage.foreign_token(&user(2))).await.unwrap();
        let permit = stage.auth.keys_permit(&caller.principal, None).await.unwrap();
        let name = KeyName::parse("ci").unwrap();
        let scopes = Scopes::NONE.with(Scope::UsageRead);
        let ask = KeyAsk { name, scopes, expires_at: None };
        let new = stage.auth.create_key(permit, ask).await.unwrap();
        let text = new.text.expose_secret();
        assert!(stage.auth.authenticate(text).await.is_ok());
        let audit = audit(&stage, AuditAction::RevokeKey);
        stage.directory.revoke_key(new.key.account, new.key.id, &audit).await.unwrap();
        assert!(stage.auth.authenticate(text).await.is_err());
    }
}
