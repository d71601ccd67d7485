//! A stage for the tests of `auth`: a directory in memory, a clock moved by hand, and users.

use super::{Auth, AuthOptions, AuthSecrets, SignedIn, Tokens, register::EmailAndPassword};
use novacore_access::{
    Administer, Email, KeyAsk, KeyName, Permit, Principal, Reason, Role, Scope, User,
};
use novacore_store::{
    clock::Clock,
    directory::{Credentials, Users},
};
use novacore_store_suite::memory::{HandClock, Memory};
use novacore_vocab::{OrgId, TierName, Timestamp, UserId};
use secrecy::{ExposeSecret, SecretString};
use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};
use uuid::Uuid;

/// Where calls come from unless a test says otherwise.
pub(super) const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// A clock that stands still until it is moved.
pub(super) fn clock() -> Arc<HandClock> {
    Arc::new(HandClock::at(Timestamp::from_seconds(1_800_000_000)))
}

pub(super) fn secrets() -> AuthSecrets {
    let secret = |name: &str| SecretString::from(format!("{name}-secret-of-the-test-0123456789"));
    AuthSecrets { jwt: secret("jwt"), refresh: secret("refresh"), service_token: secret("service") }
}

/// Personal user `number` with address `u<number>@example.com`.
pub(crate) fn user(number: u128) -> User {
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

/// Authentication on a directory, whose passwords are hashed in no time.
pub(crate) fn auth(directory: &Arc<Memory>, clock: &Arc<HandClock>) -> Auth {
    let options = AuthOptions { hash_memory_kib: 8, hash_passes: 1, ..AuthOptions::default() };
    Auth::new(directory.clone(), clock.clone(), &secrets(), options).unwrap()
}

/// Everything that a test of `auth` needs.
pub(super) struct Stage {
    pub(super) auth: Auth,
    pub(super) directory: Arc<Memory>,
    pub(super) clock: Arc<HandClock>,
}

impl Stage {
    pub(super) fn new() -> Stage {
        let clock = clock();
        let directory = Arc::new(Memory::new(clock.clone()));
        let auth = auth(&directory, &clock);
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
