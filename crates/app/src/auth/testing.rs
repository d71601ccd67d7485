//! A stage for the tests of `auth`: a directory in memory, a clock moved by hand, and users.

use super::{Auth, AuthOptions, AuthSecrets, SignedIn, Tokens, register::EmailAndPassword};
use async_trait::async_trait;
use novacore_access::{
    Administer, ApiKey, AuditEntry, Email, Generation, KEYS_PER_USER_MAX, KeyAsk, KeyName,
    PasswordHash, Permit, Principal, Reason, Role, SESSIONS_PER_USER_MAX, Scope, Session, User,
};
use novacore_store::{
    clock::Clock,
    directory::{
        ApiKeys, AuditLog, AuditQuery, AuditRow, AuditSeq, Credentials, DIRECTORY_PAGE_ROWS_MAX,
        Ensured, KeyInserted, Sessions, StoredKey, UserChange, UserQuery, Users,
    },
    error::StoreError,
};
use novacore_vocab::{Account, KeyId, OrgId, SessionId, TierName, Timestamp, UserId};
use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};
use tokio::sync::Barrier;
use uuid::Uuid;

/// Where calls come from unless a test says otherwise.
pub(super) const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub(super) struct HandClock(AtomicI64);

impl Default for HandClock {
    fn default() -> HandClock {
        HandClock(AtomicI64::new(1_800_000_000))
    }
}

impl HandClock {
    pub(super) fn advance_s(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.0.load(Ordering::SeqCst))
    }
}

pub(super) fn secrets() -> AuthSecrets {
    let secret = |name: &str| SecretString::from(format!("{name}-secret-of-the-test-0123456789"));
    AuthSecrets { jwt: secret("jwt"), refresh: secret("refresh"), service_token: secret("service") }
}

/// Personal user `number` with address `u<number>@example.com`.
pub(super) fn user(number: u128) -> User {
    let id = Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0000 | number);
    User {
        id: UserId(id),
        org: OrgId(id),
        email: Email::parse(&format!("u{number}@example.com")).ok(),
        role: Role::Student,
        tier: TierName::parse("free_trial").unwrap(),
        disabled: false,
        trial_ends_at: None,
        created_at: Timestamp::from_seconds(1_700_000_000),
    }
}

pub(super) fn pair(email: &str, password: &str) -> EmailAndPassword {
    EmailAndPassword { email: email.to_owned(), password: password.into() }
}

pub(super) fn reason() -> Reason {
    Reason::parse("as the test asks").unwrap()
}

/// Everything that a test of `auth` needs.
pub(super) struct Stage {
    pub(super) auth: Auth,
    pub(super) directory: Arc<MemoryDirectory>,
    pub(super) clock: Arc<HandClock>,
}

