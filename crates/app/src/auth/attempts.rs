//! How often login and register may be tried.
//!
//! Invariant: memory is bounded; when that many distinct callers are remembered, further ones wait.
//! Not here: quotas, which are the ledger's and exact. These are guesses about who is attacking.

use super::error::AuthError;
use governor::{
    Quota, RateLimiter, clock::Clock as LimiterClock, middleware::NoOpMiddleware,
    state::keyed::DashMapStateStore,
};
use novacore_access::Email;
use novacore_store::clock::Clock;
use std::{
    hash::{BuildHasher, RandomState},
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};

/// Most distinct callers remembered by one limiter.
const CALLERS_MAX: usize = 65_536;
/// How long those wait who find the memory full, in seconds.
const FULL_RETRY_S: u64 = 10;

/// A rate: so many at once, and one more each so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptRate {
    /// How many at once.
    pub burst: NonZeroU32,
    /// Seconds until one more; 0 lifts the limit.
    pub refill_s: u32,
}

/// The rates of login and register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptLimits {
    /// Logins from one client address.
    pub login_per_address: AttemptRate,
    /// Logins to one e-mail address, from wherever.
    pub login_per_email: AttemptRate,
    /// Registrations from one client address.
    pub register_per_address: AttemptRate,
}

impl Default for AttemptLimits {
    /// A household behind one address signs in freely; a guesser gets some 9,000 tries a day at one
    /// account.
    fn default() -> AttemptLimits {
        let rate = |burst: u32, refill_s| AttemptRate {
            burst: NonZeroU32::new(burst).expect("a positive constant"),
            refill_s,
        };
        AttemptLimits {
            login_per_address: rate(30, 2),
            login_per_email: rate(10, 10),
            register_per_address: rate(20, 10),
        }
    }
}

/// Counts attempts.
#[derive(Debug)]
pub(super) struct Attempts {
    login_per_address: Limiter,
    login_per_email: Limiter,
    register_per_address: Limiter,
    email_hash: RandomState,
}

impl Attempts {
    pub(super) fn new(limits: &AttemptLimits, clock: Arc<dyn Clock>) -> Attempts {
        let limiter = |rate| Limiter::new(rate, Since(clock.clone()));
        Attempts {
            login_per_address: limiter(limits.login_per_address),
            login_per_email: limiter(limits.login_per_email),
            register_per_address: limiter(limits.register_per_address),
            email_hash: RandomState::new(),
        }
    }

    /// Counts a login, refusing one too many. The address comes first, so that a single caller
    /// cannot fill the memory with e-mails.
    pub(super) fn login(&self, from: IpAddr, email: &Email) -> Result<(), AuthError> {
        self.login_per_address.count(network(from))?;
        self.login_per_email.count(u128::from(self.email_hash.hash_one(email)))
    }

    /// Counts a registration, refusing one too many.
    pub(super) fn register(&self, from: IpAddr) -> Result<(), AuthError> {
        self.register_per_address.count(network(from))
    }
}

/// Who counts as one caller: an IPv4 address, or the network of 64 bits that an IPv6 customer gets
/// at least.
fn network(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => Ipv6Addr::to_bits(v6) >> 64 << 64,
    }
}

type Keyed = RateLimiter<u128, DashMapStateStore<u128>, Since, NoOpMiddleware<Duration>>;

#[derive(Debug)]
struct Limiter(Option<Keyed>);

impl Limiter {
    fn new(rate: AttemptRate, clock: Since) -> Limiter {
        let quota = Quota::with_period(Duration::from_secs(u64::from(rate.refill_s)));
        Limiter(quota.map(|quota| {
            let quota = quota.allow_burst(rate.burst);
            RateLimiter::new(quota, DashMapStateStore::default(), clock)
        }))
    }

