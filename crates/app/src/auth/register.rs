//! Registration.

use super::{Auth, SignedIn, error::AuthError};
use novacore_access::{Email, Role, User, check_password};
use novacore_store::{directory::Credentials, error::StoreError};
use novacore_vocab::{OrgId, Timestamp, UserId};
use secrecy::{ExposeSecret, SecretString};
use std::{net::IpAddr, sync::Arc};

/// An address and a password, as sent by a client.
#[derive(Debug)]
pub struct EmailAndPassword {
    /// The address, not yet parsed.
    pub email: String,
    /// The password.
    pub password: SecretString,
}

impl Auth {
    /// Makes a personal user on the first tier and signs him in.
    pub async fn register(
        &self,
        ask: EmailAndPassword,
        from: IpAddr,
    ) -> Result<SignedIn, AuthError> {
        let email = Email::parse(&ask.email)?;
        check_password(ask.password.expose_secret())?;
        self.attempts.register(from)?;
        let password = Some(self.hasher.hash(ask.password).await?);
        let now = self.clock.now();
        let user = self.new_user(self.new_user_id(now)?, Some(email), now);
        let new = Credentials { user, password };
        self.directory.create_user(&new, None).await.map_err(email_taken)?;
        tracing::info!(user.id = %new.user.id, "registered user {}", new.user.id);
        self.sign_in(Arc::new(new.user)).await
    }

    /// A personal user as everyone starts.
    pub(super) fn new_user(&self, id: UserId, email: Option<Email>, now: Timestamp) -> User {
        User {
            id,
            org: OrgId(id.0),
            email,
            role: Role::Student,
            tier: self.options.first_tier.clone(),
            disabled: false,
            trial_ends_at: Some(now.plus_days(self.options.trial_days)),
            created_at: now,
        }
    }
}

/// The store's word that an address is taken, as ours.
pub(super) fn email_taken(error: StoreError) -> AuthError {
    match error {
        StoreError::Taken { field: "email" } => AuthError::EmailTaken,
        other => AuthError::Store(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{
        error::TokenFault,
        testing::{HERE, Stage, pair},
    };
    use novacore_access::{EmailError, PasswordError};

    #[tokio::test]
    async fn a_new_user_is_on_trial_and_signed_in() {
        let stage = Stage::new();
        let made =
            stage.auth.register(pair("Ada@Example.com", "correct horse"), HERE).await.unwrap();
        let user = &*made.user;
        assert_eq!(user.email, Email::parse("ada@example.com").ok());
        assert_eq!(user.org.0, user.id.0);
        assert_eq!(user.id.0.get_version_num(), 7);
        assert_eq!((user.role, user.tier.as_str()), (Role::Student, "free_trial"));
        assert_eq!(user.trial_ends_at, Some(stage.now().plus_days(14)));
        let bearer = made.tokens.access.expose_secret();
        let caller = stage.auth.authenticate(bearer).await.unwrap();
        assert_eq!(caller.principal.user(), Some(user));
        assert_eq!(caller.expires_at, Some(stage.now().plus_seconds(900)));
    }

    #[tokio::test]
    async fn what_is_no_address_or_password_is_named() {
        let stage = Stage::new();
        let ask = pair("ada", "correct horse");
        let refused = stage.auth.register(ask, HERE).await;
        assert!(matches!(refused, Err(AuthError::Email(EmailError))));
        for (password, why) in
            [("short", PasswordError::TooShort), (&*"x".repeat(1_025), PasswordError::TooLong)]
        {
            let refused = stage.auth.register(pair("ada@example.com", password), HERE).await;
            assert!(matches!(refused, Err(AuthError::Password(found)) if found == why));
        }
        assert_eq!(stage.directory.users_count(), 0);
    }

    #[tokio::test]
    async fn an_address_registers_once_whatever_its_case() {
        let stage = Stage::new();
        stage.register("ada@example.com").await;
        let again = stage.auth.register(pair("ADA@example.com", "other horse"), HERE).await;
        assert!(matches!(again, Err(AuthError::EmailTaken)));
    }

    #[tokio::test]
    async fn registrations_from_one_address_are_limited() {
        let stage = Stage::new();
        let mut last = Ok(());
        for number in 0..21 {
            let ask = pair(&format!("u{number}@example.com"), "correct horse");
            last = stage.auth.register(ask, HERE).await.map(|_| ());
        }
        assert!(matches!(last, Err(AuthError::TooManyAttempts { retry_after_s: 10 })));
        assert_eq!(stage.directory.users_count(), 20);
        stage.clock.advance_s(10);
        let ask = pair("late@example.com", "correct horse");
        assert!(stage.auth.register(ask, HERE).await.is_ok());
    }

    #[tokio::test]
    async fn a_session_opened_by_registering_can_be_refreshed() {
        let stage = Stage::new();
        let made = stage.register("ada@example.com").await;
        let tokens = stage.auth.refresh(made.tokens.refresh.expose_secret()).await.unwrap();
        assert!(stage.auth.authenticate(tokens.access.expose_secret()).await.is_ok());
        let refresh_as_bearer = stage.auth.authenticate(tokens.refresh.expose_secret()).await;
        assert!(matches!(refresh_as_bearer, Err(AuthError::Token(TokenFault::Malformed))));
    }
}
