//! What limits have refused lately, as far as this node remembers.
//!
//! A refusal changes nothing and so is no entry of the ledger; but who was refused wants to know of
//! what and why. It is remembered in memory, of this node and since it started.
//!
//! Invariant: at most [`REFUSALS_MAX`] are remembered, and at most [`REFUSALS_PER_USER_MAX`] of one
//! user; the oldest go first.
//! Invariant: a refusal holds numbers and configured names, never what a user sent.

use crate::{cx::Cx, error::AppError, people};
use novacore_access::{Administer, Permit, ReadUsage};
use novacore_ledger::{LimitName, QuotaRefusal};
use novacore_vocab::{ResourceName, Timestamp, UserId, Window};
use parking_lot::Mutex;
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

/// Most refusals that are remembered.
pub const REFUSALS_MAX: usize = 1_000;
/// Most of them that are of one user.
pub const REFUSALS_PER_USER_MAX: usize = 50;

/// A refusal by a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Whose command it was.
    pub user: UserId,
    /// When it was judged.
    pub at: Timestamp,
    /// What was asked for.
    pub resource: ResourceName,
    /// The limit that refused.
    pub limit: LimitName,
    /// Its window.
    pub window: Window,
    /// Its cap.
    pub cap: i64,
    /// Used in the window.
    pub used: i64,
    /// Held in the window.
    pub held: i64,
    /// What was asked.
    pub requested: i64,
    /// What would have been admitted.
    pub remaining: i64,
    /// When the window ends; `None` if waiting does not help.
    pub resets_at: Option<Timestamp>,
}

/// The refusals of a node.
#[derive(Debug)]
pub struct Refusals {
    since: Timestamp,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The oldest first.
    all: VecDeque<Arc<Refused>>,
    per_user: HashMap<UserId, usize>,
}

impl Refusals {
    /// None yet, from this time on.
    pub(crate) fn since(now: Timestamp) -> Refusals {
        Refusals { since: now, kept: Mutex::default() }
    }

    /// Since when refusals are remembered.
    pub fn begun_at(&self) -> Timestamp {
        self.since
    }

    fn keep(&self, refused: Arc<Refused>) {
        let mut kept = self.kept.lock();
        let user = refused.user;
        if kept.per_user.get(&user).is_some_and(|count| *count >= REFUSALS_PER_USER_MAX) {
            let oldest = kept.all.iter().position(|known| known.user == user);
            oldest.into_iter().for_each(|index| kept.drop_at(index));
        } else if kept.all.len() >= REFUSALS_MAX {
            kept.drop_at(0);
        }
        *kept.per_user.entry(user).or_default() += 1;
        kept.all.push_back(refused);
    }

    /// The newest ones first, at most so many; of one user if one is named.
    fn newest(&self, user: Option<UserId>, rows_max: usize) -> Vec<Arc<Refused>> {
        let kept = self.kept.lock();
        let newest = kept.all.iter().rev();
        let wanted = newest.filter(|known| user.is_none_or(|user| known.user == user));
        wanted.take(rows_max).cloned().collect()
    }
}

impl Kept {
    fn drop_at(&mut self, index: usize) {
        let Some(gone) = self.all.remove(index) else { return };
        if let Some(count) = self.per_user.get_mut(&gone.user) {
            *count -= 1;
            if *count == 0 {
                self.per_user.remove(&gone.user);
            }
        }
    }
}

/// Remembers that a limit has refused, and tells the user's open streams.
pub(crate) fn note(cx: &Cx, user: UserId, quota: &QuotaRefusal) {
    let refused = Arc::new(Refused {
        user,
        at: quota.decided_at,
        resource: quota.resource.clone(),
        limit: quota.limit.clone(),
        window: quota.window,
        cap: quota.cap,
        used: quota.used,
        held: quota.held,
        requested: quota.requested,
        remaining: quota.remaining,
        resets_at: quota.resets_at,
    });
    cx.refusals.keep(refused.clone());
    cx.streams.tell(&refused);
}

/// The newest refusals of the permit's account, first, at most so many.
pub fn list(cx: &Cx, permit: Permit<ReadUsage>, rows_max: usize) -> Vec<Arc<Refused>> {
    cx.refusals.newest(Some(permit.account().user), rows_max)
}

/// A refusal of whomever, with his e-mail.
#[derive(Clone, Debug)]
pub struct KnownRefused {
    /// The refusal.
    pub refused: Arc<Refused>,
    /// The user's e-mail, if he has one.
    pub email: Option<String>,
}

/// The newest refusals of all users, first, at most so many.
pub async fn list_all(
    cx: &Cx,
    _permit: Permit<Administer>,
    rows_max: usize,
) -> Result<Vec<KnownRefused>, AppError> {
    let mut all = Vec::new();
    for refused in cx.refusals.newest(None, rows_max) {
        let email = people::email_of(cx, refused.user).await?;
        all.push(KnownRefused { refused, email });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn refused(user: u128, nth: i64) -> Arc<Refused> {
        let name = |text| ResourceName::parse(text).unwrap();
        Arc::new(Refused {
            user: UserId(Uuid::from_u128(user)),
            at: Timestamp::from_seconds(nth),
            resource: name("llm_tokens"),
            limit: name("day"),
            window: Window::Day,
            cap: 10,
            used: 10,
            held: 0,
            requested: nth,
            remaining: 0,
            resets_at: None,
        })
    }

    fn asked(refusals: &Refusals, user: Option<u128>, rows_max: usize) -> Vec<i64> {
        let user = user.map(|user| UserId(Uuid::from_u128(user)));
        refusals.newest(user, rows_max).iter().map(|one| one.requested).collect()
    }

    #[test]
    fn of_one_user_the_last_are_kept_and_of_others_none_goes() {
        let refusals = Refusals::since(Timestamp::from_seconds(0));
        refusals.keep(refused(2, 0));
        for nth in 1..=REFUSALS_PER_USER_MAX as i64 + 7 {
            refusals.keep(refused(1, nth));
        }
        let own = asked(&refusals, Some(1), usize::MAX);
        assert_eq!(own, (8..=57).rev().collect::<Vec<_>>());
        assert_eq!(asked(&refusals, Some(2), 50), [0]);
        assert_eq!(asked(&refusals, None, 3), [57, 56, 55]);
        assert_eq!(asked(&refusals, Some(3), 50), [0; 0]);
    }

    #[test]
    fn of_all_users_the_last_are_kept() {
        let refusals = Refusals::since(Timestamp::from_seconds(0));
        for nth in 0..REFUSALS_MAX as i64 + 5 {
            refusals.keep(refused(nth as u128, nth));
        }
        let all = asked(&refusals, None, usize::MAX);
        assert_eq!((all.len(), all[0], all[999]), (1_000, 1_004, 5));
        let kept = refusals.kept.lock();
        assert_eq!(kept.per_user.len(), REFUSALS_MAX, "who has none left is forgotten");
    }
}
