//! API keys: create, list, revoke.

use super::{Auth, error::AuthError, key_token};
use novacore_access::{
    Actor, ApiKey, AuditAction, AuditEntry, Denied, KeyAsk, ManageKeys, Permit, Principal, Reason,
};
use novacore_store::{
    directory::{KeyInserted, StoredKey},
    error::StoreError,
};
use novacore_vocab::{KeyId, Timestamp, UserId};
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

/// A key that has just been made.
#[derive(Debug)]
pub struct NewKey {
    /// The key.
    pub key: ApiKey,
    /// Its text, which is shown this once.
    pub text: SecretString,
}

impl Auth {
    /// The right of `principal` to manage the keys of `owner`, or its own.
    pub async fn keys_permit(
        &self,
        principal: &Principal,
        owner: Option<UserId>,
    ) -> Result<Permit<ManageKeys>, AuthError> {
        if let Some(user) = principal.user() {
            // Also when another is named: who may not even manage his own keys does not learn who
            // exists.
            let own = principal.manage_keys(user)?;
            if owner.is_none_or(|owner| owner == user.id) {
                return Ok(own);
            }
        }
        let owner = owner.ok_or(Denied::NoSubject)?;
        let user = self.people.find(owner).await?.ok_or(Denied::NotFound)?;
        Ok(principal.manage_keys(&user)?)
    }

    /// Makes a key. Its text cannot be shown again.
    pub async fn create_key(
        &self,
        permit: Permit<ManageKeys>,
        ask: KeyAsk,
    ) -> Result<NewKey, AuthError> {
        let id = KeyId(Uuid::new_v4());
        let now = self.clock.now();
        let key = permit.new_key(ask, id, key_token::prefix(id), now)?;
        let fresh = key_token::fresh(id, key.account)?;
        let state = json!({
            "user": key.account.user, "name": key.name.as_str(), "scopes": key.scopes.to_string(),
            "expires_at": key.expires_at,
        });
        let mut audit = entry(permit.actor(), AuditAction::CreateKey, id, now)?;
        audit.after = Some(state.to_string());
        let stored = StoredKey { key, hash: fresh.hash };
        match self.directory.insert_key(&stored, &audit).await? {
            KeyInserted::Stored => Ok(NewKey { key: stored.key, text: fresh.text }),
            KeyInserted::TooMany => Err(AuthError::TooManyKeys),
        }
    }

    /// The keys of an account, the newest first.
    pub async fn list_keys(&self, permit: Permit<ManageKeys>) -> Result<Vec<ApiKey>, AuthError> {
        Ok(self.directory.list_keys(permit.account()).await?)
    }

    /// Revokes a key; no call that starts after the answer is let in with it.
    pub async fn revoke_key(&self, permit: Permit<ManageKeys>, id: KeyId) -> Result<(), AuthError> {
        let audit = entry(permit.actor(), AuditAction::RevokeKey, id, self.clock.now())?;
        let (directory, remembered) = (self.directory.clone(), self.remembered.clone());
        // On a task of its own, so that a caller who hangs up does not leave the key remembered.
        let task = tokio::spawn(async move {
            let revoked = directory.revoke_key(permit.account(), id, &audit).await;
            remembered.keys.forget(id);
            revoked
        });
        let joined = task.await.map_err(|error| AuthError::Internal(error.to_string()))?;
        joined.map_err(|error| match error {
            StoreError::NotFound(_) => AuthError::NotFound("API key"),
            other => AuthError::Store(other),
        })
    }
}

