//! Users, sessions, keys and the audit log.

use super::{Kept, Memory};
use async_trait::async_trait;
use novacore_access::{
    ApiKey, AuditEntry, Email, Generation, KEYS_PER_USER_MAX, PasswordHash, Role,
    SESSIONS_PER_USER_MAX, Session, User,
};
use novacore_store::{
    changes::{Changes, Forgets, Outdated},
    directory::{
        ApiKeys, AuditLog, AuditQuery, AuditRow, AuditSeq, Credentials, DIRECTORY_PAGE_ROWS_MAX,
        Ensured, KeyInserted, Sessions, StoredKey, UserChange, UserQuery, Users,
    },
    error::StoreError,
};
use novacore_vocab::{Account, KeyId, SessionId, Timestamp, UserId};
use std::{cmp::Reverse, sync::Arc};

impl Kept {
    fn owner_of(&self, email: &Email) -> Option<&Credentials> {
        self.users.values().find(|known| known.user.email.as_ref() == Some(email))
    }

    fn insert_user(
        &mut self,
        new: &Credentials,
        audit: Option<&AuditEntry>,
    ) -> Result<(), StoreError> {
        if self.users.contains_key(&new.user.id) {
            return Err(StoreError::Taken { field: "id" });
        }
        if new.user.email.as_ref().is_some_and(|email| self.owner_of(email).is_some()) {
            return Err(StoreError::Taken { field: "email" });
        }
        self.users.insert(new.user.id, new.clone());
        self.audit.extend(audit.cloned());
        Ok(())
    }

    fn has_admin(&self) -> bool {
        self.users.values().any(|known| known.user.role == Role::Admin && !known.user.disabled)
    }

    fn sessions_of(&self, account: Account) -> Vec<Session> {
        let own = self.sessions.values().filter(|session| session.account == account);
        let mut own: Vec<Session> = own.copied().collect();
        own.sort_by_key(|session| (Reverse(session.rotated_at), session.id));
        own
    }
}

#[async_trait]
impl Users for Memory {
    async fn create_user(
        &self,
        new: &Credentials,
        audit: Option<&AuditEntry>,
    ) -> Result<(), StoreError> {
        self.kept().insert_user(new, audit)
    }

    async fn has_admin(&self) -> Result<bool, StoreError> {
        Ok(self.kept().has_admin())
    }

    async fn create_first_admin(
        &self,
        new: &Credentials,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let mut kept = self.kept();
        if kept.has_admin() {
            return Ok(false);
        }
        kept.insert_user(new, Some(audit)).map(|()| true)
    }

    async fn ensure_user(&self, unknown: &User) -> Result<Ensured, StoreError> {
        let mut kept = self.kept();
        if let Some(known) = kept.users.get(&unknown.id) {
            return Ok(Ensured { user: known.user.clone(), created: false });
        }
        let mut user = unknown.clone();
        if user.email.as_ref().is_some_and(|email| kept.owner_of(email).is_some()) {
            user.email = None;
        }
        let new = Credentials { user: user.clone(), password: None };
        kept.insert_user(&new, None)?;
        Ok(Ensured { user, created: true })
    }

    async fn find_user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.kept().users.get(&id).map(|known| known.user.clone()))
    }

    async fn find_credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        Ok(self.kept().owner_of(email).cloned())
    }

    async fn change_user(
        &self,
        id: UserId,
        change: &UserChange,
        audit: &AuditEntry,
    ) -> Result<User, StoreError> {
        let mut kept = self.kept();
        if kept.stage.changes_to_refuse > 0 {
            kept.stage.changes_to_refuse -= 1;
            return Err(StoreError::Stale("user"));
        }
        let known = kept.users.get_mut(&id).ok_or(StoreError::NotFound("user"))?;
        let is_as_read = match change {
            UserChange::Tier { from, .. } => known.user.tier == *from,
            UserChange::Role { from, .. } => known.user.role == *from,
            UserChange::Disabled { from, .. } => known.user.disabled == *from,
        };
        if !is_as_read {
            return Err(StoreError::Stale("user"));
        }
        match change {
            UserChange::Tier { to, .. } => known.user.tier = to.clone(),
            UserChange::Role { to, .. } => known.user.role = *to,
            UserChange::Disabled { to, .. } => known.user.disabled = *to,
        }
        let user = known.user.clone();
        if let Some(state) = kept.book.state_mut(id) {
            state.profile.tier = user.tier.clone();
        }
        kept.audit.push(audit.clone());
        self.tell(&kept, Outdated::User(id));
        Ok(user)
    }

    async fn set_password(
        &self,
        account: Account,
        password: &PasswordHash,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut kept = self.kept();
        let known = kept.users.get_mut(&account.user).ok_or(StoreError::NotFound("user"))?;
        known.password = Some(password.clone());
        kept.sessions.retain(|(owner, _), _| *owner != account);
        kept.audit.push(audit.clone());
        Ok(())
    }

    async fn list_users(&self, query: &UserQuery) -> Result<Vec<User>, StoreError> {
        let kept = self.kept();
        let wanted = query.search.as_ref().map(|text| text.to_lowercase());
        let matches = |user: &User| {
            let Some(text) = &wanted else { return true };
            let email = user.email.as_ref().map_or("", |email| email.as_str());
            email.to_lowercase().contains(text) || user.id.to_string().contains(text)
        };
        let users = kept.users.values().map(|known| &known.user);
        let later = users.filter(|user| query.after.is_none_or(|after| user.id > after));
        let later = later.filter(|user| query.tier.as_ref().is_none_or(|tier| user.tier == *tier));
        let rows_max = query.rows_max.min(DIRECTORY_PAGE_ROWS_MAX);
        Ok(later.filter(|user| matches(user)).take(rows_max).cloned().collect())
    }
}