impl Stage {
    pub(super) fn new() -> Stage {
        let directory = Arc::new(MemoryDirectory::default());
        let clock = Arc::new(HandClock::default());
        let options = AuthOptions { hash_memory_kib: 8, hash_passes: 1, ..AuthOptions::default() };
        let auth = Auth::new(directory.clone(), clock.clone(), &secrets(), options).unwrap();
        Stage { auth, directory, clock }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn console(&self) -> Permit<Administer> {
        Principal::console().administer().unwrap()
    }

    pub(super) async fn register(&self, email: &str) -> SignedIn {
        self.auth.register(pair(email, "correct horse"), HERE).await.unwrap()
    }

    pub(super) async fn login(&self, email: &str) -> SignedIn {
        self.auth.login(pair(email, "correct horse"), HERE).await.unwrap()
    }

    /// Stores a user without password.
    pub(super) async fn store(&self, user: User) {
        let new = Credentials { user, password: None };
        self.directory.create_user(&new, None).await.unwrap();
    }

    /// Lets user `number` be made by a token of another service.
    pub(super) async fn provision(&self, number: u128, email: &str) -> User {
        let named = User { email: Email::parse(email).ok(), ..user(number) };
        let caller = self.auth.authenticate(&self.foreign_token(&named)).await.unwrap();
        caller.principal.user().unwrap().clone()
    }

    /// What another service of the platform would issue for `user`.
    pub(super) fn foreign_token(&self, user: &User) -> String {
        let token = self.auth.access_tokens.issue(user, self.now()).unwrap();
        token.expose_secret().to_owned()
    }

    pub(super) async fn caller(&self, tokens: &Tokens) -> Principal {
        let caller = self.auth.authenticate(tokens.access.expose_secret()).await;
        caller.unwrap().principal
    }

    /// A stored user, signed in.
    pub(super) async fn signed_in(&self, id: UserId) -> Principal {
        let user = self.directory.find_user(id).await.unwrap().unwrap();
        let token = self.foreign_token(&user);
        self.auth.authenticate(&token).await.unwrap().principal
    }

    /// A key of user `number`, made by the operator.
    pub(super) async fn key_of(&self, number: u128, scopes: &[Scope]) -> String {
        let owner = Some(user(number).id);
        let permit = self.auth.keys_permit(&Principal::console(), owner).await.unwrap();
        let ask = KeyAsk {
            name: KeyName::parse("a key").unwrap(),
            scopes: scopes.iter().copied().collect(),
            expires_at: None,
        };
        let new = self.auth.create_key(permit, ask).await.unwrap();
        new.text.expose_secret().to_owned()
    }

    pub(super) async fn disable(&self, id: UserId, disabled: bool) {
        let done = self.auth.set_disabled(self.console(), id, disabled, reason()).await;
        assert_eq!(done.unwrap().disabled, disabled);
    }
}

/// A directory in memory, held to the same suite as the stores.
#[derive(Debug, Default)]
pub(super) struct MemoryDirectory {
    rows: Mutex<Rows>,
    gate: Mutex<Option<Gate>>,
}

#[derive(Debug, Default)]
struct Rows {
    users: BTreeMap<UserId, Credentials>,
    sessions: HashMap<SessionId, Session>,
    keys: HashMap<KeyId, StoredKey>,
    audit: Vec<AuditEntry>,
    advances_refused: usize,
    touches: usize,
    changes_to_refuse: usize,
}

/// Makes so many readers of sessions wait for each other.
#[derive(Debug)]
struct Gate {
    barrier: Arc<Barrier>,
    awaited: usize,
}

impl MemoryDirectory {
    pub(super) fn users_count(&self) -> usize {
        self.rows.lock().users.len()
    }

    pub(super) fn audited(&self) -> Vec<AuditEntry> {
        self.rows.lock().audit.clone()
    }

    pub(super) fn advances_refused(&self) -> usize {
        self.rows.lock().advances_refused
    }

    pub(super) fn touches(&self) -> usize {
        self.rows.lock().touches
    }

    /// Answers the next `count` changes of users as if another had come before.
    pub(super) fn refuse_changes(&self, count: usize) {
        self.rows.lock().changes_to_refuse = count;
    }

    /// Lets the next `count` readers of sessions go on only when all have read.
    pub(super) fn gather(&self, count: usize) {
        let barrier = Arc::new(Barrier::new(count));
        *self.gate.lock() = Some(Gate { barrier, awaited: count });
    }

    fn pass_gate(&self) -> Option<Arc<Barrier>> {
        let mut gate = self.gate.lock();
        let open = gate.as_mut().filter(|gate| gate.awaited > 0)?;
        open.awaited -= 1;
        Some(open.barrier.clone())
    }
}

impl Rows {
    fn insert(&mut self, new: &Credentials) -> Result<(), StoreError> {
        if self.users.contains_key(&new.user.id) {
            return Err(StoreError::Taken { field: "id" });
        }
        if self.is_email_taken(&new.user) {
            return Err(StoreError::Taken { field: "email" });
        }
        self.users.insert(new.user.id, new.clone());
        Ok(())
    }

    fn is_email_taken(&self, new: &User) -> bool {
        let email = new.email.as_ref();
        email.is_some() && self.users.values().any(|known| known.user.email.as_ref() == email)
    }

    fn has_admin(&self) -> bool {
        self.users.values().any(|known| known.user.role == Role::Admin && !known.user.disabled)
    }

    fn sessions_of(&self, account: Account) -> Vec<Session> {
        let all = self.sessions.values();
        let mut own: Vec<Session> = all.filter(|one| one.account == account).copied().collect();
        own.sort_by_key(|one| (Reverse(one.rotated_at), one.id));
        own
    }

