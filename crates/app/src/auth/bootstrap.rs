//! The first administrator.

use super::{Auth, error::AuthError, random_bytes, register::email_taken};
use novacore_access::{Actor, AuditAction, AuditEntry, Email, Reason, Role, User, check_password};
use novacore_store::directory::Credentials;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::administer::on_user;

/// What became of the wish for a first administrator.
#[derive(Debug)]
pub enum FirstAdmin {
    /// There is one already; nothing was done.
    Exists,
    /// He was made.
    Created {
        /// The administrator.
        user: User,
        /// His password, if none was given: shown once and stored nowhere.
        generated: Option<SecretString>,
    },
}

/// Characters that are not mistaken for each other: Crockford's alphabet, 5 bits each.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl Auth {
    /// Makes an administrator unless there is one; with a password of our own if `password` is
    /// none.
    ///
    /// An address that belongs to another user is an error, since the operator would take that user
    /// for the one made.
    pub async fn ensure_first_admin(
        &self,
        email: Email,
        password: Option<SecretString>,
    ) -> Result<FirstAdmin, AuthError> {
        if self.directory.has_admin().await? {
            return Ok(FirstAdmin::Exists);
        }
        let (password, generated) = match password {
            Some(given) => (given, None),
            None => {
                let made = generate_password()?;
                (made.clone(), Some(made))
            }
        };
        check_password(password.expose_secret())?;
        let hash = self.hasher.hash(password).await?;
        let now = self.clock.now();
        let start = self.new_user(self.new_user_id(now)?, Some(email), now);
        let user = User { role: Role::Admin, trial_ends_at: None, ..start };
        let audit = AuditEntry {
            actor: Actor::Console,
            action: AuditAction::CreateUser,
            target: on_user(user.id),
            before: None,
            after: Some(json!({"role": user.role.as_str()}).to_string()),
            reason: Reason::parse("the first administrator")?,
            at: now,
        };
        let new = Credentials { user, password: Some(hash) };
        let made = self.directory.create_first_admin(&new, &audit).await.map_err(email_taken)?;
        Ok(if made {
            FirstAdmin::Created { user: new.user, generated }
        } else {
            FirstAdmin::Exists
        })
    }
}

/// 100 random bits in four groups, easy to copy by hand.
pub(super) fn generate_password() -> Result<SecretString, AuthError> {
    let random: [u8; 20] = random_bytes()?;
    let chars: Vec<char> =
        random.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect();
    let groups: Vec<String> = chars.chunks(5).map(|group| group.iter().collect()).collect();
    Ok(SecretString::from(groups.join("-")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::testing::{HERE, Stage, pair};

    fn root() -> Email {
        Email::parse("root@example.com").unwrap()
    }

    #[tokio::test]
    async fn the_first_admin_signs_in_with_the_password_shown_once() {
        let stage = Stage::new();
        let made = stage.auth.ensure_first_admin(root(), None).await.unwrap();
        let FirstAdmin::Created { user, generated: Some(password) } = made else {
            panic!("{made:?}")
        };
        assert_eq!(user.role, Role::Admin);
        assert_eq!(password.expose_secret().len(), 23);
        let shown = format!("{password:?}");
        assert!(!shown.contains(password.expose_secret()));
        let signed_in =
            stage.auth.login(pair("root@example.com", password.expose_secret()), HERE).await;
        let caller = stage.caller(&signed_in.unwrap().tokens).await;
        assert!(caller.administer().is_ok());

        let again = stage.auth.ensure_first_admin(root(), None).await.unwrap();
        assert!(matches!(again, FirstAdmin::Exists));
        assert_eq!(stage.directory.users_count(), 1);
        assert_eq!(stage.directory.audited().len(), 1);
    }

    #[tokio::test]
    async fn a_given_password_is_used_and_judged() {
        let stage = Stage::new();
        let short = stage.auth.ensure_first_admin(root(), Some("short".into())).await;
        assert!(matches!(short, Err(AuthError::Password(_))));
        let given = Some("battery staple".into());
        let made = stage.auth.ensure_first_admin(root(), given).await.unwrap();
        assert!(matches!(made, FirstAdmin::Created { generated: None, .. }));
        let signed_in = stage.auth.login(pair("root@example.com", "battery staple"), HERE).await;
        assert!(signed_in.is_ok());
    }

    #[tokio::test]
    async fn an_address_of_another_is_no_admins() {
        let stage = Stage::new();
        stage.register("root@example.com").await;
        let taken = stage.auth.ensure_first_admin(root(), None).await;
        assert!(matches!(taken, Err(AuthError::EmailTaken)));
    }

    #[test]
    fn generated_passwords_differ() {
        let [one, two] = [0, 1].map(|_| generate_password().unwrap());
        assert_ne!(one.expose_secret(), two.expose_secret());
        check_password(one.expose_secret()).unwrap();
    }
}
