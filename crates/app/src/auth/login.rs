//! Signing in with address and password.

use super::{Auth, SignedIn, error::AuthError, register::EmailAndPassword};
use novacore_access::{Denied, Email, PASSWORD_BYTES_MAX};
use secrecy::ExposeSecret;
use std::{net::IpAddr, sync::Arc};

impl Auth {
    /// Signs a user in.
    ///
    /// What is no address, an unknown address, a user without password and a wrong password are one
    /// answer, and take one hash each.
    pub async fn login(&self, ask: EmailAndPassword, from: IpAddr) -> Result<SignedIn, AuthError> {
        if ask.password.expose_secret().len() > PASSWORD_BYTES_MAX {
            return Err(AuthError::WrongCredentials);
        }
        let email = Email::parse(&ask.email).map_err(|_| AuthError::WrongCredentials)?;
        self.attempts.login(from, &email)?;
        let found = self.directory.find_credentials(&email).await?;
        let stored = found.as_ref().and_then(|known| known.password.clone());
        let right = self.hasher.verify(ask.password, stored).await?;
        let user = found.filter(|_| right).ok_or(AuthError::WrongCredentials)?.user;
        if user.disabled {
            return Err(Denied::Disabled.into());
        }
        self.sign_in(Arc::new(user)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::testing::{HERE, Stage, pair};

    #[tokio::test]
    async fn the_right_pair_signs_in_and_every_other_is_wrong_alike() {
        let stage = Stage::new();
        let made = stage.register("ada@example.com").await;
        let provisioned = stage.provision(7, "pat@example.com").await;
        assert!(provisioned.email.is_some());
        let signed_in = stage.auth.login(pair(" ADA@example.com ", "correct horse"), HERE).await;
        assert_eq!(signed_in.unwrap().user, made.user);
        for (email, password) in [
            ("ada@example.com", "wrong horse!"),
            ("ada@example.com", ""),
            ("ada@example.com", &*"x".repeat(1_025)),
            ("eve@example.com", "correct horse"),
            ("pat@example.com", "correct horse"),
            ("no address", "correct horse"),
            ("", ""),
        ] {
            let refused = stage.auth.login(pair(email, password), HERE).await;
            assert!(matches!(refused, Err(AuthError::WrongCredentials)), "{email} {password}");
        }
    }

    #[tokio::test]
    async fn a_disabled_user_is_told_so_only_with_the_right_password() {
        let stage = Stage::new();
        let made = stage.register("ada@example.com").await;
        stage.disable(made.user.id, true).await;
        let right = stage.auth.login(pair("ada@example.com", "correct horse"), HERE).await;
        assert!(matches!(right, Err(AuthError::Denied(Denied::Disabled))));
        let wrong = stage.auth.login(pair("ada@example.com", "wrong horse!"), HERE).await;
        assert!(matches!(wrong, Err(AuthError::WrongCredentials)));
    }

    #[tokio::test]
    async fn guesses_at_one_account_are_limited_from_wherever() {
        let stage = Stage::new();
        stage.register("ada@example.com").await;
        for number in 1..=10 {
            let from = IpAddr::from([192, 0, 2, number]);
            let guess = stage.auth.login(pair("ada@example.com", "wrong horse!"), from).await;
            assert!(matches!(guess, Err(AuthError::WrongCredentials)));
        }
        let from = IpAddr::from([192, 0, 2, 99]);
        let refused = stage.auth.login(pair("ADA@example.com", "correct horse"), from).await;
        assert!(matches!(refused, Err(AuthError::TooManyAttempts { retry_after_s: 10 })));
        stage.clock.advance_s(10);
        assert!(stage.auth.login(pair("ada@example.com", "correct horse"), from).await.is_ok());
    }
}
