//! The operator's hold over users: create, list, tier, role, disabled, and the audit log.
//!
//! Invariant: every write names who, what, before, after and why, in the same commit.
//! Not here: whether a tier exists; the caller has looked at the plans.

use super::{Auth, bootstrap::generate_password, error::AuthError, register::email_taken};
use novacore_access::{
    Administer, AuditAction, AuditEntry, Denied, Email, Permit, Reason, Role, User, check_password,
};
use novacore_store::{
    directory::{AuditQuery, AuditRow, Credentials, UserChange, UserQuery},
    error::StoreError,
};
use novacore_vocab::{OrgId, TierName, UserId};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

/// How often a change is tried again after another came between.
const CHANGE_ATTEMPTS_MAX: usize = 4;

/// A user whom an operator makes.
#[derive(Debug)]
pub struct NewUser {
    /// The address.
    pub email: Email,
    /// The password; one is made and shown once if absent.
    pub password: Option<SecretString>,
    /// The role.
    pub role: Role,
    /// The tier.
    pub tier: TierName,
    /// The organisation; the user is his own if absent.
    pub org: Option<OrgId>,
}

/// A user whom an operator has made.
#[derive(Debug)]
pub struct CreatedUser {
    /// The user.
    pub user: User,
    /// The password, if none was given.
    pub generated: Option<SecretString>,
}

/// What a user shall become.
#[derive(Clone, Debug)]
enum Wish {
    Tier(TierName),
    Role(Role),
    Disabled(bool),
}

impl Auth {
    /// Makes a user.
    pub async fn create_user(
        &self,
        permit: Permit<Administer>,
        ask: NewUser,
        reason: Reason,
    ) -> Result<CreatedUser, AuthError> {
        let (password, generated) = match ask.password {
            Some(given) => (given, None),
            None => {
                let made = generate_password()?;
                (made.clone(), Some(made))
            }
        };
        check_password(password.expose_secret())?;
        let password = Some(self.hasher.hash(password).await?);
        let now = self.clock.now();
        let start = self.new_user(self.new_user_id(now)?, Some(ask.email), now);
        let trial_ends_at = start.trial_ends_at.filter(|_| ask.tier == start.tier);
        let org = ask.org.unwrap_or(start.org);
        let user = User { role: ask.role, tier: ask.tier, org, trial_ends_at, ..start };
        let state = json!({"role": user.role.as_str(), "tier": user.tier, "org": user.org});
        let audit = AuditEntry {
            after: Some(state.to_string()),
            ..self.audit(permit, AuditAction::CreateUser, user.id, reason)
        };
        let new = Credentials { user, password };
        self.directory.create_user(&new, Some(&audit)).await.map_err(email_taken)?;
        Ok(CreatedUser { user: new.user, generated })
    }

    /// Sets a user's tier, which must be one that exists. It reaches the gate with the answer,
    /// whatever tokens say.
    pub async fn set_tier(
        &self,
        permit: Permit<Administer>,
        id: UserId,
        tier: TierName,
        reason: Reason,
    ) -> Result<User, AuthError> {
        self.change(permit, id, Wish::Tier(tier), reason).await
    }

    /// Sets a user's role. An administrator cannot demote himself, so that one is left.
    pub async fn set_role(
        &self,
        permit: Permit<Administer>,
        id: UserId,
        role: Role,
        reason: Reason,
    ) -> Result<User, AuthError> {
        self.change(permit, id, Wish::Role(role), reason).await
    }

    /// Shuts or opens an account. An administrator cannot shut himself out.
    pub async fn set_disabled(
        &self,
        permit: Permit<Administer>,
        id: UserId,
        disabled: bool,
        reason: Reason,
    ) -> Result<User, AuthError> {
        self.change(permit, id, Wish::Disabled(disabled), reason).await
    }

    /// Ends all sessions of a user; how many there were.
    pub async fn end_sessions(
        &self,
        permit: Permit<Administer>,
        id: UserId,
        reason: Reason,
    ) -> Result<usize, AuthError> {
        let user = self.people.find(id).await?.ok_or(AuthError::NotFound("user"))?;
        let audit = self.audit(permit, AuditAction::EndSessions, id, reason);
        Ok(self.directory.end_sessions_of(user.account(), Some(&audit)).await?)
    }