    fn keys_of(&self, account: Account) -> Vec<ApiKey> {
        let all = self.keys.values().map(|stored| stored.key.clone());
        let mut own: Vec<ApiKey> = all.filter(|key| key.account == account).collect();
        own.sort_by_key(|key| (Reverse(key.created_at), key.id));
        own
    }
}

#[async_trait]
impl Users for MemoryDirectory {
    async fn create_user(
        &self,
        new: &Credentials,
        audit: Option<&AuditEntry>,
    ) -> Result<(), StoreError> {
        let mut rows = self.rows.lock();
        rows.insert(new)?;
        rows.audit.extend(audit.cloned());
        Ok(())
    }

    async fn has_admin(&self) -> Result<bool, StoreError> {
        Ok(self.rows.lock().has_admin())
    }

    async fn create_first_admin(
        &self,
        new: &Credentials,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let mut rows = self.rows.lock();
        if rows.has_admin() {
            return Ok(false);
        }
        rows.insert(new)?;
        rows.audit.push(audit.clone());
        Ok(true)
    }

    async fn ensure_user(&self, unknown: &User) -> Result<Ensured, StoreError> {
        let mut rows = self.rows.lock();
        if let Some(known) = rows.users.get(&unknown.id) {
            return Ok(Ensured { user: known.user.clone(), created: false });
        }
        let mut user = unknown.clone();
        if rows.is_email_taken(&user) {
            user.email = None;
        }
        rows.insert(&Credentials { user: user.clone(), password: None })?;
        Ok(Ensured { user, created: true })
    }

    async fn find_user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.rows.lock().users.get(&id).map(|known| known.user.clone()))
    }

    async fn find_credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        let rows = self.rows.lock();
        let mut all = rows.users.values();
        Ok(all.find(|known| known.user.email.as_ref() == Some(email)).cloned())
    }

    async fn change_user(
        &self,
        id: UserId,
        change: &UserChange,
        audit: &AuditEntry,
    ) -> Result<User, StoreError> {
        let mut rows = self.rows.lock();
        if rows.changes_to_refuse > 0 {
            rows.changes_to_refuse -= 1;
            return Err(StoreError::Stale("user"));
        }
        let known = rows.users.get_mut(&id).ok_or(StoreError::NotFound("user"))?;
        let user = &mut known.user;
        let is_current = match change {
            UserChange::Tier { from, .. } => user.tier == *from,
            UserChange::Role { from, .. } => user.role == *from,
            UserChange::Disabled { from, .. } => user.disabled == *from,
        };
        if !is_current {
            return Err(StoreError::Stale("user"));
        }
        match change {
            UserChange::Tier { to, .. } => user.tier = to.clone(),
            UserChange::Role { to, .. } => user.role = *to,
            UserChange::Disabled { to, .. } => user.disabled = *to,
        }
        let changed = user.clone();
        rows.audit.push(audit.clone());
        Ok(changed)
    }

    async fn set_password(
        &self,
        account: Account,
        password: &PasswordHash,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut rows = self.rows.lock();
        let known = rows.users.get_mut(&account.user).ok_or(StoreError::NotFound("user"))?;
        known.password = Some(password.clone());
        rows.sessions.retain(|_, session| session.account != account);
        rows.audit.push(audit.clone());
        Ok(())
    }

    async fn list_users(&self, query: &UserQuery) -> Result<Vec<User>, StoreError> {
        let rows = self.rows.lock();
        let wanted = query.search.as_ref().map(|text| text.to_lowercase()).unwrap_or_default();
        let matches = |user: &User| {
            let email = user.email.as_ref().map_or("", Email::as_str);
            email.contains(&wanted) || user.id.to_string().contains(&wanted)
        };
        let all = rows.users.values().map(|known| &known.user);
        let after = all.filter(|user| query.after.is_none_or(|after| user.id > after));
        let page = query.rows_max.min(DIRECTORY_PAGE_ROWS_MAX);
        Ok(after.filter(|user| matches(user)).take(page).cloned().collect())
    }
}

#[async_trait]
impl Sessions for MemoryDirectory {
    async fn insert_session(&self, session: &Session) -> Result<(), StoreError> {
        let mut rows = self.rows.lock();
        let (account, now) = (session.account, session.created_at);
        rows.sessions.retain(|_, one| one.account != account || one.expires_at > now);
        for oldest in rows.sessions_of(account).iter().skip(SESSIONS_PER_USER_MAX - 1) {
            rows.sessions.remove(&oldest.id);
        }
        rows.sessions.insert(session.id, *session);
        Ok(())
    }

