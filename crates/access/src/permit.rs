//! What a principal may do. Every rule of authority is in this file.
//!
//! | | own account | same organisation | any account |
//! |---|---|---|---|
//! | read usage, ask | signed in; key `usage:read` | key `usage:read act_as` | service; admin |
//! | reserve, settle, send events | key `usage:write` | key `usage:write act_as` | service |
//! | call models | signed in; key `llm` | key `llm act_as` | service |
//! | read, change memories | signed in; key `memory` | key `memory act_as` | service |
//! | record | key `usage:write act_as` | key `usage:write act_as` | service |
//! | API keys | signed in | | signed-in admin; operator |
//! | administer | | | admin |
//! | call services | signed in; key `services` | key `services act_as` | service |
//!
//! *Service* is the service token, or a user of that role; *admin* is a user of that role; a key of
//! either is held to its scopes too (`admin` for administration). A signed-in end user writes no
//! usage: a browser that could release its own holds would be a quota without effect; for the same
//! reason he cannot give himself a key with `usage:write`. A service behind the gateway believes
//! the role that it is told: for others it is called only if they are end users, and by the key of
//! an administrator only if the key has `admin`. What a user's application remembers of him is his
//! own: an administrator may have it erased, and does not read it.
//!
//! An administrator who names a user beside his credential *views* him
//! ([`Principal::acting_for`]): he reads the usage of that user as the user sees it, and has no
//! other right while he does, not even one of his own.
//!
//! Invariant: where an account is out of reach, the answer is that of one which does not exist.
//! Invariant: one who views another gets no permit but [`ReadUsage`], and that of nobody else.
//! Not here: whether accounts exist; the caller has looked them up.

use crate::{
    Actor, ApiKey, KEY_LIFE_DAYS_MAX, KeyError, KeyName, Principal, Role, Scope, Scopes, Subject,
    User,
};
use novacore_vocab::{Account, KeyId, Timestamp};
use thiserror::Error;

/// Why a principal may not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Denied {
    /// Not with this credential; says what is needed.
    #[error("{0}")]
    Forbidden(&'static str),
    /// Another's, and so invisible: answered like what does not exist.
    #[error("not found")]
    NotFound,
    /// The account is shut.
    #[error("the account is disabled")]
    Disabled,
    /// The call concerns a user and names none.
    #[error("the call must name a user")]
    NoSubject,
}

/// The right to do `A`, held by the one who was checked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit<A> {
    actor: Actor,
    action: A,
}

impl<A> Permit<A> {
    /// Who acts.
    pub fn actor(&self) -> Actor {
        self.actor
    }
}

macro_rules! account_actions {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name(Account);

        impl Permit<$name> {
            /// The account that the permit is for.
            pub fn account(&self) -> Account {
                self.action.0
            }
        }
    )+};
}

account_actions! {
    /// Read an account's usage and ask whether an amount would fit.
    ReadUsage,
    /// Read who an account's user is.
    ReadProfile,
    /// State usage that has happened.
    RecordUsage,
    /// Set headroom aside, or ask for more time for it.
    Reserve,
    /// Look at, settle or release a hold.
    SettleHold,
    /// Send usage as events.
    SendEvents,
    /// Call models, on the account's quota.
    CallModels,
    /// Read what is remembered for an account, and how much it takes.
    ReadMemories,
    /// Store, change and forget what is remembered for an account.
    ChangeMemories,
    /// Change one's own password and end one's own sessions.
    ManageSelf,
    /// Have a call forwarded to a service, in the name of the account's user.
    Forward,
}

impl Permit<CallModels> {
    /// To hold headroom for the call.
    pub fn reserve(&self) -> Permit<Reserve> {
        Permit { actor: self.actor, action: Reserve(self.account()) }
    }

    /// To charge what the call used.
    pub fn settle(&self) -> Permit<SettleHold> {
        Permit { actor: self.actor, action: SettleHold(self.account()) }
    }

    /// To correct what was charged before the provider told the truth.
    pub fn correct(&self) -> Permit<RecordUsage> {
        Permit { actor: self.actor, action: RecordUsage(self.account()) }
    }
}

/// Administer users, tiers and limits, and read the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Administer(());

/// List, create and revoke the API keys of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ManageKeys {
    account: Account,
    grantable: Scopes,
}

impl Principal {
    /// To read the usage of `of`.
    pub fn read_usage(&self, of: &Subject) -> Result<Permit<ReadUsage>, Denied> {
        self.may_read(of)?;
        // The one right that who views another has: over the one whom he views.
        match self.viewed() {
            Some(viewed) if viewed.account != of.account => Err(Denied::NotFound),
            Some(_) | None => Ok(Permit { actor: self.actor(), action: ReadUsage(of.account) }),
        }
    }

    /// To read who `of` is.
    pub fn read_profile(&self, of: &Subject) -> Result<Permit<ReadProfile>, Denied> {
        self.in_own_name()?;
        self.may_read(of)?;
        self.permit(ReadProfile(of.account))
    }