    /// A page of users.
    pub async fn list_users(
        &self,
        _permit: Permit<Administer>,
        query: &UserQuery,
    ) -> Result<Vec<User>, AuthError> {
        Ok(self.directory.list_users(query).await?)
    }

    /// A page of the audit log.
    pub async fn list_audit(
        &self,
        _permit: Permit<Administer>,
        query: &AuditQuery,
    ) -> Result<Vec<AuditRow>, AuthError> {
        Ok(self.directory.list_audit(query).await?)
    }

    /// Changes a user from what is stored; what is so already is not written.
    async fn change(
        &self,
        permit: Permit<Administer>,
        id: UserId,
        wish: Wish,
        reason: Reason,
    ) -> Result<User, AuthError> {
        forbid_self_harm(permit, id, &wish)?;
        for _ in 0..CHANGE_ATTEMPTS_MAX {
            let found = self.directory.find_user(id).await?;
            let user = found.ok_or(AuthError::NotFound("user"))?;
            let Some((action, change)) = plan(&user, &wish) else { return Ok(user) };
            let (before, after) = states(&change);
            let audit = AuditEntry {
                before: Some(before.to_string()),
                after: Some(after.to_string()),
                ..self.audit(permit, action, id, reason.clone())
            };
            match self.people.change(id, change, audit).await {
                Err(AuthError::Store(StoreError::Stale(_))) => {}
                done => return done,
            }
        }
        Err(AuthError::Store(StoreError::Overloaded))
    }

    fn audit(
        &self,
        permit: Permit<Administer>,
        action: AuditAction,
        user: UserId,
        reason: Reason,
    ) -> AuditEntry {
        AuditEntry {
            actor: permit.actor(),
            action,
            target: on_user(user),
            before: None,
            after: None,
            reason,
            at: self.clock.now(),
        }
    }
}

/// How the audit log names a user.
pub(super) fn on_user(user: UserId) -> String {
    format!("user:{user}")
}

fn forbid_self_harm(permit: Permit<Administer>, id: UserId, wish: &Wish) -> Result<(), Denied> {
    let harms = match wish {
        Wish::Tier(_) => false,
        Wish::Role(role) => *role != Role::Admin,
        Wish::Disabled(disabled) => *disabled,
    };
    if harms && permit.actor().user() == Some(id) {
        return Err(Denied::Forbidden("an administrator can neither demote nor disable himself"));
    }
    Ok(())
}

/// The change from `user` to what is wished; none if it is so.
fn plan(user: &User, wish: &Wish) -> Option<(AuditAction, UserChange)> {
    match wish.clone() {
        Wish::Tier(to) => (user.tier != to)
            .then(|| (AuditAction::SetTier, UserChange::Tier { from: user.tier.clone(), to })),
        Wish::Role(to) => (user.role != to)
            .then_some((AuditAction::SetRole, UserChange::Role { from: user.role, to })),
        Wish::Disabled(to) => (user.disabled != to).then_some((
            AuditAction::SetDisabled,
            UserChange::Disabled { from: user.disabled, to },
        )),
    }
}

