//! Changing one's password.

use super::{Auth, SignedIn, administer::on_user, error::AuthError};
use novacore_access::{
    AuditAction, AuditEntry, Denied, ManageSelf, PASSWORD_BYTES_MAX, Permit, Reason, check_password,
};
use secrecy::{ExposeSecret, SecretString};
use std::{net::IpAddr, sync::Arc};

/// The password that was, and the one that shall be.
#[derive(Debug)]
pub struct PasswordChange {
    /// What signs in now.
    pub current: SecretString,
    /// What shall.
    pub new: SecretString,
}

impl Auth {
    /// Replaces the caller's password, ends all his sessions, and opens one for the caller.
    ///
    /// Counted like a login, since it tells whether a password is right.
    pub async fn change_password(
        &self,
        permit: Permit<ManageSelf>,
        change: PasswordChange,
        from: IpAddr,
    ) -> Result<SignedIn, AuthError> {
        check_password(change.new.expose_secret())?;
        if change.current.expose_secret().len() > PASSWORD_BYTES_MAX {
            return Err(AuthError::WrongCredentials);
        }
        let account = permit.account();
        let user = self.people.find(account.user).await?.ok_or(Denied::NotFound)?;
        let email = user.email.as_ref().ok_or(AuthError::WrongCredentials)?;
        self.attempts.login(from, email)?;
        let found = self.directory.find_credentials(email).await?;
        let known = found.filter(|known| known.user.id == account.user);
        let stored = known.and_then(|known| known.password);
        if !self.hasher.verify(change.current, stored).await? {
            return Err(AuthError::WrongCredentials);
        }
        let hash = self.hasher.hash(change.new).await?;
        let audit = AuditEntry {
            actor: permit.actor(),
            action: AuditAction::SetPassword,
            target: on_user(account.user),
            before: None,
            after: None,
            reason: Reason::parse("asked for by the user")?,
            at: self.clock.now(),
        };
        self.directory.set_password(account, &hash, &audit).await?;
        self.sign_in(Arc::clone(&user)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::testing::{HERE, Stage, pair};

    fn change(current: &str, new: &str) -> PasswordChange {
        PasswordChange { current: current.into(), new: new.into() }
    }

    #[tokio::test]
    async fn a_new_password_replaces_the_old_and_ends_what_it_had_opened() {
        let stage = Stage::new();
        let made = stage.register("ada@example.com").await;
        let permit = stage.caller(&made.tokens).await.manage_self().unwrap();
        let wrong =
            stage.auth.change_password(permit, change("wrong horse!", "battery staple"), HERE);
        assert!(matches!(wrong.await, Err(AuthError::WrongCredentials)));
        let short = stage.auth.change_password(permit, change("correct horse", "short"), HERE);
        assert!(matches!(short.await, Err(AuthError::Password(_))));

        let right =
            stage.auth.change_password(permit, change("correct horse", "battery staple"), HERE);
        let fresh = right.await.unwrap().tokens;
        assert!(stage.auth.refresh(made.tokens.refresh.expose_secret()).await.is_err());
        assert!(stage.auth.refresh(fresh.refresh.expose_secret()).await.is_ok());
        let old = stage.auth.login(pair("ada@example.com", "correct horse"), HERE).await;
        assert!(matches!(old, Err(AuthError::WrongCredentials)));
        let new = stage.auth.login(pair("ada@example.com", "battery staple"), HERE).await;
        assert!(new.is_ok());
    }
}