    /// To state usage of `of` that has happened. It has happened even if the account is shut.
    pub fn record_usage(&self, of: &Subject) -> Result<Permit<RecordUsage>, Denied> {
        self.in_own_name()?;
        if !self.is_service() && !self.key_has(Scope::ActAs) {
            let needed = "recording needs the service token or a key with usage:write and act_as";
            return Err(Denied::Forbidden(needed));
        }
        self.write_usage(of)?;
        self.permit(RecordUsage(of.account))
    }

    /// To send usage of `of` as events.
    pub fn send_events(&self, of: &Subject) -> Result<Permit<SendEvents>, Denied> {
        self.write_usage(of)?;
        self.permit(SendEvents(of.account))
    }

    /// To set headroom of `of` aside; work for a shut account must not begin.
    pub fn reserve(&self, of: &Subject) -> Result<Permit<Reserve>, Denied> {
        self.write_usage(of)?;
        if of.disabled {
            return Err(Denied::Disabled);
        }
        self.permit(Reserve(of.account))
    }

    /// To settle or release a hold of `of`; what was begun is brought to its end even if the
    /// account is shut by then.
    pub fn settle_hold(&self, of: &Subject) -> Result<Permit<SettleHold>, Denied> {
        self.write_usage(of)?;
        self.permit(SettleHold(of.account))
    }

    /// To call models on the quota of `of`. Who may call may not write usage by himself: the
    /// gateway meters for him.
    pub fn call_models(&self, of: &Subject) -> Result<Permit<CallModels>, Denied> {
        self.in_own_name()?;
        if self.is_console() || !self.allows(Scope::Llm) {
            return Err(Denied::Forbidden("the key needs the scope llm"));
        }
        if !of.exists || !(self.is_service() || self.reaches(of)) {
            return Err(Denied::NotFound);
        }
        if of.disabled {
            return Err(Denied::Disabled);
        }
        self.permit(CallModels(of.account))
    }

    /// To read the memories of `of`.
    pub fn read_memories(&self, of: &Subject) -> Result<Permit<ReadMemories>, Denied> {
        self.use_memories(of)?;
        self.permit(ReadMemories(of.account))
    }

    /// To store, change and forget memories of `of`. Unlike other use of quota this is for the
    /// signed-in too: the bytes are metered where they are stored.
    pub fn change_memories(&self, of: &Subject) -> Result<Permit<ChangeMemories>, Denied> {
        self.use_memories(of)?;
        self.permit(ChangeMemories(of.account))
    }

    /// To manage one's own password and sessions.
    pub fn manage_self(&self) -> Result<Permit<ManageSelf>, Denied> {
        self.in_own_name()?;
        let signed_in = self.signed_in();
        let user = signed_in.ok_or(Denied::Forbidden("only a signed-in user may do this"))?;
        self.permit(ManageSelf(user.account()))
    }

    /// To manage the API keys of `owner`. A key makes no keys, so a leaked one dies when it is
    /// revoked.
    pub fn manage_keys(&self, owner: &User) -> Result<Permit<ManageKeys>, Denied> {
        self.in_own_name()?;
        let grantable = if self.is_console() {
            grantable_by_operator(owner)
        } else {
            let signed_in = self.signed_in();
            let user = signed_in.ok_or(Denied::Forbidden("only a signed-in user may do this"))?;
            match (user.role == Role::Admin, user.id == owner.id) {
                (true, _) => grantable_by_operator(owner),
                (false, true) => grantable_by_owner(owner),
                (false, false) => return Err(Denied::NotFound),
            }
        };
        self.permit(ManageKeys { account: owner.account(), grantable })
    }

    /// To have a call forwarded to a service in the name of `of`.
    pub fn forward(&self, of: &User) -> Result<Permit<Forward>, Denied> {
        self.in_own_name()?;
        if self.is_console() {
            return Err(Denied::Forbidden("only a user or a key calls services"));
        }
        if !self.allows(Scope::Services) {
            return Err(Denied::Forbidden("the key needs the scope services"));
        }
        if !self.is_service() && !self.reaches(&of.subject()) {
            return Err(Denied::NotFound);
        }
        if of.disabled {
            return Err(Denied::Disabled);
        }
        let is_own = self.user().is_some_and(|user| user.id == of.id);
        match (of.role, is_own) {
            (Role::Student | Role::Subscriber, _) | (Role::Service, true) => {}
            (Role::Admin, true) if self.is_admin() => {}
            (Role::Admin, true) => {
                return Err(Denied::Forbidden("an administrator's key needs the scope admin here"));
            }
            (Role::Admin | Role::Service, false) => {
                return Err(Denied::Forbidden("services are called for end users only"));
            }
        }
        self.permit(Forward(of.account()))
    }

    /// To administer.
    pub fn administer(&self) -> Result<Permit<Administer>, Denied> {
        self.in_own_name()?;
        if self.is_console() || self.is_admin() {
            return self.permit(Administer(()));
        }
        Err(Denied::Forbidden("only an administrator may do this"))
    }

