//! Who calls: registration, sign-in, tokens, sessions, API keys, and the operator's hold over
//! users.
//!
//! [`Auth`] verifies proofs (passwords, JWTs, refresh tokens, API keys, the service token) and
//! turns them into principals; what a principal may do is judged by `novacore_access`.
//!
//! Invariant: role, disabled and tier come from the store, never from a token, and a change is in
//! force for every call that starts after it was acknowledged.
//! Invariant: no secret, hash or password is printed, logged, or part of an error.
//! Invariant: secrets are compared in constant time, and an unknown address costs as much time as a
//! wrong password.
//! Not here: HTTP, and the ledger.

pub mod administer;
pub mod attempts;
pub mod authenticate;
pub mod bootstrap;
pub mod context_token;
pub mod error;
pub mod keys;
pub mod login;
pub mod password;
pub mod refresh;
pub mod register;

mod access_token;
mod cache;
mod hashing;
mod key_token;
mod people;
mod refresh_token;
mod remembered;
mod routing;
#[cfg(test)]
pub(crate) mod testing;

use access_token::AccessTokens;
use attempts::{AttemptLimits, Attempts};
use context_token::{ContextKey, ContextTokens};
use error::AuthError;
use hashing::{HashCost, Hasher};
use novacore_access::{Session, User};
use novacore_store::{clock::Clock, directory::Directory};
use novacore_vocab::{SessionId, TierName, Timestamp, UserId};
use people::People;
use refresh_token::RefreshTokens;
use remembered::Remembered;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use uuid::Uuid;

/// Shortest secret of the server, in bytes; shorter ones can be guessed, and HS256 asks for as
/// many.
pub const SECRET_BYTES_MIN: usize = 32;

/// The server's own secrets, each at least [`SECRET_BYTES_MIN`] long.
#[derive(Debug)]
pub struct AuthSecrets {
    /// Signs JWTs; shared with the platform's other services.
    pub jwt: SecretString,
    /// Makes refresh tokens; shared with nobody, so that who can sign a JWT of minutes cannot make
    /// a session of weeks.
    pub refresh: SecretString,
    /// What services show as `X-Service-Token`.
    pub service_token: SecretString,
}

/// What an operator may set.
#[derive(Clone, Debug)]
pub struct AuthOptions {
    /// Life of a JWT, in seconds.
    pub access_ttl_s: i64,
    /// The tier of a new user.
    pub first_tier: TierName,
    /// Length of the trial that a new user is shown, in days.
    pub trial_days: i64,
    /// How often login and register may be tried.
    pub attempts: AttemptLimits,
    /// Memory that hashing one password takes, in KiB.
    pub hash_memory_kib: u32,
    /// Passes over that memory.
    pub hash_passes: u32,
    /// Passwords that may wait for hashing; one more is answered with overload.
    pub hash_queue_max: usize,
    /// Users, and likewise keys, that are kept in memory between calls.
    pub cache_rows_max: usize,
}

impl Default for AuthOptions {
    /// Argon2id with 19 MiB and 2 passes is OWASP's advice; 32 waiting passwords are about two
    /// seconds of one core.
    fn default() -> AuthOptions {
        AuthOptions {
            access_ttl_s: 15 * 60,
            first_tier: TierName::parse("free_trial").expect("a tier's name"),
            trial_days: 14,
            attempts: AttemptLimits::default(),
            hash_memory_kib: 19 * 1_024,
            hash_passes: 2,
            hash_queue_max: 32,
            cache_rows_max: 10_000,
        }
    }
}

/// Authentication. One per process; cheap to share behind an `Arc`.
#[derive(Debug)]
pub struct Auth {
    directory: Arc<dyn Directory>,
    clock: Arc<dyn Clock>,
    options: AuthOptions,
    people: Arc<People>,
    remembered: Arc<Remembered>,
    hasher: Hasher,
    attempts: Attempts,
    access_tokens: AccessTokens,
    refresh_tokens: RefreshTokens,
    context_key: Arc<ContextKey>,
    service_token: blake3::Hash,
}

/// What a user gets who has registered or signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// The user.
    pub user: Arc<User>,
    /// His tokens.
    pub tokens: Tokens,
}

/// A JWT for calls and a refresh token for the next JWT.
#[derive(Debug)]
pub struct Tokens {
    /// The JWT.
    pub access: SecretString,
    /// When the JWT expires.
    pub access_expires_at: Timestamp,
    /// The refresh token, good for one use.
    pub refresh: SecretString,
    /// When the session ends if it is not refreshed.
    pub refresh_expires_at: Timestamp,
}

