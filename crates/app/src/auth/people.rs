//! Users by id, from memory where possible.
//!
//! Invariant: every change of a user goes through [`People::change`], which forgets what was
//! remembered.
//! Not here: who may look.

use super::{error::AuthError, remembered::Remembered};
use novacore_access::{AuditEntry, User};
use novacore_store::{
    directory::{Directory, UserChange},
    error::StoreError,
};
use novacore_vocab::UserId;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct People {
    directory: Arc<dyn Directory>,
    remembered: Arc<Remembered>,
}

impl People {
    pub(super) fn new(directory: Arc<dyn Directory>, remembered: Arc<Remembered>) -> People {
        People { directory, remembered }
    }

    /// The user of this id.
    pub(super) async fn find(&self, id: UserId) -> Result<Option<Arc<User>>, AuthError> {
        if let Some(user) = self.remembered.user(id) {
            return Ok(Some(user));
        }
        let epoch = self.remembered.users.epoch();
        let found = self.directory.find_user(id).await?.map(Arc::new);
        if let Some(user) = &found {
            self.remembered.users.keep(epoch, id, user.clone());
        }
        Ok(found)
    }

    /// The user of `unknown`'s id, made like `unknown` if there is none.
    pub(super) async fn ensure(
        &self,
        id: UserId,
        unknown: impl FnOnce() -> User,
    ) -> Result<Arc<User>, AuthError> {
        if let Some(user) = self.find(id).await? {
            return Ok(user);
        }
        let ensured = self.directory.ensure_user(&unknown()).await?;
        if ensured.created {
            tracing::info!(user.id = %id, "provisioned user {id}");
        }
        Ok(Arc::new(ensured.user))
    }

    /// Changes a user, and forgets him whatever comes of it.
    ///
    /// On a task of its own: a caller who hangs up drops his future, and if that happened between
    /// the commit and the forgetting, a demoted administrator would be remembered as one.
    pub(super) async fn change(
        self: &Arc<People>,
        id: UserId,
        change: UserChange,
        audit: AuditEntry,
    ) -> Result<User, AuthError> {
        let people = self.clone();
        let task = tokio::spawn(async move {
            let changed = people.directory.change_user(id, &change, &audit).await;
            people.remembered.users.forget(id);
            changed
        });
        let joined = task.await.map_err(|error| AuthError::Internal(error.to_string()))?;
        joined.map_err(|error| match error {
            StoreError::NotFound(_) => AuthError::NotFound("user"),
            other => AuthError::Store(other),
        })
    }
}
