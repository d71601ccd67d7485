//! Password hashing: argon2id on one thread of its own, behind a bounded queue.
//!
//! A hash costs tens of milliseconds and megabytes on purpose. One thread and a full queue that
//! says so keep a storm of sign-ins from taking the processors and the memory that the ledger
//! needs.
//!
//! Invariant: at most one hash is computed at a time; at most `queue_max` wait.
//! Not here: which passwords are acceptable.

use super::{error::AuthError, random_bytes};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc},
};
use novacore_access::PasswordHash;
use secrecy::{ExposeSecret, SecretString};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread,
};
use tokio::sync::oneshot;

const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
/// The salt of the hash that is computed for an unknown address, whose result nobody sees.
const DUMMY_SALT: [u8; SALT_BYTES] = *b"nobody-has-this.";

/// What one hash costs.
#[derive(Clone, Copy, Debug)]
pub(super) struct HashCost {
    /// Memory, in KiB.
    pub(super) memory_kib: u32,
    /// Passes over it.
    pub(super) passes: u32,
}

type Job = Box<dyn FnOnce(&Argon2<'static>) + Send>;

/// The hashing thread. It ends when this is dropped and its queue is empty.
#[derive(Debug)]
pub(super) struct Hasher {
    jobs: SyncSender<Job>,
}

impl Hasher {
    /// Starts the thread.
    pub(super) fn start(cost: HashCost, queue_max: usize) -> Result<Hasher, AuthError> {
        let params = Params::new(cost.memory_kib, cost.passes, LANES, None)
            .map_err(|error| AuthError::Internal(error.to_string()))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let (jobs, waiting) = sync_channel(queue_max);
        thread::Builder::new()
            .name("passwords".to_owned())
            .spawn(move || work(&argon2, &waiting))
            .map_err(|error| AuthError::Internal(error.to_string()))?;
        Ok(Hasher { jobs })
    }

    /// The hash of a new password.
    pub(super) async fn hash(&self, password: SecretString) -> Result<PasswordHash, AuthError> {
        let salt: [u8; SALT_BYTES] = random_bytes()?;
        let hashed = self.run(move |argon2| compute(argon2, &password, &salt)).await?;
        hashed.map_err(|error| AuthError::Internal(error.to_string()))
    }

    /// Whether `password` has the hash `stored`. Without one the answer is no, after as much work.
    pub(super) async fn verify(
        &self,
        password: SecretString,
        stored: Option<PasswordHash>,
    ) -> Result<bool, AuthError> {
        self.run(move |argon2| match stored {
            Some(stored) => matches(argon2, &password, &stored),
            None => {
                // The result is dropped: only its time is wanted.
                let _same_work = compute(argon2, &password, &DUMMY_SALT);
                Ok(false)
            }
        })
        .await?
    }

    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Argon2<'static>) -> T + Send + 'static,
    ) -> Result<T, AuthError> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |argon2| {
            // Whoever hung up while waiting is not worth the work.
            if !reply.is_closed() {
                let _gone = reply.send(job(argon2));
            }
        });
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => AuthError::Overloaded,
            TrySendError::Disconnected(_) => internal(),
        })?;
        answer.await.map_err(|_| internal())
    }
}

fn internal() -> AuthError {
    AuthError::Internal("the hashing thread gave no answer".to_owned())
}

fn work(argon2: &Argon2<'static>, waiting: &Receiver<Job>) {
    while let Ok(job) = waiting.recv() {
        // A panic costs its own caller the answer, and nobody else.
        if catch_unwind(AssertUnwindSafe(|| job(argon2))).is_err() {
            tracing::error!("hashing a password panicked");
        }
    }
}

fn compute(
    argon2: &Argon2<'static>,
    password: &SecretString,
    salt: &[u8],
) -> Result<PasswordHash, argon2::password_hash::Error> {
    let password = password.expose_secret().as_bytes();
    let hash: phc::PasswordHash = argon2.hash_password_with_salt(password, salt)?;
    Ok(PasswordHash::new(hash.to_string()))
}

fn matches(
    argon2: &Argon2<'static>,
    password: &SecretString,
    stored: &PasswordHash,
) -> Result<bool, AuthError> {
    let unreadable = |_| AuthError::Internal("a stored password hash is unreadable".to_owned());
    let stored = phc::PasswordHash::new(stored.expose()).map_err(unreadable)?;
    let verdict = argon2.verify_password(password.expose_secret().as_bytes(), &stored);
    match verdict {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(AuthError::Internal(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    const CHEAP: HashCost = HashCost { memory_kib: 8, passes: 1 };

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[tokio::test]
    async fn a_password_matches_its_hash_only() {
        let hasher = Hasher::start(CHEAP, 4).unwrap();
        let hash = hasher.hash(secret("correct horse")).await.unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
        assert_ne!(hash, hasher.hash(secret("correct horse")).await.unwrap());
        for (password, stored, expected) in [
            ("correct horse", Some(hash.clone()), true),
            ("correct horsf", Some(hash.clone()), false),
            ("", Some(hash.clone()), false),
            ("correct horse", None, false),
            ("nobody-has-this.", None, false),
        ] {
            let verdict = hasher.verify(secret(password), stored).await.unwrap();
            assert_eq!(verdict, expected, "{password}");
        }
    }

    #[tokio::test]
    async fn a_hash_of_other_cost_still_matches() {
        let dear = Hasher::start(HashCost { memory_kib: 64, passes: 2 }, 4).unwrap();
        let cheap = Hasher::start(CHEAP, 4).unwrap();
        let hash = dear.hash(secret("correct horse")).await.unwrap();
        assert!(cheap.verify(secret("correct horse"), Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn a_full_queue_says_so_and_recovers() {
        let hasher = Hasher::start(CHEAP, 1).unwrap();
        let (started, has_started) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let mut blocked = std::pin::pin!(hasher.run(move |_| {
            started.send(()).unwrap();
            released.recv().unwrap();
        }));
        let mut waiting = std::pin::pin!(hasher.hash(secret("second")));
        let context = &mut std::task::Context::from_waker(std::task::Waker::noop());
        assert!(blocked.as_mut().poll(context).is_pending());
        // The queue is empty again once the thread has the first job in hand.
        has_started.recv().unwrap();
        assert!(waiting.as_mut().poll(context).is_pending());
        let refused = hasher.verify(secret("third"), None).await;
        assert!(matches!(refused, Err(AuthError::Overloaded)));
        release.send(()).unwrap();
        blocked.await.unwrap();
        waiting.await.unwrap();
        assert!(!hasher.verify(secret("fifth"), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_panic_costs_one_answer() {
        let hasher = Hasher::start(CHEAP, 4).unwrap();
        let broken = hasher.run(|_| panic!("as the test asks")).await;
        assert!(matches!(broken, Err(AuthError::Internal(_))));
        assert!(hasher.hash(secret("still there")).await.is_ok());
    }
}