impl Auth {
    /// Authentication over `directory`. Fails if a secret is too short or the options make no
    /// sense.
    pub fn new(
        directory: Arc<dyn Directory>,
        clock: Arc<dyn Clock>,
        secrets: &AuthSecrets,
        options: AuthOptions,
    ) -> Result<Auth, AuthError> {
        require_secret("jwt_secret", &secrets.jwt)?;
        require_secret("refresh_secret", &secrets.refresh)?;
        require_secret("service_token", &secrets.service_token)?;
        let remembered = Remembered::new(directory.clone(), clock.clone(), options.cache_rows_max);
        let cost = HashCost { memory_kib: options.hash_memory_kib, passes: options.hash_passes };
        Ok(Auth {
            people: Arc::new(People::new(directory.clone(), remembered.clone())),
            remembered,
            hasher: Hasher::start(cost, options.hash_queue_max)?,
            attempts: Attempts::new(&options.attempts, clock.clone()),
            access_tokens: AccessTokens::new(&secrets.jwt, options.access_ttl_s),
            refresh_tokens: RefreshTokens::new(&secrets.refresh),
            context_key: Arc::new(ContextKey::derive(&secrets.jwt)?),
            service_token: blake3::hash(secrets.service_token.expose_secret().as_bytes()),
            directory,
            clock,
            options,
        })
    }

    /// Tokens that tell the upstream called `audience` for whom it is called.
    pub fn context_tokens(&self, audience: &str) -> ContextTokens {
        ContextTokens::new(self.context_key.clone(), self.clock.clone(), audience)
    }

    /// The keys that verify those tokens: a JWK set as JSON.
    pub fn context_jwks(&self) -> &str {
        self.context_key.jwks()
    }

    /// Opens a session for a user who has shown who he is.
    async fn sign_in(&self, user: Arc<User>) -> Result<SignedIn, AuthError> {
        let now = self.clock.now();
        let session = Session::start(SessionId(Uuid::new_v4()), user.account(), now);
        self.directory.insert_session(&session).await?;
        let tokens = self.tokens(&user, &session, now)?;
        Ok(SignedIn { user, tokens })
    }

    /// The current tokens of a session.
    fn tokens(&self, user: &User, session: &Session, now: Timestamp) -> Result<Tokens, AuthError> {
        let access = self.access_tokens.issue(user, now)?;
        let refresh = self.refresh_tokens.issue(session);
        Ok(Tokens {
            access,
            access_expires_at: now.plus_seconds(self.options.access_ttl_s),
            refresh,
            refresh_expires_at: session.expires_at,
        })
    }

    /// An id for a new user: a UUIDv7, so that users sort by their age.
    fn new_user_id(&self, now: Timestamp) -> Result<UserId, AuthError> {
        let millis = u64::try_from(now.millis()).unwrap_or(0);
        let random: [u8; 10] = random_bytes()?;
        let builder = uuid::Builder::from_unix_timestamp_millis(millis, &random);
        Ok(UserId(builder.into_uuid()))
    }
}

fn require_secret(name: &'static str, secret: &SecretString) -> Result<(), AuthError> {
    if secret.expose_secret().len() < SECRET_BYTES_MIN {
        return Err(AuthError::WeakSecret(name));
    }
    Ok(())
}

/// Bytes from the system's source of randomness.
fn random_bytes<const N: usize>() -> Result<[u8; N], AuthError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| AuthError::Internal(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use novacore_store_suite::memory::Memory;
    use testing::secrets;

    #[test]
    fn short_secrets_are_refused_at_the_start() {
        let fields: [fn(&mut AuthSecrets) -> &mut SecretString; 3] =
            [|all| &mut all.jwt, |all| &mut all.refresh, |all| &mut all.service_token];
        for field in fields {
            let mut weak = secrets();
            *field(&mut weak) = SecretString::from("x".repeat(SECRET_BYTES_MIN - 1));
            let clock = testing::clock();
            let directory = Arc::new(Memory::new(clock.clone()));
            let made = Auth::new(directory, clock, &weak, AuthOptions::default());
            assert!(matches!(made, Err(AuthError::WeakSecret(_))));
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let shown = format!("{:?}", secrets());
        assert!(!shown.contains("secret-of-the-test"), "{shown}");
    }
}