fn entry(
    actor: Actor,
    action: AuditAction,
    id: KeyId,
    at: Timestamp,
) -> Result<AuditEntry, AuthError> {
    Ok(AuditEntry {
        actor,
        action,
        target: format!("key:{id}"),
        before: None,
        after: None,
        reason: Reason::parse("asked for by the actor")?,
        at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{
        error::TokenFault,
        testing::{Stage, user},
    };
    use novacore_access::{KEYS_PER_USER_MAX, KeyError, KeyName, Role, Scope, User};
    use secrecy::ExposeSecret;

    fn ask(scopes: &[Scope], expires_at: Option<Timestamp>) -> KeyAsk {
        let name = KeyName::parse("ci").unwrap();
        KeyAsk { name, scopes: scopes.iter().copied().collect(), expires_at }
    }

    #[tokio::test]
    async fn a_key_lets_its_owner_in_until_it_is_revoked() {
        let stage = Stage::new();
        let made = stage.register("ada@example.com").await;
        let caller = stage.caller(&made.tokens).await;
        let permit = stage.auth.keys_permit(&caller, None).await.unwrap();
        let new = stage.auth.create_key(permit, ask(&[Scope::UsageRead], None)).await.unwrap();
        let text = new.text.expose_secret();
        assert!(text.starts_with(&new.key.prefix));
        assert!(text.contains(&made.user.id.0.simple().to_string()));

        let by_key = stage.auth.authenticate(text).await.unwrap();
        assert_eq!(by_key.expires_at, None);
        assert_eq!(by_key.principal.user(), Some(&*made.user));
        let own = by_key.principal.subject().unwrap();
        assert!(by_key.principal.read_usage(&own).is_ok());
        assert!(by_key.principal.reserve(&own).is_err());
        let by_key = stage.auth.keys_permit(&by_key.principal, None).await;
        assert!(matches!(by_key, Err(AuthError::Denied(Denied::Forbidden(_)))));

        stage.auth.revoke_key(permit, new.key.id).await.unwrap();
        let refused = stage.auth.authenticate(text).await;
        assert!(matches!(refused, Err(AuthError::Token(TokenFault::Invalid))));
        assert!(stage.auth.list_keys(permit).await.unwrap().is_empty());
        let again = stage.auth.revoke_key(permit, new.key.id).await;
        assert!(matches!(again, Err(AuthError::NotFound("API key"))));
        let log = stage.directory.audited();
        let actions: Vec<AuditAction> = log.iter().map(|entry| entry.action).collect();
        assert_eq!(actions, [AuditAction::CreateKey, AuditAction::RevokeKey]);
        let secret = text.rsplit('_').next().unwrap();
        assert!(!format!("{log:?}").contains(secret));
    }

    #[tokio::test]
    async fn a_key_with_another_secret_or_account_is_refused() {
        let stage = Stage::new();
        stage.store(user(1)).await;
        stage.store(user(2)).await;
        let one = stage.key_of(1, &[Scope::UsageRead]).await;
        let two = stage.key_of(2, &[Scope::UsageRead]).await;
        let (one_parts, two_parts): (Vec<&str>, Vec<&str>) =
            (one.split('_').collect(), two.split('_').collect());
        assert!(stage.auth.authenticate(&one).await.is_ok());
        for part in 1..4 {
            let mut mixed = one_parts.clone();
            mixed[part] = two_parts[part];
            let refused = stage.auth.authenticate(&mixed.join("_")).await;
            assert!(matches!(refused, Err(AuthError::Token(TokenFault::Invalid))), "part {part}");
        }
        let refused = stage.auth.authenticate("nvc_nonsense").await;
        assert!(matches!(refused, Err(AuthError::Token(TokenFault::Malformed))));
    }

    #[tokio::test]
    async fn a_key_expires() {
        let stage = Stage::new();
        let made = stage.register("ada@example.com").await;
        let caller = stage.caller(&made.tokens).await;
        let permit = stage.auth.keys_permit(&caller, None).await.unwrap();
        let end = stage.now().plus_seconds(60);
        let new = stage.auth.create_key(permit, ask(&[Scope::UsageRead], Some(end))).await.unwrap();
        let text = new.text.expose_secret();
        stage.clock.advance_s(59);
        assert_eq!(stage.auth.authenticate(text).await.unwrap().expires_at, Some(end));
        stage.clock.advance_s(1);
        let refused = stage.auth.authenticate(text).await;
        assert!(matches!(refused, Err(AuthError::Token(TokenFault::Expired))));
    }

    #[tokio::test]
    async fn the_keys_of_a_disabled_user_are_shut_too() {
        let stage = Stage::new();
        stage.store(user(1)).await;
        let text = stage.key_of(1, &[Scope::UsageRead]).await;
        assert!(stage.auth.authenticate(&text).await.is_ok());
        stage.disable(user(1).id, true).await;
        let refused = stage.auth.authenticate(&text).await;
        assert!(matches!(refused, Err(AuthError::Denied(Denied::Disabled))));
    }

    #[tokio::test]
    async fn an_end_user_cannot_give_himself_the_right_to_write() {
        let stage = Stage::new();
        let made = stage.register("ada@example.com").await;
        let caller = stage.caller(&made.tokens).await;
        let permit = stage.auth.keys_permit(&caller, None).await.unwrap();
        let refused = stage.auth.create_key(permit, ask(&[Scope::UsageWrite], None)).await;
        let expected = KeyError::NotGrantable(Scope::UsageWrite);
        assert!(matches!(refused, Err(AuthError::Key(found)) if found == expected));
        // The operator can give it to him.
        let id = Some(made.user.id);
        let permit = stage.auth.keys_permit(&Principal::console(), id).await.unwrap();
        let new = stage.auth.create_key(permit, ask(&[Scope::UsageWrite], None)).await.unwrap();
        let by_key = stage.auth.authenticate(new.text.expose_secret()).await.unwrap();
        let own = by_key.principal.subject().unwrap();
        assert!(by_key.principal.reserve(&own).is_ok());
    }

    #[tokio::test]
    async fn only_an_admin_manages_the_keys_of_others() {
        let stage = Stage::new();
        let ada = stage.register("ada@example.com").await;
        let bob = stage.register("bob@example.com").await;
        let caller = stage.caller(&ada.tokens).await;
        for other in [bob.user.id, user(99).id] {
            let refused = stage.auth.keys_permit(&caller, Some(other)).await;
            assert!(matches!(refused, Err(AuthError::Denied(Denied::NotFound))));
        }
        let service = stage.auth.keys_permit(&Principal::service(), Some(bob.user.id)).await;
        assert!(matches!(service, Err(AuthError::Denied(Denied::Forbidden(_)))));
        stage.store(User { role: Role::Admin, ..user(1) }).await;
        let admin = stage.signed_in(user(1).id).await;
        let permit = stage.auth.keys_permit(&admin, Some(bob.user.id)).await.unwrap();
        assert_eq!(permit.account(), bob.user.account());
    }

    #[tokio::test]
    async fn a_user_has_so_many_keys_and_no_more() {
        let stage = Stage::new();
        stage.store(user(1)).await;
        for _ in 0..KEYS_PER_USER_MAX {
            stage.key_of(1, &[Scope::UsageRead]).await;
        }
        let owner = Some(user(1).id);
        let permit = stage.auth.keys_permit(&Principal::console(), owner).await.unwrap();
        let refused = stage.auth.create_key(permit, ask(&[Scope::Llm], None)).await;
        assert!(matches!(refused, Err(AuthError::TooManyKeys)));
    }

    #[tokio::test]
    async fn uses_are_noted_once_an_hour() {
        let stage = Stage::new();
        stage.store(user(1)).await;
        let text = stage.key_of(1, &[Scope::UsageRead]).await;
        for (step_s, touches) in [(0, 1), (1, 1), (3_598, 1), (1, 2), (10, 2)] {
            stage.clock.advance_s(step_s);
            stage.auth.authenticate(&text).await.unwrap();
            assert_eq!(stage.directory.touches(), touches);
        }
    }
}