    fn count(&self, caller: u128) -> Result<(), AuthError> {
        let Some(limiter) = &self.0 else { return Ok(()) };
        if limiter.len() >= CALLERS_MAX {
            limiter.retain_recent();
            if limiter.len() >= CALLERS_MAX {
                return Err(AuthError::TooManyAttempts { retry_after_s: FULL_RETRY_S });
            }
        }
        limiter.check_key(&caller).map_err(|refused| {
            let wait = refused.wait_time_from(limiter.clock().now());
            let retry_after_s = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            AuthError::TooManyAttempts { retry_after_s: retry_after_s.max(1) }
        })
    }
}

/// The composed clock, as time since the epoch.
#[derive(Clone, Debug)]
struct Since(Arc<dyn Clock>);

impl LimiterClock for Since {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.now().micros()).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::testing;
    use novacore_store_suite::memory::HandClock;

    fn attempts(clock: &Arc<HandClock>) -> Attempts {
        let rate =
            |burst, refill_s| AttemptRate { burst: NonZeroU32::new(burst).unwrap(), refill_s };
        let limits = AttemptLimits {
            login_per_address: rate(4, 10),
            login_per_email: rate(2, 100),
            register_per_address: rate(1, 60),
        };
        Attempts::new(&limits, clock.clone())
    }

    fn email(text: &str) -> Email {
        Email::parse(text).unwrap()
    }

    fn retry(verdict: Result<(), AuthError>) -> Option<u64> {
        match verdict {
            Ok(()) => None,
            Err(AuthError::TooManyAttempts { retry_after_s }) => Some(retry_after_s),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn logins_are_counted_by_address_and_by_email() {
        let clock = testing::clock();
        let attempts = attempts(&clock);
        let [here, there] = ["192.0.2.1", "192.0.2.2"].map(|text| text.parse().unwrap());
        for (from, to, step_s, expected) in [
            (here, "a@example.com", 0, None),
            (here, "a@example.com", 0, None),
            // The account is tired, from wherever; other accounts are not.
            (here, "a@example.com", 0, Some(100)),
            (there, "a@example.com", 0, Some(100)),
            (here, "b@example.com", 0, None),
            // The address is tired, for whomever.
            (here, "c@example.com", 0, Some(10)),
            (there, "c@example.com", 0, None),
            (here, "c@example.com", 9, Some(1)),
            (here, "c@example.com", 1, None),
            (there, "a@example.com", 89, Some(1)),
            (there, "a@example.com", 1, None),
        ] {
            clock.advance_s(step_s);
            assert_eq!(retry(attempts.login(from, &email(to))), expected, "{from} {to}");
        }
    }

    #[test]
    fn one_network_is_one_caller() {
        let clock = testing::clock();
        let attempts = attempts(&clock);
        for (from, expected) in [
            ("2001:db8:1:2::1", None),
            ("2001:db8:1:2:ffff::9", Some(60)),
            ("2001:db8:1:3::1", None),
            ("192.0.2.1", None),
            ("::ffff:192.0.2.1", Some(60)),
            ("192.0.2.2", None),
        ] {
            assert_eq!(retry(attempts.register(from.parse().unwrap())), expected, "{from}");
        }
    }

    #[test]
    fn memory_is_bounded_and_old_callers_are_forgotten() {
        let clock = testing::clock();
        let attempts = attempts(&clock);
        for number in 0..u32::try_from(CALLERS_MAX).unwrap() {
            let from = IpAddr::from(number.to_be_bytes());
            assert_eq!(retry(attempts.register(from)), None);
        }
        let new: IpAddr = "203.0.113.1".parse().unwrap();
        assert_eq!(retry(attempts.register(new)), Some(FULL_RETRY_S));
        // A caller is forgotten only once his whole burst has come back.
        clock.advance_s(3_600);
        assert_eq!(retry(attempts.register(new)), None);
    }

    #[test]
    fn a_refill_of_zero_lifts_the_limit() {
        let rate = AttemptRate { burst: NonZeroU32::MIN, refill_s: 0 };
        let limiter = Limiter::new(rate, Since(testing::clock()));
        assert!((0..1_000).all(|_| limiter.count(1).is_ok()));
    }
}