/// The states before and after, for the audit log.
fn states(change: &UserChange) -> (Value, Value) {
    match change {
        UserChange::Tier { from, to } => (json!({"tier": from}), json!({"tier": to})),
        UserChange::Role { from, to } => {
            (json!({"role": from.as_str()}), json!({"role": to.as_str()}))
        }
        UserChange::Disabled { from, to } => (json!({"disabled": from}), json!({"disabled": to})),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::testing::{HERE, Stage, pair, reason, user};
    use novacore_access::Actor;

    #[tokio::test]
    async fn a_change_is_audited_with_who_what_before_after_and_why() {
        let stage = Stage::new();
        stage.store(User { role: Role::Admin, ..user(1) }).await;
        stage.store(user(2)).await;
        let permit = stage.signed_in(user(1).id).await.administer().unwrap();
        let pro = TierName::parse("pro").unwrap();
        let changed = stage.auth.set_tier(permit, user(2).id, pro.clone(), reason()).await.unwrap();
        assert_eq!(changed, User { tier: pro.clone(), ..user(2) });
        // What is so already is no change.
        stage.auth.set_tier(permit, user(2).id, pro, reason()).await.unwrap();
        let expected = AuditEntry {
            actor: Actor::User(user(1).id),
            action: AuditAction::SetTier,
            target: format!("user:{}", user(2).id),
            before: Some(r#"{"tier":"free_trial"}"#.to_owned()),
            after: Some(r#"{"tier":"pro"}"#.to_owned()),
            reason: reason(),
            at: stage.now(),
        };
        assert_eq!(stage.directory.audited(), [expected]);
        let nobody = stage.auth.set_disabled(permit, user(9).id, true, reason()).await;
        assert!(matches!(nobody, Err(AuthError::NotFound("user"))));
    }

    #[tokio::test]
    async fn an_admin_does_not_lock_himself_out() {
        let stage = Stage::new();
        stage.store(User { role: Role::Admin, ..user(1) }).await;
        let permit = stage.signed_in(user(1).id).await.administer().unwrap();
        let id = user(1).id;
        let demoted = stage.auth.set_role(permit, id, Role::Student, reason()).await;
        assert!(matches!(demoted, Err(AuthError::Denied(Denied::Forbidden(_)))));
        let disabled = stage.auth.set_disabled(permit, id, true, reason()).await;
        assert!(matches!(disabled, Err(AuthError::Denied(Denied::Forbidden(_)))));
        let basic = TierName::parse("basic").unwrap();
        assert!(stage.auth.set_tier(permit, id, basic, reason()).await.is_ok());
    }

    #[tokio::test]
    async fn a_change_that_another_came_before_is_judged_anew() {
        let stage = Stage::new();
        stage.store(user(2)).await;
        let pro = TierName::parse("pro").unwrap();
        stage.directory.refuse_changes(3);
        let changed = stage.auth.set_tier(stage.console(), user(2).id, pro.clone(), reason()).await;
        assert_eq!(changed.unwrap().tier, pro);
        stage.directory.refuse_changes(4);
        let basic = TierName::parse("basic").unwrap();
        let tired = stage.auth.set_tier(stage.console(), user(2).id, basic, reason()).await;
        assert!(matches!(tired, Err(AuthError::Store(StoreError::Overloaded))));
    }

    #[tokio::test]
    async fn an_operator_makes_users_of_any_role_and_organisation() {
        let stage = Stage::new();
        let ask = |email: &str| NewUser {
            email: Email::parse(email).unwrap(),
            password: None,
            role: Role::Service,
            tier: TierName::parse("pro").unwrap(),
            org: Some(OrgId(user(50).id.0)),
        };
        let made = stage.auth.create_user(stage.console(), ask("bot@example.com"), reason()).await;
        let CreatedUser { user: made, generated } = made.unwrap();
        assert_eq!((made.role, made.tier.as_str()), (Role::Service, "pro"));
        assert_eq!((made.org.0, made.trial_ends_at), (user(50).id.0, None));
        let password = generated.unwrap();
        let pair = pair("bot@example.com", password.expose_secret());
        assert!(stage.auth.login(pair, HERE).await.is_ok());
        let again = stage.auth.create_user(stage.console(), ask("bot@example.com"), reason()).await;
        assert!(matches!(again, Err(AuthError::EmailTaken)));
        let log = stage.directory.audited();
        assert_eq!(log.len(), 1);
        assert!(!format!("{log:?}").contains(password.expose_secret()));

        let ended = stage.auth.end_sessions(stage.console(), made.id, reason()).await;
        assert_eq!(ended.unwrap(), 1);
        let query =
            UserQuery { search: Some("bot@".to_owned()), rows_max: 10, ..UserQuery::default() };
        let listed = stage.auth.list_users(stage.console(), &query).await.unwrap();
        assert_eq!(listed, [made]);
        let query = AuditQuery { rows_max: 10, ..AuditQuery::default() };
        let log = stage.auth.list_audit(stage.console(), &query).await.unwrap();
        assert_eq!(log[0].entry.action, AuditAction::EndSessions);
    }
}