    async fn find_session(
        &self,
        account: Account,
        id: SessionId,
    ) -> Result<Option<Session>, StoreError> {
        let found = self.rows.lock().sessions.get(&id).copied();
        if let Some(barrier) = self.pass_gate() {
            barrier.wait().await;
        }
        Ok(found.filter(|session| session.account == account))
    }

    async fn advance_session(&self, from: Generation, to: &Session) -> Result<(), StoreError> {
        let mut rows = self.rows.lock();
        let stored = rows.sessions.get_mut(&to.id).ok_or(StoreError::NotFound("session"))?;
        if stored.generation != from {
            rows.advances_refused += 1;
            return Err(StoreError::Stale("session"));
        }
        *stored = *to;
        Ok(())
    }

    async fn end_session(&self, account: Account, id: SessionId) -> Result<(), StoreError> {
        let mut rows = self.rows.lock();
        rows.sessions.retain(|_, one| one.id != id || one.account != account);
        Ok(())
    }

    async fn end_sessions_of(
        &self,
        account: Account,
        audit: Option<&AuditEntry>,
    ) -> Result<usize, StoreError> {
        let mut rows = self.rows.lock();
        let before = rows.sessions.len();
        rows.sessions.retain(|_, one| one.account != account);
        rows.audit.extend(audit.cloned());
        Ok(before - rows.sessions.len())
    }

    async fn list_sessions(&self, account: Account) -> Result<Vec<Session>, StoreError> {
        Ok(self.rows.lock().sessions_of(account))
    }
}

#[async_trait]
impl ApiKeys for MemoryDirectory {
    async fn insert_key(
        &self,
        new: &StoredKey,
        audit: &AuditEntry,
    ) -> Result<KeyInserted, StoreError> {
        let mut rows = self.rows.lock();
        if rows.keys_of(new.key.account).len() >= KEYS_PER_USER_MAX {
            return Ok(KeyInserted::TooMany);
        }
        rows.keys.insert(new.key.id, new.clone());
        rows.audit.push(audit.clone());
        Ok(KeyInserted::Stored)
    }

    async fn find_key(&self, account: Account, id: KeyId) -> Result<Option<StoredKey>, StoreError> {
        let found = self.rows.lock().keys.get(&id).cloned();
        Ok(found.filter(|stored| stored.key.account == account))
    }

    async fn list_keys(&self, account: Account) -> Result<Vec<ApiKey>, StoreError> {
        Ok(self.rows.lock().keys_of(account))
    }

    async fn revoke_key(
        &self,
        account: Account,
        id: KeyId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut rows = self.rows.lock();
        let owned = rows.keys.get(&id).is_some_and(|stored| stored.key.account == account);
        if !owned {
            return Err(StoreError::NotFound("API key"));
        }
        rows.keys.remove(&id);
        rows.audit.push(audit.clone());
        Ok(())
    }

    async fn touch_key(
        &self,
        account: Account,
        id: KeyId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut rows = self.rows.lock();
        rows.touches += 1;
        let found = rows.keys.get_mut(&id).filter(|stored| stored.key.account == account);
        if let Some(stored) = found {
            stored.key.last_used_at = stored.key.last_used_at.max(Some(at));
        }
        Ok(())
    }
}

#[async_trait]
impl AuditLog for MemoryDirectory {
    async fn list_audit(&self, query: &AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        let rows = self.rows.lock();
        let numbered =
            rows.audit.iter().zip(1_u64..=u64::MAX).collect::<Vec<_>>().into_iter().rev();
        let all =
            numbered.map(|(entry, seq)| AuditRow { seq: AuditSeq(seq), entry: entry.clone() });
        let wanted = all.filter(|row| {
            query.before.is_none_or(|before| row.seq < before)
                && query.target.as_ref().is_none_or(|target| row.entry.target == *target)
        });
        Ok(wanted.take(query.rows_max.min(DIRECTORY_PAGE_ROWS_MAX)).collect())
    }
}

mod suite {
    use super::{Arc, MemoryDirectory};

    async fn open() -> Arc<MemoryDirectory> {
        Arc::new(MemoryDirectory::default())
    }

    novacore_store_suite::directory_suite!(open);
}
