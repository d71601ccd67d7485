//! From a proof to a principal.

use super::{
    Auth,
    error::{AuthError, TokenFault},
    key_token::{self, KEY_PREFIX, KeyToken},
};
use novacore_access::{Credential, Principal, Subject, User};
use novacore_store::directory::StoredKey;
use novacore_vocab::{Timestamp, UserId};
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// Who calls, and until when the proof holds.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who.
    pub principal: Principal,
    /// When the proof expires, if ever; a stream ends then.
    pub expires_at: Option<Timestamp>,
}

impl Auth {
    /// The caller who shows `bearer`: a JWT, or an API key.
    ///
    /// A user whom a verified JWT names and nobody knows yet is made, on the first tier.
    pub async fn authenticate(&self, bearer: &str) -> Result<Caller, AuthError> {
        if bearer.starts_with(KEY_PREFIX) {
            return self.authenticate_key(bearer).await;
        }
        let now = self.clock.now();
        let said = self.access_tokens.verify(bearer, now)?;
        let unknown = || self.new_user(said.user, said.email.clone(), now);
        let user = self.people.ensure(said.user, unknown).await?;
        let principal = Principal::of_user(user, Credential::Token)?;
        Ok(Caller { principal, expires_at: Some(said.expires_at) })
    }

    /// A service that shows the service token.
    pub fn authenticate_service(&self, service_token: &str) -> Result<Principal, AuthError> {
        let shown = blake3::hash(service_token.as_bytes());
        let right: bool = shown.as_bytes().ct_eq(self.service_token.as_bytes()).into();
        if right { Ok(Principal::service()) } else { Err(AuthError::WrongServiceToken) }
    }

    /// `principal` calling for `user`, whom it names in a header of the call.
    pub async fn act_for(
        &self,
        principal: Principal,
        user: UserId,
    ) -> Result<Principal, AuthError> {
        let subject = self.subject(&principal, Some(user)).await?;
        Ok(principal.acting_for(&subject)?)
    }

    /// The user whom a call of `principal` concerns: the one it names, else the one for whom it
    /// calls.
    ///
    /// A service may name a user nobody knows yet; he is made, on the first tier. What `principal`
    /// may do to the subject is still to be asked.
    pub async fn subject(
        &self,
        principal: &Principal,
        named: Option<UserId>,
    ) -> Result<Subject, AuthError> {
        let Some(id) = named else { return Ok(principal.subject()?) };
        if principal.is_service() {
            let unknown = || self.new_user(id, None, self.clock.now());
            return Ok(self.people.ensure(id, unknown).await?.subject());
        }
        let found = self.people.find(id).await?;
        Ok(found.map_or(Subject::unknown(id), |user| user.subject()))
    }

    /// A user as the store knows him now.
    pub async fn find_user(&self, id: UserId) -> Result<Option<Arc<User>>, AuthError> {
        self.people.find(id).await
    }

    async fn authenticate_key(&self, text: &str) -> Result<Caller, AuthError> {
        let token = key_token::read(text)?;
        let StoredKey { key, hash } = self.find_key(&token).await?.ok_or(TokenFault::Invalid)?;
        if !token.matches(&hash) || key.account != token.account {
            return Err(TokenFault::Invalid.into());
        }
        let now = self.clock.now();
        if key.is_expired(now) {
            return Err(TokenFault::Expired.into());
        }
        let owner = self.people.find(key.account.user).await?.ok_or(TokenFault::Invalid)?;
        let via = Credential::Key { id: key.id, scopes: key.scopes };
        let principal = Principal::of_user(owner, via)?;
        if key.use_is_news(now) {
            self.remember_use(&token, now).await;
        }
        Ok(Caller { principal, expires_at: key.expires_at })
    }

    async fn find_key(&self, token: &KeyToken) -> Result<Option<StoredKey>, AuthError> {
        if let Some(stored) = self.remembered.key(token.id) {
            return Ok(Some(stored));
        }
        let epoch = self.remembered.keys.epoch();
        let found = self.directory.find_key(token.account, token.id).await?;
        if let Some(stored) = &found {
            self.remembered.keys.keep(epoch, token.id, stored.clone());
        }
        Ok(found)
    }