#[async_trait]
impl Sessions for Memory {
    async fn insert_session(&self, session: &Session) -> Result<(), StoreError> {
        let mut kept = self.kept();
        let (account, now) = (session.account, session.created_at);
        kept.sessions.retain(|(owner, _), old| *owner != account || old.expires_at > now);
        for old in kept.sessions_of(account).iter().skip(SESSIONS_PER_USER_MAX - 1) {
            kept.sessions.remove(&(account, old.id));
        }
        kept.sessions.insert((account, session.id), *session);
        Ok(())
    }

    async fn find_session(
        &self,
        account: Account,
        id: SessionId,
    ) -> Result<Option<Session>, StoreError> {
        let (found, gate) = {
            let mut kept = self.kept();
            (kept.sessions.get(&(account, id)).copied(), kept.stage.pass_gate())
        };
        if let Some(barrier) = gate {
            barrier.wait().await;
        }
        Ok(found)
    }

    async fn advance_session(&self, from: Generation, to: &Session) -> Result<(), StoreError> {
        let mut kept = self.kept();
        let stored = kept.sessions.get_mut(&(to.account, to.id));
        let stored = stored.ok_or(StoreError::NotFound("session"))?;
        if stored.generation != from {
            kept.stage.advances_refused += 1;
            return Err(StoreError::Stale("session"));
        }
        *stored = *to;
        Ok(())
    }

    async fn end_session(&self, account: Account, id: SessionId) -> Result<(), StoreError> {
        self.kept().sessions.remove(&(account, id));
        Ok(())
    }

    async fn end_sessions_of(
        &self,
        account: Account,
        audit: Option<&AuditEntry>,
    ) -> Result<usize, StoreError> {
        let mut kept = self.kept();
        let before = kept.sessions.len();
        kept.sessions.retain(|(owner, _), _| *owner != account);
        kept.audit.extend(audit.cloned());
        Ok(before - kept.sessions.len())
    }

    async fn list_sessions(&self, account: Account) -> Result<Vec<Session>, StoreError> {
        Ok(self.kept().sessions_of(account))
    }
}

#[async_trait]
impl ApiKeys for Memory {
    async fn insert_key(
        &self,
        new: &StoredKey,
        audit: &AuditEntry,
    ) -> Result<KeyInserted, StoreError> {
        let mut kept = self.kept();
        let account = new.key.account;
        let own = kept.keys.keys().filter(|(owner, _)| *owner == account).count();
        if own >= KEYS_PER_USER_MAX {
            return Ok(KeyInserted::TooMany);
        }
        kept.keys_made += 1;
        let number = kept.keys_made;
        kept.keys.insert((account, new.key.id), (number, new.clone()));
        kept.audit.push(audit.clone());
        Ok(KeyInserted::Stored)
    }

    async fn find_key(&self, account: Account, id: KeyId) -> Result<Option<StoredKey>, StoreError> {
        Ok(self.kept().keys.get(&(account, id)).map(|(_, stored)| stored.clone()))
    }

    async fn list_keys(&self, account: Account) -> Result<Vec<ApiKey>, StoreError> {
        let kept = self.kept();
        let own = kept.keys.iter().filter(|((owner, _), _)| *owner == account);
        let mut own: Vec<_> = own.map(|(_, (number, stored))| (*number, &stored.key)).collect();
        own.sort_by_key(|(number, key)| (Reverse(key.created_at), Reverse(*number)));
        Ok(own.into_iter().map(|(_, key)| key.clone()).collect())
    }

    async fn revoke_key(
        &self,
        account: Account,
        id: KeyId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut kept = self.kept();
        kept.keys.remove(&(account, id)).ok_or(StoreError::NotFound("key"))?;
        kept.audit.push(audit.clone());
        self.tell(&kept, Outdated::Key(id));
        Ok(())
    }

    async fn touch_key(
        &self,
        account: Account,
        id: KeyId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut kept = self.kept();
        kept.stage.touches += 1;
        if let Some((_, stored)) = kept.keys.get_mut(&(account, id)) {
            let last = stored.key.last_used_at;
            stored.key.last_used_at = Some(last.map_or(at, |last| last.max(at)));
        }
        Ok(())
    }
}

#[async_trait]
impl AuditLog for Memory {
    async fn list_audit(&self, query: &AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        let kept = self.kept();
        let rows = kept.audit.iter().enumerate().rev();
        let numbered = rows.map(|(index, entry)| (AuditSeq(index as u64 + 1), entry));
        let wanted = numbered.filter(|(seq, entry)| {
            query.before.is_none_or(|before| *seq < before)
                && query.target.as_ref().is_none_or(|target| *target == entry.target)
        });
        let rows_max = query.rows_max.min(DIRECTORY_PAGE_ROWS_MAX);
        let rows = wanted.take(rows_max);
        Ok(rows.map(|(seq, entry)| AuditRow { seq, entry: entry.clone() }).collect())
    }
}

impl Memory {
    pub(super) fn tell(&self, kept: &Kept, outdated: Outdated) {
        if kept.stage.hears {
            self.listeners.tell(outdated);
        }
    }
}

impl Changes for Memory {
    fn on_change(&self, listener: &Arc<dyn Forgets>) {
        self.listeners.add(listener);
    }

    fn is_current(&self, _now: Timestamp) -> bool {
        self.kept().stage.hears
    }
}