    /// The common part of every right to write usage.
    fn write_usage(&self, of: &Subject) -> Result<(), Denied> {
        self.in_own_name()?;
        let is_key = self.signed_in().is_none();
        if self.is_console() || !(self.is_service() || is_key) {
            let needed =
                "writing usage needs the service token or a key with the scope usage:write";
            return Err(Denied::Forbidden(needed));
        }
        if !self.allows(Scope::UsageWrite) {
            return Err(Denied::Forbidden("the key needs the scope usage:write"));
        }
        if !of.exists || !(self.is_service() || self.reaches(of)) {
            return Err(Denied::NotFound);
        }
        Ok(())
    }

    /// The common part of the rights to memories.
    fn use_memories(&self, of: &Subject) -> Result<(), Denied> {
        self.in_own_name()?;
        if self.is_console() || !self.allows(Scope::Memory) {
            return Err(Denied::Forbidden("the key needs the scope memory"));
        }
        if !of.exists || !(self.is_service() || self.reaches(of)) {
            return Err(Denied::NotFound);
        }
        if of.disabled {
            return Err(Denied::Disabled);
        }
        Ok(())
    }

    /// Whether `of` is the caller himself, or one for whom his key may act.
    fn reaches(&self, of: &Subject) -> bool {
        let own = self.user().is_some_and(|user| user.account() == of.account);
        own || (self.key_has(Scope::ActAs) && self.shares_organisation(of))
    }

    /// The common part of the rights to read what an account used and whose it is.
    fn may_read(&self, of: &Subject) -> Result<(), Denied> {
        if !self.allows(Scope::UsageRead) {
            return Err(Denied::Forbidden("the key needs the scope usage:read"));
        }
        let any = self.is_console() || self.is_service() || self.is_admin();
        if of.exists && (any || self.reaches(of)) {
            return Ok(());
        }
        Err(Denied::NotFound)
    }

    /// Refused to who views another. Asked before anything else, so that he is told this and not
    /// what would be wrong without it.
    fn in_own_name(&self) -> Result<(), Denied> {
        match self.viewed() {
            Some(_) => Err(Denied::Forbidden(VIEWING)),
            None => Ok(()),
        }
    }

    /// Every permit but the one to read usage is made here, so that none is made for who views
    /// another, whatever was forgotten before.
    fn permit<A>(&self, action: A) -> Result<Permit<A>, Denied> {
        self.in_own_name()?;
        Ok(Permit { actor: self.actor(), action })
    }
}

/// What one who views another is told.
const VIEWING: &str =
    "with NovaCore-User an administrator reads that user's usage, and nothing else";

/// What an end user may put into his own key.
const END_USER: Scopes =
    Scopes::NONE.with(Scope::UsageRead).with(Scope::Memory).with(Scope::Llm).with(Scope::Services);

/// What a user may put into his own key.
fn grantable_by_owner(owner: &User) -> Scopes {
    match owner.role {
        Role::Student | Role::Subscriber => END_USER,
        Role::Admin | Role::Service => grantable_by_operator(owner),
    }
}

/// What an operator may put into a key of `owner`: all, but nobody becomes an administrator by it.
fn grantable_by_operator(owner: &User) -> Scopes {
    let all: Scopes = Scope::ALL.into_iter().collect();
    match owner.role {
        Role::Admin => all,
        Role::Student | Role::Subscriber | Role::Service => {
            all.without(Scopes::NONE.with(Scope::Admin))
        }
    }
}

/// What is asked of a new key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyAsk {
    /// What to call it.
    pub name: KeyName,
    /// What it may do.
    pub scopes: Scopes,
    /// From when on it is no longer accepted, if ever.
    pub expires_at: Option<Timestamp>,
}

impl Permit<ManageKeys> {
    /// The account whose keys may be managed.
    pub fn account(&self) -> Account {
        self.action.account
    }

    /// The key asked for, under a fresh `id` and with the `prefix` to show.
    pub fn new_key(
        &self,
        ask: KeyAsk,
        id: KeyId,
        prefix: String,
        now: Timestamp,
    ) -> Result<ApiKey, KeyError> {
        if ask.scopes.is_empty() {
            return Err(KeyError::NoScope);
        }
        if let Some(scope) = ask.scopes.without(self.action.grantable).iter().next() {
            return Err(KeyError::NotGrantable(scope));
        }
        let latest = now.plus_days(KEY_LIFE_DAYS_MAX);
        if ask.expires_at.is_some_and(|end| end <= now || end > latest) {
            return Err(KeyError::Expiry);
        }
        Ok(ApiKey {
            id,
            account: self.action.account,
            name: ask.name,
            scopes: ask.scopes,
            prefix,
            created_at: now,
            expires_at: ask.expires_at,
            last_used_at: None,
        })
    }
}

#[cfg(test)]
mod tests;