    /// A store that cannot take the note, say because the disk is full, is no reason to turn the
    /// caller away.
    async fn remember_use(&self, token: &KeyToken, now: Timestamp) {
        self.remembered.keys.amend(token.id, |stored| stored.key.last_used_at = Some(now));
        if let Err(error) = self.directory.touch_key(token.account, token.id, now).await {
            tracing::debug!(key.id = %token.id, %error, "did not note the use of a key");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::testing::{Stage, reason, secrets, user};
    use novacore_access::{Denied, Role, Scope};
    use novacore_vocab::TierName;
    use secrecy::ExposeSecret;

    #[tokio::test]
    async fn an_unknown_user_of_a_verified_token_is_made_on_the_first_tier() {
        let stage = Stage::new();
        let elsewhere =
            User { role: Role::Admin, tier: TierName::parse("pro").unwrap(), ..user(7) };
        let token = stage.foreign_token(&elsewhere);
        let caller = stage.auth.authenticate(&token).await.unwrap();
        let made = caller.principal.user().unwrap();
        assert_eq!(
            (made.id, made.role, made.tier.as_str()),
            (user(7).id, Role::Student, "free_trial")
        );
        assert_eq!(made.email, user(7).email);
        assert!(matches!(caller.principal.administer(), Err(Denied::Forbidden(_))));
        assert_eq!(stage.directory.users_count(), 1);
        stage.auth.authenticate(&token).await.unwrap();
        assert_eq!(stage.directory.users_count(), 1);
    }

    #[tokio::test]
    async fn role_tier_and_disabled_are_those_of_now_with_an_old_token() {
        let stage = Stage::new();
        let made = stage.register("ada@example.com").await;
        let id = made.user.id;
        let seen = stage.caller(&made.tokens).await;
        assert_eq!(seen.user().unwrap().tier.as_str(), "free_trial");

        let pro = TierName::parse("pro").unwrap();
        stage.auth.set_tier(stage.console(), id, pro, reason()).await.unwrap();
        stage.auth.set_role(stage.console(), id, Role::Admin, reason()).await.unwrap();
        let seen = stage.caller(&made.tokens).await;
        assert_eq!(seen.user().unwrap().tier.as_str(), "pro");
        assert!(seen.administer().is_ok());

        stage.auth.set_role(stage.console(), id, Role::Student, reason()).await.unwrap();
        assert!(stage.caller(&made.tokens).await.administer().is_err());
        stage.disable(id, true).await;
        let refused = stage.auth.authenticate(made.tokens.access.expose_secret()).await;
        assert!(matches!(refused, Err(AuthError::Denied(Denied::Disabled))));
    }

    #[tokio::test]
    async fn a_token_expires_by_the_composed_clock() {
        let stage = Stage::new();
        let made = stage.register("ada@example.com").await;
        stage.clock.advance_s(904);
        assert!(stage.auth.authenticate(made.tokens.access.expose_secret()).await.is_ok());
        stage.clock.advance_s(1);
        let refused = stage.auth.authenticate(made.tokens.access.expose_secret()).await;
        assert!(matches!(refused, Err(AuthError::Token(TokenFault::Expired))));
    }

    #[tokio::test]
    async fn the_service_token_is_compared_whole() {
        let stage = Stage::new();
        let right = secrets().service_token;
        let right = right.expose_secret();
        assert!(stage.auth.authenticate_service(right).unwrap().is_service());
        for wrong in ["", &right[1..], &format!("{right}x"), secrets().jwt.expose_secret()] {
            let refused = stage.auth.authenticate_service(wrong);
            assert!(matches!(refused, Err(AuthError::WrongServiceToken)), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_service_may_name_a_user_nobody_knows() {
        let stage = Stage::new();
        let service = Principal::service();
        let named = stage.auth.subject(&service, Some(user(3).id)).await.unwrap();
        assert_eq!(named.account(), user(3).account());
        assert!(service.reserve(&named).is_ok());
        let made = stage.auth.find_user(user(3).id).await.unwrap().unwrap();
        assert_eq!((made.email.clone(), made.tier.as_str()), (None, "free_trial"));
        let nobody = stage.auth.subject(&service, None).await;
        assert!(matches!(nobody, Err(AuthError::Denied(Denied::NoSubject))));
        let served = stage.auth.act_for(service, user(3).id).await.unwrap();
        assert_eq!(stage.auth.subject(&served, None).await.unwrap(), named);
    }

    #[tokio::test]
    async fn nobody_else_makes_users_by_naming_them() {
        let stage = Stage::new();
        let made = stage.register("ada@example.com").await;
        let caller = stage.caller(&made.tokens).await;
        let named = stage.auth.subject(&caller, Some(user(3).id)).await.unwrap();
        assert_eq!(caller.read_usage(&named), Err(Denied::NotFound));
        assert_eq!(stage.directory.users_count(), 1);
        let own = stage.auth.subject(&caller, Some(made.user.id)).await.unwrap();
        assert_eq!(own, stage.auth.subject(&caller, None).await.unwrap());
        assert!(caller.read_usage(&own).is_ok());
    }

    #[tokio::test]
    async fn a_key_acts_for_its_organisation_by_scope() {
        let stage = Stage::new();
        let team = novacore_vocab::OrgId(user(50).id.0);
        for number in [51, 52] {
            stage.store(User { org: team, ..user(number) }).await;
        }
        stage.store(user(53)).await;
        let acting = stage.key_of(51, &[Scope::UsageRead, Scope::ActAs]).await;
        let plain = stage.key_of(51, &[Scope::UsageRead]).await;
        let acting = stage.auth.authenticate(&acting).await.unwrap().principal;
        let plain = stage.auth.authenticate(&plain).await.unwrap().principal;

        let for_mate = stage.auth.act_for(acting.clone(), user(52).id).await.unwrap();
        let subject = for_mate.subject().unwrap();
        assert_eq!(subject.account().user, user(52).id);
        assert!(for_mate.read_usage(&subject).is_ok());
        for (principal, id, expected) in [
            (&acting, 53, Denied::NotFound),
            (&acting, 99, Denied::NotFound),
            (&plain, 52, Denied::Forbidden("acting for a user needs the scope act_as")),
            (&plain, 99, Denied::Forbidden("acting for a user needs the scope act_as")),
        ] {
            let refused = stage.auth.act_for(principal.clone(), user(id).id).await;
            assert!(matches!(refused, Err(AuthError::Denied(found)) if found == expected), "{id}");
        }
    }
}
